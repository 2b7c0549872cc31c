"""Predictor: a loaded model that turns raw samples into probabilities and echoes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from radarseq.dataset.schema import Examples, Header
from radarseq.device import choose_device
from radarseq.errors import CheckpointError, MismatchError
from radarseq.inference.checkpoint import WEIGHTS, Checkpoint, load_best, load_checkpoint
from radarseq.inference.ensemble_file import holds_ensemble, load_ensemble
from radarseq.inference.task_targets import check_symbols_known, task_examples
from radarseq.models.engines.select import set_engine
from radarseq.models.ensemble import Trained
from radarseq.models.streaming import EnsembleStream, NetworkStream, open_stream

BATCH_SIZE = 1024

# Returns an extra output for each sequence from its logits (batch, class) and from the hidden
# values that the last layer computes them from (batch, value).
ExtraOutput = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[Any]]


@dataclass(frozen=True)
class Prediction:
    """Outputs of a model for some sequences.

    Attributes:
        probabilities: Of each class, float32 ``(n, class)``; None if it does not classify.
        label: The most probable class, int64 ``(n,)``; None if it does not classify.
        echo: The target's estimate ``(n, step)`` or ``(n, step, channel)``; None without one.
        described: Output of the caller's ``extra_output`` for each sequence; None without one.
        symbols: Probability of each symbol, float32 ``(n, step, voice, symbol)``; None without
            symbols.
    """

    probabilities: NDArray[np.float32] | None
    label: NDArray[np.int64] | None
    echo: NDArray[Any] | None
    extra: NDArray[Any] | None = None
    symbols: NDArray[np.float32] | None = None


class Predictor:
    """A model with its weights and what it was trained on.

    Attributes:
        path: The folder of its checkpoint, or of the runs of an ensemble.
        network: The network, or the ensemble, in evaluation mode.
        header: Of its training data: class names, sample axis and interval.
        manifest: Of its checkpoint.
        temperature: Divisor of the class scores, which calibrates the probabilities.
        device: Of the computation.
        engine: Implementation, see ``radarseq.models.engines.select``.
    """

    def __init__(
        self,
        checkpoint: Checkpoint[Trained],
        device: torch.device,
        *,
        engine: str = "auto",
        cache: Path | None = None,
    ) -> None:
        self.path = checkpoint.path
        self.network: Trained = checkpoint.network.to(device)
        self.engine = set_engine(self.network, engine, cache)
        self.header: Header = checkpoint.header
        self.manifest = checkpoint.manifest
        self.temperature = checkpoint.temperature
        self.device = device

    @property
    def name(self) -> str:
        """Name of the model in tables and verdicts."""
        return self.network.name

    @property
    def weights_sha256(self) -> str:
        """Digest of the weights; two models with the same digest are the same."""
        return str(self.manifest.get("files", {}).get(WEIGHTS, ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the path and the digest, not the weights: another process loads them again."""
        return _load_same, (
            self.path.absolute(),
            self.device.type,
            self.engine,
            self.weights_sha256,
        )

    @property
    def hidden_values(self) -> int:
        """Number of hidden values that class scores are computed from; 0 without classes."""
        return self.network.hidden_values

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names that the labels index."""
        return self.header.class_names

    def predict(
        self,
        rx: ArrayLike,
        tx: ArrayLike | None = None,
        length: ArrayLike | None = None,
        *,
        extra_output: ExtraOutput | None = None,
    ) -> Prediction:
        """Return the model's probabilities and echoes for sequences.

        Args:
            rx: Received samples ``(n, step)`` or ``(n, step, channel)``; real for a model of real
                sequences. A single sequence ``(step,)`` is treated as ``(1, step)``.
            tx: Transmitted samples ``(n, step)``, or ``(step,)`` for all alike; None for a model
                that was trained without.
            length: Valid steps ``(n,)`` where sequences differ.
            extra_output: Computes an extra output for each sequence; for models that classify.

        Raises:
            MismatchError: If the samples do not have the shape or kind that the model takes, are
                of another length, or are not finite.
        """
        signal = self._signal(rx)
        code = None if tx is None else self._code(tx, signal)
        lengths = None if length is None else torch.as_tensor(np.asarray(length)).long()
        probabilities, echoes, extra, symbols = [], [], [], []
        with torch.inference_mode():
            for first in range(0, len(signal), BATCH_SIZE):
                rows = slice(first, first + BATCH_SIZE)
                output = self.network(
                    signal[rows].to(self.device),
                    None if code is None else code[rows].to(self.device),
                    None if lengths is None else lengths[rows].to(self.device),
                )
                if output.logits is not None:
                    scores = output.logits / self.temperature
                    probabilities.append(scores.softmax(dim=1).cpu().numpy())
                    if extra_output is not None:
                        assert output.hidden is not None
                        hidden = output.hidden.cpu().numpy()
                        extra.append(extra_output(output.logits.cpu().numpy(), hidden))
                if output.sequence is not None:
                    echoes.append(output.sequence.cpu().numpy())
                if output.symbols is not None:
                    symbols.append(output.symbols.softmax(dim=3).cpu().numpy())
                _check_outputs(probabilities[-1:] + echoes[-1:] + symbols[-1:], first)
        if not len(signal):
            return self._empty_prediction()
        joined = np.concatenate(probabilities) if probabilities else None
        return Prediction(
            joined,
            None if joined is None else joined.argmax(axis=1),
            np.concatenate(echoes) if echoes else None,
            np.concatenate(extra) if extra else None,
            np.concatenate(symbols) if symbols else None,
        )

    def _empty_prediction(self) -> Prediction:
        """Return the prediction for no sequences: arrays of no rows, in the usual shapes."""
        spec, settings = self.network.spec, self.network.settings
        shape = (0, spec.steps) + ((spec.target_channels,) if spec.target_channels > 1 else ())
        dtype = np.complex64 if spec.target == "complex" else np.float32
        symbols = (0, spec.steps, spec.target_channels, spec.target_symbols)
        return Prediction(
            np.zeros((0, spec.classes), np.float32) if settings.classifies else None,
            np.zeros(0, np.int64) if settings.classifies else None,
            np.zeros(shape, dtype) if settings.gives_sequence else None,
            symbols=np.zeros(symbols, np.float32) if settings.gives_symbols else None,
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

    def stream(self, batch: int = 1) -> NetworkStream | EnsembleStream:
        """Return the model as a stream that takes one sample at a time, see ``NetworkStream``.

        Raises:
            UsageError: If the model is not causal.
        """
        return open_stream(self.network, batch)

    def prepare(self, examples: Examples) -> Examples:
        """Return rows with the target of the model's task, such as the forecast.

        Raises:
            DatasetError: If the rows lack what the task needs, or have symbols unknown to it.
        """
        settings, spec = self.network.settings, self.network.spec
        ready = task_examples(examples, settings)
        check_symbols_known(ready, spec, "the rows")
        return ready

    def predict_examples(
        self, examples: Examples, *, extra_output: ExtraOutput | None = None
    ) -> Prediction:
        """Return the model's outputs for rows of a dataset, after ``check``."""
        self.check(examples.header, examples)
        length = examples.columns.get("length")
        return self.predict(examples.input, examples.code, length, extra_output=extra_output)

    def check(self, header: Header, examples: Examples) -> None:
        """Refuse data that are not of the kind that the model was trained on.

        Raises:
            MismatchError: If steps, sample axis, sampling interval, code or channels differ.
        """
        self.check_kind(
            steps=examples.steps,
            sample_axis=header.sample_axis,
            sample_interval_s=header.sample_interval_s,
            coded=examples.code is not None,
        )

    def check_kind(
        self, *, steps: int, sample_axis: str, sample_interval_s: float, coded: bool
    ) -> None:
        """Refuse data of another kind, as ``check`` does, before there are examples.

        Raises:
            MismatchError: If steps, sample axis, sampling interval or code differ.
        """
        trained, spec = self.header, self.network.spec
        differences = []
        if steps != spec.steps:
            differences.append(f"sequences of {steps} steps, the model has {spec.steps}")
        if sample_axis != trained.sample_axis:
            differences.append(
                f"sample_axis {sample_axis!r}, the model has {trained.sample_axis!r}"
            )
        if not np.isclose(sample_interval_s, trained.sample_interval_s, rtol=1e-6, atol=0):
            differences.append(
                f"sample_interval_s {sample_interval_s:g}, the model has "
                f"{trained.sample_interval_s:g}"
            )
        if coded != spec.coded:
            differences.append("tx" if coded else "no tx, the model needs it")
        if differences:
            raise MismatchError(
                "the data do not fit the model: they have " + "; ".join(differences)
                + ". Train a model on such data, or convert them first"
            )  # fmt: skip


