"""Which way a trained network computes its answers."""

import os
from importlib.util import find_spec
from pathlib import Path

import torch

from radarseq.errors import DeviceError, UsageError
from radarseq.models.backbones.engine_interface import Engine
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.compile_onnx import Exported, by_onnx, check_onnx, compiled
from radarseq.models.ensemble import Trained
from radarseq.models.network import Network

ENGINES = ("auto", "torch", "fused", "compile", "onnx")


INTERPRETED = "TRITON_INTERPRET"  # set to 1: Triton runs its kernels on the CPU, for tests


def use_engine(network: Trained, name: str = "auto", cache: Path | None = None) -> str:
    """Have a network compute its answers by an engine; return which one it is.

    An engine holds the weights as they are now: what changes them later is not seen. Gradients are
    never computed by it.

    Args:
        network: In evaluation mode, on its device.
        name: ``torch``; ``fused``, for a WaveNet, LSTM or GRU on the CPU, up to several times
            faster, and compiled once on each machine, in a few seconds; ``compile``, by
            torch.compile, in up to a minute; ``onnx``, by ONNX Runtime on the CPU, exported in
            about ten seconds; ``auto`` supports ``fused`` where it can be had, else ``torch``.
        cache: Folder in which ONNX models are kept, if in any.

    Raises:
        UsageError: If there is no such engine, or it cannot compute this network.
    """
    if name not in ENGINES:
        raise UsageError(f"engine is {name!r}; expected one of {', '.join(ENGINES)}")
    reason = None if name == "torch" else _why_not(name, network)
    if name not in ("auto", "torch") and reason:
        raise UsageError(f"engine {name!r} {reason}. Use --engine torch, or auto")
    backbones = [part for part in network.modules() if isinstance(part, WaveNet | Recurrent)]
    chosen = "torch" if reason or name == "torch" else "fused" if name == "auto" else name
    if chosen == "onnx":
        check_onnx()
    for part in backbones:
        part.engine = None if chosen == "torch" else _engine(chosen, part, cache)
    return chosen


def _engine(name: str, part: WaveNet | Recurrent, cache: Path | None) -> Engine:
    if name != "fused":
        return Exported(part, compiled if name == "compile" else by_onnx(cache))
    from radarseq.models.engines.cpu.rnn import FastCells
    from radarseq.models.engines.cpu.wavenet_inference import FastWaveNet

    return FastWaveNet(part) if isinstance(part, WaveNet) else FastCells(part, trains=False)


def _why_not(name: str, network: Trained) -> str | None:
    """Return why an engine cannot compute a network."""
    weight = next(network.parameters())
    if name == "compile":
        return None
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return f"is for float32 on the CPU; this model is {weight.dtype} on {weight.device}"
    if name == "onnx":
        return None
    return _why_not_fused(network)


def _why_not_fused(network: Trained) -> str | None:
    from radarseq.models.engines.cpu import rnn, wavenet_inference

    for part in network.modules():
        if isinstance(part, WaveNet) and not wavenet_inference.fits(part):
            return (
                "takes a width and skip that are multiples of 32, without layer_norm; this model "
                f"has width {part.first.out_features}, skip {part.outputs}, "
                f"layer_norm={network.settings.layer_norm}"
            )
        if isinstance(part, Recurrent) and not rnn.fits(part):
            return (
                "takes lstm and gru cells whose width is a multiple of 32; this model has "
                f"{part.kind} cells of width {part.outputs}"
            )
    return None


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
    if not on_cpu or network.compute_dtype is not None:
        return False
    from radarseq.models.engines.cpu import rnn, wavenet_inference, wavenet_training

    will = False
    for part in network.modules():
        if isinstance(part, WaveNet) and wavenet_inference.fits(part):
            part.engine, will = wavenet_training.TrainedWaveNet(part), True
        elif isinstance(part, Recurrent) and rnn.fits(part):
            part.engine, will = rnn.FastCells(part, trains=True), True
    return will


def use_fused_layers(network: Network) -> str:
    """Have a WaveNet pass its layers by Triton's kernels; return why it cannot, or nothing."""
    from radarseq.models.engines.cuda.gated_layer import fits, fused_layer

    wavenets = [part for part in network.modules() if isinstance(part, WaveNet)]
    if not wavenets:
        return "kernels=triton are for a WaveNet; this network runs without"
    if network.compute_dtype is not None:
        return "kernels=triton compute in float32 or tf32; in bf16 this network runs without"
    for wavenet in wavenets:
        width, skip = wavenet.first.out_features, wavenet.outputs
        if not fits(width, skip):
            return (
                f"kernels=triton take a width and skip of 16, 32, 64 or 128; they are {width} and "
                f"{skip}: this network runs without"
            )
        for layer in wavenet.gated_layers():
            layer.kernel = fused_layer
    return ""


def freeze(network: Network) -> bool:
    """Have a WaveNet run as one kernel where no gradient is asked for; return whether it will.

    The weights are packed now: what changes them later is not seen. Only sequences of up to 128
    steps take this way, the others the plain one.
    """
    from radarseq.models.engines.cuda.gated_layer import fits
    from radarseq.models.engines.cuda.whole_wavenet import OneKernel

    wavenets = [part for part in network.modules() if isinstance(part, WaveNet)]
    for wavenet in wavenets:
        if not fits(wavenet.first.out_features, wavenet.outputs):
            return False
        wavenet.engine = OneKernel(wavenet)
    return bool(wavenets)
