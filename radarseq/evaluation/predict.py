"""A trained model, loaded: raw samples in, probabilities and echoes out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from radarseq.dataset.schema import Examples, Header
from radarseq.devices import choose_device
from radarseq.errors import CheckpointError, MismatchError
from radarseq.files import standing_folder
from radarseq.models.network import Network
from radarseq.training.checkpoint import Checkpoint, load_checkpoint

BATCH_SIZE = 1024


@dataclass(frozen=True)
class Prediction:
    """What a model says of some sequences.

    Attributes:
        probabilities: Of each class, float32 ``(n, class)``; None if it does not classify.
        label: The most probable class, int64 ``(n,)``; None if it does not classify.
        echo: The target's estimate ``(n, step)`` or ``(n, step, channel)``; None if it gives none.
    """

    probabilities: NDArray[np.float32] | None
    label: NDArray[np.int64] | None
    echo: NDArray[Any] | None


class Predictor:
    """A model with its weights and what it was trained on.

    Attributes:
        network: The network, in evaluation mode.
        header: Of its training data: class names, sample axis and interval.
        manifest: Of its checkpoint.
        device: What it computes on.
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device) -> None:
        self.network: Network = checkpoint.network.to(device)
        self.header: Header = checkpoint.header
        self.manifest = checkpoint.manifest
        self.device = device

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names that the labels index."""
        return self.header.class_names

    def predict(
        self, rx: ArrayLike, tx: ArrayLike | None = None, length: ArrayLike | None = None
    ) -> Prediction:
        """Return the model's probabilities and echoes for sequences.

        Args:
            rx: Received samples ``(n, step)`` or ``(n, step, channel)``; real for a model of real
                sequences. One sequence ``(step,)`` is taken as ``(1, step)``.
            tx: Transmitted samples ``(n, step)``, or ``(step,)`` for all alike; None for a model
                that was trained without.
            length: Valid steps ``(n,)`` where sequences differ.

        Raises:
            MismatchError: If the samples do not have the shape or kind that the model takes, are
                of another length, or are not finite.
        """
        signal = self._signal(rx)
        code = None if tx is None else self._code(tx, signal)
        lengths = None if length is None else torch.as_tensor(np.asarray(length)).long()
        probabilities, echoes = [], []
        with torch.inference_mode():
            for first in range(0, len(signal), BATCH_SIZE):
                rows = slice(first, first + BATCH_SIZE)
                output = self.network(
                    signal[rows].to(self.device),
                    None if code is None else code[rows].to(self.device),
                    None if lengths is None else lengths[rows].to(self.device),
                )
                if output.logits is not None:
                    probabilities.append(output.logits.softmax(dim=1).cpu().numpy())
                if output.sequence is not None:
                    echoes.append(output.sequence.cpu().numpy())
        if not len(signal):
            return self._nothing()
        joined = np.concatenate(probabilities) if probabilities else None
        return Prediction(
            joined,
            None if joined is None else joined.argmax(axis=1),
            np.concatenate(echoes) if echoes else None,
        )

    def _nothing(self) -> Prediction:
        """Return what is said of no sequences: arrays of no rows, in the usual shapes."""
        spec, task = self.network.spec, self.network.settings.task
        shape = (0, spec.steps) + ((spec.target_channels,) if spec.target_channels > 1 else ())
        dtype = np.complex64 if spec.target == "complex" else np.float32
        classifies = task != "echo"
        return Prediction(
            np.zeros((0, spec.classes), np.float32) if classifies else None,
            np.zeros(0, np.int64) if classifies else None,
            np.zeros(shape, dtype) if task != "classify" else None,
        )

    def _signal(self, rx: ArrayLike) -> torch.Tensor:
        spec = self.network.spec
        values = np.asarray(rx)
        with np.errstate(over="ignore"):  # infinite then, and refused below
            values = values.astype(np.complex64 if np.iscomplexobj(values) else np.float32)
        if values.ndim == 1:
            values = values[None]
        if values.ndim not in (2, 3) or values.shape[1] != spec.steps:
            raise MismatchError(
                f"expected samples (n, {spec.steps}), the length that the model was trained on, "
                f"got {values.shape}; the step axis comes second"
            )
        _check_finite("samples", values)
        return torch.from_numpy(np.ascontiguousarray(values))

    def _code(self, tx: ArrayLike, signal: torch.Tensor) -> torch.Tensor:
        values = np.array(tx, dtype=np.complex64)
        if values.ndim == 1:
            values = np.tile(values, (len(signal), 1))
        _check_finite("tx", values)
        return torch.from_numpy(values)

    def predict_examples(self, examples: Examples) -> Prediction:
        """Return the model's word on rows of a dataset, after ``check``."""
        self.check(examples.header, examples)
        return self.predict(examples.input, examples.code, examples.columns.get("length"))

    def check(self, header: Header, examples: Examples) -> None:
        """Refuse data that are not of the kind that the model was trained on.

        Raises:
            MismatchError: If steps, sample axis, sampling interval, code or channels differ.
        """
        trained, spec = self.header, self.network.spec
        differences = []
        if examples.steps != spec.steps:
            differences.append(f"sequences of {examples.steps} steps, the model has {spec.steps}")
        if header.sample_axis != trained.sample_axis:
            differences.append(
                f"sample_axis {header.sample_axis!r}, the model has {trained.sample_axis!r}"
            )
        if not np.isclose(header.sample_interval_s, trained.sample_interval_s, rtol=1e-6, atol=0):
            differences.append(
                f"sample_interval_s {header.sample_interval_s:g}, the model has "
                f"{trained.sample_interval_s:g}"
            )
        if (examples.code is not None) != spec.coded:
            differences.append("tx" if examples.code is not None else "no tx, the model needs it")
        if differences:
            raise MismatchError(
                "the data do not fit the model: they have " + "; ".join(differences)
                + ". Train a model on such data, or convert them first"
            )  # fmt: skip


def _check_finite(name: str, values: NDArray[Any]) -> None:
    if not np.isfinite(values).all():
        bad = int(np.argmax(~np.isfinite(values).reshape(len(values), -1).all(axis=1)))
        raise MismatchError(f"{name} are not finite, first in row {bad}; leave such rows out")


def load(run: Path | str, *, device: str = "auto") -> Predictor:
    """Return the best model of a run, ready to predict.

    Args:
        run: A run folder, or a checkpoint folder.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        CheckpointError: If there is no checkpoint, or it is damaged.
        DeviceError: If the device is absent.

    Example:
        ``radarseq.load("runs/w").predict(rx, tx).probabilities``
    """
    run = Path(run)
    best = run / "checkpoints" / "best"
    folder = run if (run / "manifest.json").exists() else best
    if not standing_folder(folder).exists():
        raise CheckpointError(
            f"{run}: no checkpoint here (looked for {best / 'manifest.json'}); "
            "expected a run folder made by radarseq train"
        )
    return Predictor(load_checkpoint(folder), choose_device(device))