def _check_finite(name: str, values: NDArray[Any]) -> None:
    if not np.isfinite(values).all():
        bad = int(np.argmax(~np.isfinite(values).reshape(len(values), -1).all(axis=1)))
        raise MismatchError(f"{name} are not finite, first in row {bad}; leave such rows out")


def _check_outputs(outputs: list[NDArray[Any]], first: int) -> None:
    """Refuse outputs that are not finite: the input is beyond the range of single precision."""
    for values in outputs:
        if not np.isfinite(values).all():
            bad = np.argmax(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
            raise MismatchError(
                f"the model's output for row {first + int(bad)} is not finite: its samples, or "
                "their ratio to tx, are beyond the range of single precision. Scale them like the "
                "training data"
            )


def load(run: Path | str, *, device: str = "auto", engine: str = "auto") -> Predictor:
    """Return the best model of a run, or an ensemble, ready to predict.

    Args:
        run: A run folder, a checkpoint folder, or a folder of runs from several seeds, which form
            an ensemble.
        device: ``auto``, ``cpu`` or ``cuda``.
        engine: ``auto``, ``torch``, ``fused``, ``compile`` or ``onnx``, see
            ``radarseq.models.engines.select.set_engine``. ONNX models are stored with
            the checkpoint.

    Raises:
        CheckpointError: If there is no checkpoint, or it is damaged.
        DeviceError: If the device is absent.
        UsageError: If the engine is unknown, or cannot compute this model.

    Example:
        ``radarseq.load("runs/w").predict(rx, tx).probabilities``
    """
    run = Path(run)
    checkpoint: Checkpoint[Trained]
    if holds_ensemble(run):
        checkpoint, cache = load_ensemble(run), run / "ensemble.onnx"
    elif (run / "manifest.json").exists():
        checkpoint, cache = load_checkpoint(run), run.with_name(f"{run.name}.onnx")
    else:
        hint = "expected a run folder made by radarseq train"
        if (first := run / "seed-0").is_dir():
            hint += f". Name one of its runs, such as {first}, or train --seeds again with --resume"
        checkpoint, cache = load_best(run, hint), run / "checkpoints" / "best.onnx"
    return Predictor(checkpoint, choose_device(device), engine=engine, cache=cache)


def _load_same(path: Path, device: str, engine: str, weights_sha256: str) -> Predictor:
    """Load a model that was pickled by its path, and check that its weights are the same."""
    predictor = load(path, device=device, engine=engine)
    if predictor.weights_sha256 != weights_sha256:
        raise CheckpointError(
            f"{path}: a worker finds another model there than the one that this process loaded. "
            "Wait until training has ended, and check that all machines share the folder"
        )
    return predictor
