"""Which way a trained network computes its answers: torch's operations, or compiled layers."""

import torch

from radarseq.errors import UsageError
from radarseq.models.network import Network
from radarseq.models.wavenet import WaveNet

ENGINES = ("auto", "torch", "fused")


def use_engine(network: Network, name: str = "auto") -> str:
    """Have a network compute its answers by an engine; return which one it is.

    ``fused`` holds the weights as they are now: what changes them later is not seen. Gradients are
    never computed by it.

    Args:
        network: In evaluation mode, on its device.
        name: ``torch``; ``fused``, for a WaveNet on the CPU, several times faster, and compiled
            once on each machine, in a few seconds; ``auto`` takes ``fused`` where it can be had.

    Raises:
        UsageError: If there is no such engine, or it cannot compute this network.
    """
    if name not in ENGINES:
        raise UsageError(f"engine is {name!r}; expected one of {', '.join(ENGINES)}")
    reason = None if name == "torch" else _why_not_fused(network)
    if name == "fused" and reason:
        raise UsageError(f"engine 'fused' {reason}. Use --engine torch, or auto")
    wavenets = [part for part in network.modules() if isinstance(part, WaveNet)]
    for wavenet in wavenets:
        wavenet.engine = None
    if name == "torch" or reason:
        return "torch"
    from radarseq.models.fast_wavenet import FastWaveNet

    for wavenet in wavenets:
        wavenet.engine = FastWaveNet(wavenet)
    return "fused"


def _why_not_fused(network: Network) -> str | None:
    wavenets = [part for part in network.modules() if isinstance(part, WaveNet)]
    if not wavenets:
        return f"is for a wavenet; this model is {network.settings.model!r}"
    weight = wavenets[0].first.weight
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return f"is for float32 on the CPU; this model is {weight.dtype} on {weight.device}"
    from radarseq.models.fast_wavenet import fits

    if not all(fits(wavenet) for wavenet in wavenets):
        width, skip = wavenets[0].first.out_features, wavenets[0].outputs
        return (
            "takes a width and skip that are multiples of 32, without layer_norm; this model has "
            f"width {width}, skip {skip}, layer_norm={network.settings.layer_norm}"
        )
    return None
