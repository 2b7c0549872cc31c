"""Evaluation of one recording: block by block, through the model, other models and baselines."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from threading import Event

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import ClassBaseline, ClassBaselines
from radarseq.baselines.names import MAJORITY
from radarseq.captures.errors import RecordingError
from radarseq.captures.sources.open_recordings import Recording
from radarseq.captures.windowing.quality import EMPTY, OK, REASONS
from radarseq.captures.windowing.windows import Block
from radarseq.dataset.schema import UNKNOWN_LABEL
from radarseq.evaluation.decisions.ood_scores import OodDetector
from radarseq.evaluation.output.hdf5_columns import OutputColumn
from radarseq.evaluation.output.partial_results import (
    ROWS,
    SAMPLES,
    Part,
    part_writer,
    seal_part,
)
from radarseq.inference.predictor import ExtraOutput, Predictor
from radarseq.storage.atomic import printable

BASELINE, COMPARED = "baseline ", "compared "  # and a name: columns of a labelled part
_BLOCK_BYTES = 2 << 20  # of samples: about a second of work between two looks at ``stopped``
MAX_SAVED = 64  # windows of a recording whose samples are saved for the page


class Abandoned(Exception):
    """The batch is being stopped."""


class BatchState:
    """Windows evaluated so far, and whether the batch is to stop; one state per process."""

    def __init__(self) -> None:
        self.windows, self.stopped = 0, Event()

    def __reduce__(self) -> tuple[type["BatchState"], tuple[()]]:
        """Pickle nothing: another process has a state of its own."""
        return BatchState, ()


@dataclass(frozen=True)
class RecordingEvaluator:
    """The models that each recording of a batch goes through; workers share it, or load it once.

    Attributes:
        predictor: The model.
        compare: Other models, by name.
        baselines: The class baselines, for labelled recordings.
        detector: Out-of-distribution detector; None without one.
        score: Name of the detector's score to use.
        state: Of the batch.
    """

    predictor: Predictor
    compare: Mapping[str, Predictor]
    baselines: ClassBaselines
    detector: OodDetector | None
    score: str
    state: BatchState = field(default_factory=BatchState)

    def evaluate(self, recording: Recording, folder: Path, index: int, key: list[int]) -> Part:
        """Evaluate a recording with ``key_of`` its file ``key``, and write part ``index``.

        Raises:
            RecordingError: If it cannot be read to the end, or has no usable window.
            MismatchError: If it is not of the kind that the model was trained on.
            Abandoned: If the batch was stopped meanwhile.
        """
        self._check(recording)
        blocks = recording.blocks(_BLOCK_BYTES)
        first = next(blocks, None)
        is_labelled = first is not None and (
            first.rows.labels is not None or recording.label in self.predictor.class_names
        )
        every = max(1, -(-recording.windows // MAX_SAVED))
        counts: Counter[str] = Counter()
        with (
            part_writer(folder, index, ROWS, self._columns(is_labelled=is_labelled)) as writer,
            part_writer(folder, index, SAMPLES, self._sample_columns()) as saved,
        ):
            for block in chain([] if first is None else [first], blocks):
                if self.state.stopped.is_set():
                    raise Abandoned
                for code, count in zip(*np.unique(block.codes, return_counts=True), strict=True):
                    counts[REASONS[code]] += int(count)
                usable = np.flatnonzero(block.codes == OK)
                if len(usable):
                    values = self._evaluate_block(recording, block, usable, is_labelled)
                    writer.write(values)
                    window = block.first + usable
                    at = np.flatnonzero(window % every == 0)
                    rows = block.rows.take(usable[at])
                    columns = {"row": window[at], "label": values["label"][at]}
                    columns["samples"] = rows.samples
                    if rows.tx is not None:
                        columns["tx"] = rows.tx
                    saved.write(columns)
                self.state.windows += len(block.codes)
            del counts[REASONS[OK]]
            if not writer.rows and not counts[REASONS[EMPTY]]:
                found = ", ".join(f"{count} {reason}" for reason, count in counts.items())
                raise RecordingError(
                    recording.path,
                    f"none of its {recording.windows} rows is usable ({found})",
                    "Leave it out",
                )
        part = Part(
            file=printable(recording.path),
            key=key,
            label=recording.label,
            group=recording.group,
            windows=recording.windows,
            skipped=dict(+counts),
            carrier_hz=recording.capture.carrier_hz,
            rows=writer.table(),
            samples=saved.table(),
        )
        seal_part(folder, index, part)
        return part

    def _check(self, recording: Recording) -> None:
        """Refuse a recording that is not of the kind that the model was trained on."""
        spec, capture = self.predictor.network.spec, recording.capture
        row = (spec.steps,) if spec.channels == 1 else (spec.steps, spec.channels)
        fits = recording.shape == row or (not spec.is_complex and recording.shape == (*row, 1))
        if not fits or recording.is_complex != spec.is_complex:
            raise RecordingError(
                recording.path,
                f"its rows are {recording.shape} {'complex' if recording.is_complex else 'real'}; "
                f"expected {row} {'complex' if spec.is_complex else 'real'}",
                "Choose steps that the model was trained on, or correct the layout",
            )
        self.predictor.check_kind(
            steps=recording.shape[0],
            sample_axis=capture.sample_axis,
            sample_interval_s=capture.sample_interval_s * recording.options.stride,
            coded=capture.tx is not None,
        )

    @property
    def _saved_baselines(self) -> dict[str, ClassBaseline]:
        """The baselines but the majority, which merging adds: it is the same for all windows."""
        return {name: b for name, b in self.baselines.fitted.items() if name != MAJORITY}

    def _columns(self, *, is_labelled: bool) -> dict[str, OutputColumn]:
        """Return the columns of a part's records."""
        settings, spec = self.predictor.network.settings, self.predictor.network.spec
        columns = {
            "row": OutputColumn(np.dtype(np.int64)),
            "label": OutputColumn(np.dtype(np.int32)),
        }
        if settings.classifies:
            probabilities = ["probability"]
            if self.detector is not None:
                columns["unknown_score"] = OutputColumn(np.dtype(np.float32))
            if is_labelled:
                probabilities += [COMPARED + name for name in self.compare]
                probabilities += [BASELINE + name for name in self._saved_baselines]
            for name in probabilities:
                columns[name] = OutputColumn(np.dtype(np.float32), (spec.classes,))
        if settings.gives_sequence:
            channels = (spec.target_channels,) if spec.target_channels > 1 else ()
            kind = np.complex64 if spec.target == "complex" else np.float32
            columns["echo"] = OutputColumn(np.dtype(kind), (spec.steps, *channels))
        return columns

    def _sample_columns(self) -> dict[str, OutputColumn]:
        spec = self.predictor.network.spec
        is_flat = spec.is_complex and spec.channels == 1
        kind = np.dtype(np.complex64 if spec.is_complex else np.float32)
        columns = {
            "row": OutputColumn(np.dtype(np.int64)),
            "label": OutputColumn(np.dtype(np.int32)),
            "samples": OutputColumn(
                kind, (spec.steps,) if is_flat else (spec.steps, spec.channels)
            ),
        }
        if spec.coded:
            columns["tx"] = OutputColumn(np.dtype(np.complex64), (spec.steps,))
        return columns

    def _evaluate_block(
        self, recording: Recording, block: Block, usable: NDArray[np.intp], is_labelled: bool
    ) -> dict[str, NDArray]:
        """Return the columns of the usable windows of a block."""
        rows = block.rows if len(usable) == len(block.codes) else block.rows.take(usable)
        extra_output: ExtraOutput | None = None
        if self.detector is not None:
            extra_output = self.detector.scorer(self.score)
        found = self.predictor.predict(rows.samples, rows.tx, extra_output=extra_output)
        columns = {
            "row": block.first + usable,
            "label": _labels(recording, rows.labels, len(usable), self.predictor.class_names),
            "probability": found.probabilities,
            "unknown_score": found.extra,
            "echo": found.echo,
        }
        if is_labelled and found.probabilities is not None:
            for name, other in self.compare.items():
                columns[COMPARED + name] = other.predict(rows.samples, rows.tx).probabilities
            for name, baseline in self._saved_baselines.items():
                columns[BASELINE + name] = baseline.probabilities(rows.samples, rows.tx)
        return {name: values for name, values in columns.items() if values is not None}


def _labels(
    recording: Recording, texts: NDArray[np.str_] | None, count: int, class_names: tuple[str, ...]
) -> NDArray[np.int32]:
    """Return each window's class, -1 where it is not known or not among the model's."""
    index = {name: i for i, name in enumerate(class_names)}
    if texts is None or recording.label is not None:
        return np.full(count, index.get(recording.label or "", UNKNOWN_LABEL), np.int32)
    distinct, place = np.unique(texts, return_inverse=True)
    known = np.array([index.get(str(text), UNKNOWN_LABEL) for text in distinct], np.int32)
    return known[place]
