"""Answers by torch.compile or by ONNX Runtime: options for what the compiled layers do not take.

Both take the backbone, from features to hidden steps; features and heads stay torch's. Both cost
seconds to a minute before the first answer, and keep what they made for other processes: inductor
in a folder of its own, an ONNX model beside the checkpoint.
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
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from radarseq.errors import UsageError
from radarseq.models.backbones.engine_interface import Engine
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.storage.atomic import write_atomically

_SOUGHT = 1e-4  # largest difference to torch's answers, of which the largest is about 1
_OTHERS = "Use --engine auto, or torch"


class Plain(nn.Module):
    """A backbone by operations that can be recorded.

    Args:
        backbone: A WaveNet, or recurrent layers.
        last: Whether the last step alone is asked for.
    """

    def __init__(self, backbone: WaveNet | Recurrent, *, last: bool) -> None:
        super().__init__()
        self._backbone, self._last = backbone, last

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, channel), or (batch, channel), from (step, batch, feature)."""
        backbone, engine = self._backbone, self._backbone.engine
        backbone.engine = None
        try:
            if self._last:
                return backbone.at_last_step(x)
            return _every_step(backbone, x) if isinstance(backbone, WaveNet) else backbone(x)
        finally:
            backbone.engine = engine


def _every_step(network: WaveNet, x: Tensor) -> Tensor:
    steps, x = len(x), network.first(x)
    total = torch.zeros((), device=x.device)
    for layer in network.gated_layers():
        seen = layer.norm(x)
        past = functional.pad(seen, (0, 0, 0, 0, layer.dilation, 0))[:steps]
        filtered, gate = layer.opened(past, seen)
        passed = layer.out(filtered * gate)
        x, total = x + passed[..., : layer.width], total + passed[..., layer.width :]
    return network.combined(total)


class Exported(Engine):
    """A backbone whose answers come from a program made of it.

    Args:
        backbone: In evaluation mode; its weights must not change meanwhile.
        made: Makes the program from the plain backbone and features such as it will take.
    """

    def __init__(
        self, backbone: WaveNet | Recurrent, made: Callable[[Plain, Tensor], Callable[..., Tensor]]
    ) -> None:
        self._backbone, self._made = backbone, made
        self._programs: dict[tuple[int, bool], Callable[..., Tensor]] = {}

    def forward(self, x: Tensor) -> Tensor:
        """Return (step, batch, channel) from ``x`` (step, batch, feature)."""
        return self._run(x, last=False)

    def at_last_step(self, x: Tensor) -> Tensor:
        """Return ``forward(x)[-1]``."""
        return self._run(x, last=True)

    def _run(self, x: Tensor, *, last: bool) -> Tensor:
        place = len(x), last
        if place not in self._programs:
            self._programs[place] = self._made(Plain(self._backbone, last=last), x)
        return self._programs[place](x)


def compiled(plain: Plain, x: Tensor) -> Callable[..., Tensor]:
    """Return the backbone as torch.compile makes it, for any batch.

    Raises:
        UsageError: If there is no C++ compiler.
    """
    if x.device.type == "cpu" and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        raise UsageError(
            "engine 'compile' needs a C++ compiler, and found none of c++, g++, clang++. Install "
            f"one. {_OTHERS}"
        )
    return torch.compile(plain, dynamic=True)


def check_onnx() -> None:
    """Refuse to start what could not be made.

    Raises:
        UsageError: If a package is missing.
    """
    try:
        import onnx  # noqa: F401  (only whether they are there)
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as missing:
        raise UsageError(
            f"engine 'onnx' needs the package {missing.name}, which is not installed. Install it "
            f"with pip install 'radarseq[onnx]'. {_OTHERS}"
        ) from missing


def by_onnx(folder: Path | None) -> Callable[[Plain, Tensor], Callable[..., Tensor]]:
    """Return what makes ONNX models, and keeps them in ``folder`` by a digest of the weights.

    A model that is found there is held against torch before it is used, and made anew if it says
    anything else. Where nothing can be written, it is made anew in every process.
    """

    def made(plain: Plain, x: Tensor) -> Callable[..., Tensor]:
        kept = None if folder is None else folder / f"{_digest(plain)}-{len(x)}.onnx"
        if kept is not None and kept.exists():
            program = _session(kept.read_bytes())
            if program is not None and _agrees(program, plain, x):
                return program
        image = _onnx(plain, x)
        program = _session(image)
        if program is None or not _agrees(program, plain, x):
            raise UsageError(
                f"what ONNX Runtime makes of this model is not what torch does. {_OTHERS}"
            )
        if kept is not None:
            try:
                kept.parent.mkdir(exist_ok=True)
                write_atomically(kept, image)
            except OSError:
                pass  # such as a run on a disk that is read alone
        return program

    return made


def _digest(plain: Plain) -> str:
    """Return what tells weights, layers and versions from others."""
    import onnxscript

    told = hashlib.sha256(f"{plain} {plain._last} {torch.__version__}".encode())
    told.update(onnxscript.__version__.encode())
    for name, values in plain.state_dict().items():
        told.update(name.encode() + values.detach().cpu().contiguous().numpy().tobytes())
    return told.hexdigest()[:32]


def _onnx(plain: Plain, x: Tensor) -> bytes:
    """Return the backbone as an ONNX model for any batch."""
    some = torch.zeros(len(x), 3, x.shape[2])  # a batch of 1 would be taken for a constant
    batch = torch.export.Dim("batch", min=1)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # of what is not installed and not needed
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # of what is deprecated inside
            program: Any = torch.onnx.export(
                plain, (some,), dynamic_shapes=({1: batch},), dynamo=True, verbose=False
            )
    finally:
        logging.disable(before)
    image = io.BytesIO()
    program.save(image)
    return image.getvalue()


def _session(image: bytes) -> Callable[..., Tensor] | None:
    """Return what runs a model; None where it is none."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 4
    try:
        session = onnxruntime.InferenceSession(image, options, providers=["CPUExecutionProvider"])
    except Exception:  # of many kinds, for bytes that are no model
        return None
    name = session.get_inputs()[0].name

    def run(x: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {name: x.contiguous().numpy()})[0])

    return run


def _agrees(program: Callable[..., Tensor], plain: Plain, x: Tensor) -> bool:
    """Return whether a program gives what torch does, for features that are drawn."""
    drawn = torch.randn(len(x), 5, x.shape[2], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = plain(drawn)
    try:
        given = program(drawn)
    except Exception:  # a model of other inputs
        return False
    if given.shape != expected.shape:
        return False
    return (given - expected).abs().max().item() < _SOUGHT * max(1.0, expected.abs().max().item())
