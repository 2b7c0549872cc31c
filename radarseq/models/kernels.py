"""Whether, and for what, fused layers are used in training, and one kernel on a CUDA device."""

import os
from importlib.util import find_spec

import torch

from radarseq.errors import DeviceError
from radarseq.models.network import Network
from radarseq.models.recurrent import Recurrent
from radarseq.models.wavenet import WaveNet

INTERPRETED = "TRITON_INTERPRET"  # set to 1: Triton runs its kernels on the CPU, for tests


def check_kernels(device: torch.device) -> None:
    """Refuse kernels that cannot run.

    Raises:
        DeviceError: If Triton is missing, or the device is none of CUDA.
    """
    if find_spec("triton") is None:
        raise DeviceError(
            "kernels is 'triton', but Triton is not installed. It comes with CUDA builds of torch, "
            "or by pip install 'radarseq[triton]'; else use kernels=torch"
        )
    if device.type != "cuda" and os.environ.get(INTERPRETED) != "1":
        raise DeviceError(
            f"kernels is 'triton', which is for CUDA devices; the device is {device}. Use "
            "kernels=torch, or --device cuda"
        )


def use_compiled_layers(network: Network) -> bool:
    """Have a network train by compiled layers on the CPU where it can; return whether it will.

    They compute what is large enough and in float32, with gradients or without; all else goes the
    plain way.
    """
    on_cpu = all(p.device.type == "cpu" for p in network.parameters())
    if not on_cpu or network.narrow is not None:
        return False
    from radarseq.models import fast_cells, fast_wavenet, trained_wavenet

    will = False
    for part in network.modules():
        if isinstance(part, WaveNet) and fast_wavenet.fits(part):
            part.engine, will = trained_wavenet.TrainedWaveNet(part), True
        elif isinstance(part, Recurrent) and fast_cells.fits(part):
            part.engine, will = fast_cells.FastCells(part, trains=True), True
    return will


def use_fused_layers(network: Network) -> str:
    """Have a WaveNet pass its layers by Triton's kernels; return why it cannot, or nothing."""
    from radarseq.models.fused_layer import fits

    wavenets = [part for part in network.modules() if isinstance(part, WaveNet)]
    if not wavenets:
        return "kernels=triton are for a WaveNet; this network runs without"
    if network.narrow is not None:
        return "kernels=triton compute in float32 or tf32; in bf16 this network runs without"
    for wavenet in wavenets:
        width, skip = wavenet.first.out_features, wavenet.outputs
        if not fits(width, skip):
            return (
                f"kernels=triton take a width and skip of 16, 32, 64 or 128; they are {width} and "
                f"{skip}: this network runs without"
            )
        for layer in wavenet.gated_layers():
            layer.is_fused = True
    return ""


def freeze(network: Network) -> bool:
    """Have a WaveNet run as one kernel where no gradient is asked for; return whether it will.

    The weights are packed now: what changes them later is not seen. Only sequences of up to 128
    steps take this way, the others the plain one.
    """
    from radarseq.models.fused_layer import fits
    from radarseq.models.fused_wavenet import OneKernel

    wavenets = [part for part in network.modules() if isinstance(part, WaveNet)]
    for wavenet in wavenets:
        if not fits(wavenet.first.out_features, wavenet.outputs):
            return False
        wavenet.engine = OneKernel(wavenet)
    return bool(wavenets)
