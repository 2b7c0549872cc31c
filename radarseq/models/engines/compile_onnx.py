"""Computes backbones by torch.compile or ONNX Runtime, for networks without compiled layers.

Both compute the backbone, from features to hidden steps; features and heads remain torch's. Both
need seconds to a minute before the first output, and store their programs for other processes:
inductor in a folder of its own, an ONNX model next to the checkpoint.
"""

# The packages of an extra need not be there for the checks.
# pyright: reportMissingImports=false

import hashlib
import io
import logging
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from radarseq.errors import UsageError
from radarseq.models.backbones.interface import Engine, EngineBackbone
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.storage.atomic import write_atomically

_TOLERANCE = 1e-4  # for differences to torch's outputs, of which the largest is about 1
_ALTERNATIVES = "Use --engine auto, or torch"
Program: TypeAlias = Callable[..., Tensor]


class TraceableBackbone(nn.Module):
    """Backbone in operations that a tracer can record.

    Args:
        backbone: A WaveNet, or recurrent layers.
        last: Whether the last step alone is computed.
    """

    def __init__(self, backbone: EngineBackbone, *, last: bool) -> None:
        super().__init__()
        self._backbone, self._last = backbone, last

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, channel), or (batch, channel), from (step, batch, feature)."""
        backbone = self._backbone
        if self._last:
            return backbone.torch_at_last_step(x)
        if not isinstance(backbone, WaveNet):
            return backbone.torch_forward(x)
        total = torch.zeros((), device=x.device)
        for _, skip, _ in backbone.layer_outputs(x):
            total = total + skip
        return backbone.output(total)


class ProgramEngine(Engine):
    """Computes a backbone by programs made of it, one per length and for the last step alone.

    Args:
        backbone: In evaluation mode; its weights must not change afterwards.
        make: Makes a program from the backbone and features such as it will receive.
    """

    def __init__(
        self, backbone: EngineBackbone, make: Callable[[TraceableBackbone, Tensor], Program]
    ) -> None:
        self._backbone, self._make = backbone, make
        self._programs: dict[tuple[int, bool], Program] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature)."""
        return self._run(x, last=False)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``."""
        return self._run(x, last=True)

    def _run(self, x: Tensor, *, last: bool) -> Tensor:
        key = len(x), last
        if key not in self._programs:
            self._programs[key] = self._make(TraceableBackbone(self._backbone, last=last), x)
        return self._programs[key](x)


def compile_backbone(backbone: TraceableBackbone, x: Tensor) -> Program:
    """Return the backbone compiled by torch.compile, for any batch.

    Raises:
        UsageError: If there is no C++ compiler.
    """
    if x.device.type == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        raise UsageError(
            "engine 'compile' needs a C++ compiler, and found none of c++, g++, clang++. Install "
            f"one. {_ALTERNATIVES}"
        )
    return torch.compile(backbone, dynamic=True)


def check_onnx() -> None:
    """Refuse ONNX where a package that it needs is missing.

    Raises:
        UsageError: If a package is missing.
    """
    try:
        import onnx  # noqa: F401  (only whether they are installed)
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as missing:
        raise UsageError(
            f"engine 'onnx' needs the package {missing.name}, which is not installed. Install it "
            f"with pip install 'radarseq[onnx]'. {_ALTERNATIVES}"
        ) from missing


def onnx_exporter(folder: Path | None) -> Callable[[TraceableBackbone, Tensor], Program]:
    """Return a function that exports backbones to ONNX, and stores the models in ``folder``.

    A model's file is named by a digest of the weights. A stored model is compared with torch before
    it is used, and exported again if its outputs differ. Where nothing can be written, every
    process exports for itself.
    """

    def make(backbone: TraceableBackbone, x: Tensor) -> Program:
        path = None if folder is None else folder / f"{_digest(backbone)}-{len(x)}.onnx"
        if path is not None and path.exists():
            program = _load_program(path.read_bytes())
            if program is not None and _matches_torch(program, backbone, x):
                return program
        image = _export(backbone, x)
        program = _load_program(image)
        if program is None or not _matches_torch(program, backbone, x):
            raise UsageError(
                "the outputs of ONNX Runtime for this model differ from those of torch. "
                f"{_ALTERNATIVES}"
            )
        if path is not None:
            try:
                path.parent.mkdir(exist_ok=True)
                write_atomically(path, image)
            except OSError:
                pass  # such as a run on a read-only disk
        return program

    return make


def _digest(backbone: TraceableBackbone) -> str:
    """Return a digest of weights, layers and versions."""
    import onnxscript

    digest = hashlib.sha256(f"{backbone} {backbone._last} {torch.__version__}".encode())
    digest.update(onnxscript.__version__.encode())
    for name, values in backbone.state_dict().items():
        digest.update(name.encode() + values.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:32]


def _export(backbone: TraceableBackbone, x: Tensor) -> bytes:
    """Return the backbone as an ONNX model for any batch."""
    example = torch.zeros(len(x), 3, x.shape[2])  # a batch of 1 would be taken for a constant
    batch = torch.export.Dim("batch", min=1)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # about packages that are neither installed nor needed
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # deprecations inside torch
            program: Any = torch.onnx.export(
                backbone, (example,), dynamic_shapes=({1: batch},), dynamo=True, verbose=False
            )
    finally:
        logging.disable(before)
    image = io.BytesIO()
    program.save(image)
    return image.getvalue()


def _load_program(image: bytes) -> Program | None:
    """Return a function that runs an ONNX model; None if the bytes are not a model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 4
    try:
        session = onnxruntime.InferenceSession(image, options, providers=["CPUExecutionProvider"])
    except Exception:  # of many kinds, for bytes that are not a model
        return None
    name = session.get_inputs()[0].name
    return lambda x: torch.from_numpy(session.run(None, {name: x.contiguous().numpy()})[0])


def _matches_torch(program: Program, backbone: TraceableBackbone, x: Tensor) -> bool:
    """Return whether a program gives torch's output for random features."""
    features = torch.randn(len(x), 5, x.shape[2], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = backbone(features)
    try:
        found = program(features)
    except Exception:  # a model of other inputs
        return False
    if found.shape != expected.shape:
        return False
    scale = max(1.0, expected.abs().max().item())
    return (found - expected).abs().max().item() < _TOLERANCE * scale
