"""Chooses the engine that computes a network, for inference and for training."""

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch

from radarseq.errors import DeviceError, UsageError
from radarseq.models.backbones.interface import Engine, EngineBackbone
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.compile_onnx import (
    ProgramEngine,
    check_onnx,
    compile_backbone,
    onnx_exporter,
)
from radarseq.models.ensemble import Trained
from radarseq.models.network import Network

INTERPRETED = "TRITON_INTERPRET"  # set to 1, Triton runs its kernels on the CPU, for tests


class EngineKind(NamedTuple):
    """Abilities of an engine.

    Attributes:
        infers: Whether it can be used for inference.
        trains: Whether it can be used for training.
        objection: Returns why it cannot compute a network, as the end of a sentence; else None.
        create: Returns the engine of a backbone, given whether there will be gradients and the
            folder in which ONNX models are stored; None for torch's operations.
    """

    infers: bool
    trains: bool
    objection: Callable[[Trained], str | None]
    create: Callable[[EngineBackbone, bool, Path | None], Engine | None]


def set_engine(network: Trained, name: str = "auto", cache: Path | None = None) -> str:
    """Set the engine by which a network computes in inference; return its name.

    An engine reads the weights now: later changes of them have no effect. It computes no gradients.

    Args:
        network: In evaluation mode, on its device.
        name: ``torch``; ``fused``, for a WaveNet, LSTM or GRU on the CPU, up to several times
            faster, and compiled once on each machine, in a few seconds; ``compile``, by
            torch.compile, in up to a minute; ``onnx``, by ONNX Runtime on the CPU, exported in
            about ten seconds; ``auto``, which is ``fused`` where it can compute the network, else
            ``torch``.
        cache: Folder in which ONNX models are stored, if in any.

    Raises:
        UsageError: If there is no such engine, or it cannot compute this network.
    """
    offered = ["auto", *(key for key, kind in ENGINES.items() if kind.infers)]
    if name not in offered:
        raise UsageError(f"engine is {name!r}; expected one of {', '.join(offered)}")
    used = "fused" if name == "auto" else name
    if objection := ENGINES[used].objection(network):
        if name != "auto":
            raise UsageError(f"engine {name!r} {objection}. Use --engine torch, or auto")
        used = "torch"
    _attach(network, used, training=False, cache=cache)
    return used


def set_training_engine(network: Network, name: str = "auto") -> tuple[str, str]:
    """Set the engine by which a network is trained.

    Args:
        network: On its device.
        name: ``torch``; ``fused``, on the CPU; ``triton``, on a CUDA device; ``auto``, which is
            ``fused`` where it can compute the network, else ``torch``.

    Returns:
        The engine that is used, and a note if it is not the one that was named.
    """
    used = "fused" if name == "auto" else name
    objection = ENGINES[used].objection(network)
    used = "torch" if objection else used
    _attach(network, used, training=True, cache=None)
    if objection is None or name == "auto":
        return used, ""
    return used, f"engine {name!r} {objection}: it is trained by torch's operations"


def check_engine(name: str, device: torch.device) -> None:
    """Refuse an engine for training that this machine cannot run.

    Raises:
        DeviceError: If Triton is missing, or the device is not a CUDA device.
    """
    if name != "triton":
        return
    if find_spec("triton") is None:
        raise DeviceError(
            "engine is 'triton', but Triton is not installed. It comes with CUDA builds of torch, "
            "or by pip install 'radarseq[triton]'; else use engine=torch"
        )
    if device.type != "cuda" and os.environ.get(INTERPRETED) != "1":
        raise DeviceError(
            f"engine is 'triton', which is for CUDA devices; the device is {device}. Use "
            "engine=torch, or --device cuda"
        )


def _attach(network: Trained, name: str, *, training: bool, cache: Path | None) -> None:
    for part in network.modules():
        if isinstance(part, EngineBackbone):
            part.engine = ENGINES[name].create(part, training, cache)


def _compile_objection(network: Trained) -> str | None:
    if not any(isinstance(part, EngineBackbone) for part in network.modules()):
        return (
            "computes a WaveNet or recurrent layers; this model is "
            f"{network.settings.model} and has neither"
        )
    return None


def _cpu_objection(network: Trained) -> str | None:
    weight = next(network.parameters())
    if weight.device.type != "cpu" or weight.dtype != torch.float32:
        return f"is for float32 on the CPU; this model is {weight.dtype} on {weight.device}"
    return _compile_objection(network)


def _fused_objection(network: Trained) -> str | None:
    if objection := _cpu_objection(network):
        return objection
    if _computes_bf16(network):
        return "computes in float32; this model computes in bf16"
    from radarseq.models.engines.cpu import rnn, wavenet_inference

    for part in network.modules():
        if isinstance(part, WaveNet) and not wavenet_inference.supports_network(part):
            return (
                "takes a width and skip that are multiples of 32, without layer_norm; this model "
                f"has width {part.first.out_features}, skip {part.outputs}, "
                f"layer_norm={network.settings.layer_norm}"
            )
        if isinstance(part, Recurrent) and not rnn.supports_network(part):
            return (
                "takes lstm and gru cells whose width is a multiple of 32; this model has "
                f"{part.kind} cells of width {part.outputs}"
            )
    return None


def _triton_objection(network: Trained) -> str | None:
    if _computes_bf16(network):
        return "computes in float32 or tf32; this model computes in bf16"
    if network.settings.model != "wavenet":
        return f"is for a WaveNet; this model is {network.settings.model}"
    width, skip = network.settings.width, network.settings.skip
    if not {width, skip} <= {16, 32, 64, 128}:
        return (
            f"takes a width and skip of 16, 32, 64 or 128; this model has width {width}, skip "
            f"{skip}"
        )
    return None


def _computes_bf16(network: Trained) -> bool:
    return any(isinstance(p, Network) and p.compute_dtype is not None for p in network.modules())


def _fused(part: EngineBackbone, training: bool, cache: Path | None) -> Engine:
    from radarseq.models.engines.cpu.rnn import RnnEngine
    from radarseq.models.engines.cpu.wavenet_inference import WaveNetInferenceEngine
    from radarseq.models.engines.cpu.wavenet_training import WaveNetTrainingEngine

    if isinstance(part, Recurrent):
        return RnnEngine(part, training=training)
    assert isinstance(part, WaveNet)
    return WaveNetTrainingEngine(part) if training else WaveNetInferenceEngine(part)


def _triton(part: EngineBackbone, training: bool, cache: Path | None) -> Engine:
    from radarseq.models.engines.cuda.gated_layer import TritonEngine

    assert isinstance(part, WaveNet)
    return TritonEngine(part)


def _compile(part: EngineBackbone, training: bool, cache: Path | None) -> Engine:
    return ProgramEngine(part, compile_backbone)


def _onnx(part: EngineBackbone, training: bool, cache: Path | None) -> Engine:
    check_onnx()
    return ProgramEngine(part, onnx_exporter(cache))


ENGINES: dict[str, EngineKind] = {
    "torch": EngineKind(True, True, lambda _: None, lambda *_: None),
    "fused": EngineKind(True, True, _fused_objection, _fused),
    "triton": EngineKind(False, True, _triton_objection, _triton),
    "compile": EngineKind(True, False, _compile_objection, _compile),
    "onnx": EngineKind(True, False, _cpu_objection, _onnx),
}
