"""One recording judged: its windows in blocks, through the model and all that stands beside it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.classifiers import Boosting
from radarseq.captures.errors import RecordingError
from radarseq.captures.sources.open_recordings import Recording
from radarseq.captures.windowing.quality import EMPTY, OK, REASONS
from radarseq.captures.windowing.windows import Block
from radarseq.dataset.schema import UNKNOWN_LABEL
from radarseq.evaluation.output.hdf5_columns import Column
from radarseq.evaluation.output.partial_results import (
    ROWS,
    SHOWN,
    Part,
    PartWriter,
    part_writer,
    seal_part,
)
from radarseq.inference.predictor import Describe, Predictor
from radarseq.storage.atomic import printable

BASELINE, BESIDE = "baseline", "beside "  # columns of a labelled part
_BLOCK_BYTES = 2 << 20  # of samples: about a second, after which a stop is heeded
MAX_SHOWN = 64  # windows of a recording that are kept to look at


class Abandoned(Exception):
    """The batch is being stopped."""


@dataclass(frozen=True)
class RecordingEvaluator:
    """What a worker needs to judge a recording; several workers share one.

    Attributes:
        predictor: The model.
        describe: What gives the unknown score; None without one.
        beside: Other models, by name.
        baseline: Gives the fitted baseline when a labelled recording first asks for it; None
            without training data.
        stopped: Set when the batch is to stop.
        counted: Windows judged so far, by all workers, in its only entry.
    """

    predictor: Predictor
    describe: Describe | None
    beside: Mapping[str, Predictor]
    baseline: Callable[[], Boosting | None]
    stopped: threading.Event = field(default_factory=threading.Event)
    counted: list[int] = field(default_factory=lambda: [0])

    def judge(
        self, opened: Recording, folder: Path, index: int, stride: int, key: list[int]
    ) -> Part:
        """Judge a recording, of which ``key_of`` gave ``key``; leave part ``index`` in the folder.

        Raises:
            CaptureFault: If it cannot be read to the end, or has no window fit to be judged.
            MismatchError: If it is not of the kind that the model was trained on.
            Abandoned: If the batch was stopped meanwhile.
        """
        source = opened.capture.source
        self.check(opened, stride)
        blocks = opened.blocks(_BLOCK_BYTES)
        first = next(blocks, None)
        is_labelled = first is not None and (
            first.rows.labels is not None or opened.label in self.predictor.class_names
        )
        every = max(1, -(-opened.windows // MAX_SHOWN))
        left_out: Counter[str] = Counter()
        with (
            part_writer(folder, index, ROWS, self.columns(is_labelled=is_labelled)) as writer,
            part_writer(folder, index, SHOWN, self._shown_columns()) as shown,
        ):
            for block in _chained(first, blocks):
                if self.stopped.is_set():
                    raise Abandoned
                for code, count in zip(*np.unique(block.codes, return_counts=True), strict=True):
                    left_out[REASONS[code]] += int(count)
                self._evaluate_block(opened, block, writer, is_labelled=is_labelled)
                self._show_block(opened, block, shown, every)
                self.counted[0] += len(block.codes)
            del left_out[REASONS[OK]]
            if not writer.rows and not left_out[REASONS[EMPTY]]:
                found = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
                raise RecordingError(
                    source, f"none of its {opened.windows} rows is usable ({found})", "Leave it out"
                )
        part = Part(
            file=printable(source),
            key=key,
            label=opened.label,
            group=opened.group,
            windows=opened.windows,
            left_out=dict(+left_out),
            carrier_hz=opened.capture.carrier_hz,
            rows=writer.table(),
            shown=shown.table(),
        )
        seal_part(folder, index, part)
        return part

    def check(self, opened: Recording, stride: int) -> None:
        """Refuse a recording that is not of the kind that the model was trained on.

        Raises:
            CaptureFault: If its windows have another shape, or are real and not complex.
            MismatchError: If axis, interval or code differ.
        """
        spec, capture = self.predictor.network.spec, opened.capture
        row = (spec.steps,) if spec.channels == 1 else (spec.steps, spec.channels)
        fits = opened.shape == row or (not spec.is_complex and opened.shape == (*row, 1))
        if not fits or opened.is_complex != spec.is_complex:
            raise RecordingError(
                capture.source,
                f"its rows are {opened.shape} {'complex' if opened.is_complex else 'real'}; "
                f"expected {row} {'complex' if spec.is_complex else 'real'}",
                "Choose steps that the model was trained on, or correct the layout",
            )
        self.predictor.check_kind(
            steps=opened.shape[0],
            sample_axis=capture.sample_axis,
            sample_interval_s=capture.sample_interval_s * stride,
            coded=capture.tx is not None,
        )

    def columns(self, *, is_labelled: bool) -> dict[str, Column]:
        """Return the columns of a part's records."""
        settings, spec = self.predictor.network.settings, self.predictor.network.spec
        columns = {"row": Column(np.dtype(np.int64)), "label": Column(np.dtype(np.int32))}
        if settings.classifies:
            columns["probability"] = Column(np.dtype(np.float32), (spec.classes,))
            if self.describe is not None:
                columns["unknown_score"] = Column(np.dtype(np.float32))
            for who in self.contenders if is_labelled else ():
                columns[who] = Column(np.dtype(np.float32), (spec.classes,))
        if settings.gives_sequence:
            channels = (spec.target_channels,) if spec.target_channels > 1 else ()
            kind = np.complex64 if spec.target == "complex" else np.float32
            columns["echo"] = Column(np.dtype(kind), (spec.steps, *channels))
        return columns

    def _shown_columns(self) -> dict[str, Column]:
        spec = self.predictor.network.spec
        samples = (spec.steps,) if spec.channels == 1 else (spec.steps, spec.channels)
        if not spec.is_complex:
            samples = (spec.steps, spec.channels)
        kind = np.dtype(np.complex64 if spec.is_complex else np.float32)
        columns = {
            "row": Column(np.dtype(np.int64)),
            "label": Column(np.dtype(np.int32)),
            "samples": Column(kind, samples),
        }
        if spec.coded:
            columns["tx"] = Column(np.dtype(np.complex64), (spec.steps,))
        return columns

    @property
    def contenders(self) -> list[str]:
        """The columns of the other models' and the baseline's probabilities."""
        own = [BASELINE] if self.baseline() is not None else []
        return [BESIDE + who for who in self.beside] + own

    def _evaluate_block(
        self, opened: Recording, block: Block, writer: PartWriter, *, is_labelled: bool
    ) -> None:
        kept = np.flatnonzero(block.codes == OK)
        if not len(kept):
            return
        rows = block.rows if len(kept) == len(block.codes) else block.rows.take(kept)
        found = self.predictor.predict(rows.samples, rows.tx, describe=self.describe)
        columns = {
            "row": block.first + kept,
            "label": labels_of(opened, rows.labels, len(kept), self.predictor.class_names),
            "probability": found.probabilities,
            "unknown_score": found.described,
            "echo": found.echo,
        }
        if is_labelled and found.probabilities is not None:
            for who, other in self.beside.items():
                columns[BESIDE + who] = other.predict(rows.samples, rows.tx).probabilities
            if (boosting := self.baseline()) is not None:
                columns[BASELINE] = boosting.probabilities(rows.samples, rows.tx)
        writer.write({name: values for name, values in columns.items() if values is not None})

    def _show_block(self, opened: Recording, block: Block, shown: PartWriter, every: int) -> None:
        index = block.first + np.arange(len(block.codes))
        kept = np.flatnonzero((index % every == 0) & (block.codes == OK))
        if not len(kept):
            return
        rows = block.rows.take(kept)
        columns = {
            "row": index[kept],
            "label": labels_of(opened, rows.labels, len(kept), self.predictor.class_names),
            "samples": rows.samples,
        }
        shown.write(columns if rows.tx is None else columns | {"tx": rows.tx})


def labels_of(
    opened: Recording, texts: NDArray[np.str_] | None, count: int, class_names: tuple[str, ...]
) -> NDArray[np.int32]:
    """Return each window's class, -1 where it is not known or not among the model's."""
    index = {name: i for i, name in enumerate(class_names)}
    if texts is None or opened.label is not None:
        return np.full(count, index.get(opened.label or "", UNKNOWN_LABEL), np.int32)
    distinct, place = np.unique(texts, return_inverse=True)
    known = np.array([index.get(str(text), UNKNOWN_LABEL) for text in distinct], np.int32)
    return known[place]


def _chained(first: Block | None, rest: Iterator[Block]) -> Iterator[Block]:
    if first is not None:
        yield first
    yield from rest
