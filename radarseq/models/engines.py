"""Which way a trained network computes its answers."""

from pathlib import Path

import torch

from radarseq.errors import UsageError
from radarseq.models.ensemble import Trained
from radarseq.models.exported import Exported, by_onnx, check_onnx, compiled
from radarseq.models.recurrent import Recurrent
from radarseq.models.wavenet import WaveNet
from radarseq.models.ways import Engine

ENGINES = ("auto", "torch", "fused", "compile", "onnx")


def use_engine(network: Trained, name: str = "auto", cache: Path | None = None) -> str:
    """Have a network compute its answers by an engine; return which one it is.

    An engine holds the weights as they are now: what changes them later is not seen. Gradients are
    never computed by it.

    Args:
        network: In evaluation mode, on its device.
        name: ``torch``; ``fused``, for a WaveNet, LSTM or GRU on the CPU, up to several times
            faster, and compiled once on each machine, in a few seconds; ``compile``, by
            torch.compile, in up to a minute; ``onnx``, by ONNX Runtime on the CPU, exported in
            about ten seconds; ``auto`` takes ``fused`` where it can be had, else ``torch``.
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
    from radarseq.models.fast_cells import FastCells
    from radarseq.models.fast_wavenet import FastWaveNet

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
