"""Which way a trained network computes its answers: torch's operations, or compiled layers."""

import torch

from radarseq.errors import UsageError
from radarseq.models.network import Network
from radarseq.models.recurrent import Recurrent
from radarseq.models.wavenet import WaveNet

ENGINES = ("auto", "torch", "fused")


def use_engine(network: Network, name: str = "auto") -> str:
    """Have a network compute its answers by an engine; return which one it is.

    ``fused`` holds a WaveNet's weights as they are now: what changes them later is not seen.
    Gradients are never computed by it.

    Args:
        network: In evaluation mode, on its device.
        name: ``torch``; ``fused``, for a WaveNet, LSTM or GRU on the CPU, up to several times
            faster, and compiled once on each machine, in a few seconds; ``auto`` takes ``fused``
            where it can be had.

    Raises:
        UsageError: If there is no such engine, or it cannot compute this network.
    """
    if name not in ENGINES:
        raise UsageError(f"engine is {name!r}; expected one of {', '.join(ENGINES)}")
    reason = None if name == "torch" else _why_not_fused(network)
    if name == "fused" and reason:
        raise UsageError(f"engine 'fused' {reason}. Use --engine torch, or auto")
    for part in network.modules():
        if isinstance(part, WaveNet | Recurrent):
            part.engine = None
    if name == "torch" or reason:
        return "torch"
    from radarseq.models.fast_cells import FastCells
    from radarseq.models.fast_wavenet import FastWaveNet

    for part in network.modules():
        if isinstance(part, WaveNet):
            part.engine = FastWaveNet(part)
        elif isinstance(part, Recurrent):
            part.engine = FastCells(part, trains=False)
    return "fused"


def _why_not_fused(network: Network) -> str | None:
    weight = next(network.parameters())
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return f"is for float32 on the CPU; this model is {weight.dtype} on {weight.device}"
    from radarseq.models import fast_cells, fast_wavenet

    for part in network.modules():
        if isinstance(part, WaveNet) and not fast_wavenet.fits(part):
            return (
                "takes a width and skip that are multiples of 32, without layer_norm; this model "
                f"has width {part.first.out_features}, skip {part.outputs}, "
                f"layer_norm={network.settings.layer_norm}"
            )
        if isinstance(part, Recurrent) and not fast_cells.fits(part):
            return (
                "takes lstm and gru cells whose width is a multiple of 32; this model has "
                f"{part.kind} cells of width {part.outputs}"
            )
    return None
