"""Stacks the windows of many recordings into examples; a bad recording does not stop the rest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture
from radarseq.captures.errors import Failure, RecordingError, no_usable_recording
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.sources.open_recordings import Recording, iter_recordings
from radarseq.captures.windowing.quality import OK, REASONS
from radarseq.captures.windowing.windows import Rows, concatenate_rows
from radarseq.dataset.schema import UNKNOWN_LABEL, Examples, Header
from radarseq.errors import CaptureError
from radarseq.storage.atomic import printable

_SHARED = ("sample_axis", "sample_interval_s", "carrier_hz")


@dataclass(frozen=True)
class StackResult:
    """Examples from a number of recordings.

    Attributes:
        examples: All windows that are fit for use.
        failures: The recordings, or links, that were not used.
        rejected: Windows that were not fit, of recordings that were used, by reason.
    """

    examples: Examples
    failures: list[Failure]
    rejected: dict[str, int]


@dataclass(frozen=True)
class _Part:
    """The fit windows of one recording.

    Attributes:
        recording: The recording.
        rows: The windows.
        indices: Of the windows among all of the recording.
        rejected: Number of unfit windows, by reason.
    """

    recording: Recording
    rows: Rows
    indices: NDArray[np.int64]
    rejected: Counter[str]

    @property
    def capture(self) -> Capture:
        """The capture."""
        return self.recording.capture

    @property
    def kind(self) -> tuple[tuple[int, ...], bool]:
        """Shape of a window, and whether it is complex."""
        return self.rows.samples.shape[1:], bool(np.iscomplexobj(self.rows.samples))

    @property
    def labels(self) -> NDArray[np.str_] | None:
        """Label of each window as a text; None without labels."""
        if self.recording.label is not None:
            return np.full(len(self.rows), self.recording.label)
        return self.rows.labels


def stack_examples(
    paths: Iterable[Path],
    options: ReadOptions = AS_WRITTEN,
    *,
    class_names: Sequence[str] | None = None,
    shape: tuple[int, ...] | None = None,
) -> StackResult:
    """Return the windows of recordings as examples in memory, and what was not used.

    The columns are ``rx`` or ``x``; ``tx`` if all captures have it; ``label`` if any is labelled;
    ``group``, the recording or the object that the name pattern gives; and ``parameters/row``,
    the index of the row within its capture.

    Args:
        paths: Files and folders.
        options: How to read them.
        class_names: Classes that labels index; any other label becomes -1. By default the labels
            found, sorted.
        shape: Of a row: (step,), (step, channel) or (step, feature). A capture with another one
            is a failure. By default the shape that most captures have.

    Raises:
        CaptureError: If no capture can be used, or two differ in sample axis, sample interval or
            carrier.
        UsageError: If the name pattern is not valid.
    """
    parts: list[_Part] = []
    failures: list[Failure] = []
    for recording in iter_recordings(paths, options):
        try:
            if isinstance(recording, Failure):
                failures.append(recording)
            else:
                parts.append(_read_part(recording))
        except RecordingError as error:
            failures.append(error.failure)
    parts = _of_one_shape(parts, shape, failures)
    if not parts:
        raise no_usable_recording(failures)
    _check_agreement(parts)
    rejected = sum((part.rejected for part in parts), Counter[str]())
    return StackResult(_stack(parts, options, class_names, rejected), failures, dict(rejected))


def _read_part(recording: Recording) -> _Part:
    recording.plan.check_memory()
    rows, indices, counts = [], [], Counter[str]()
    for block in recording.blocks():
        fit = np.flatnonzero(block.codes == OK)
        rows.append(block.rows.take(fit) if len(fit) < len(block.rows) else block.rows)
        indices.append(block.first + fit)
        for code in np.unique(block.codes[block.codes != OK]):
            counts[REASONS[code]] += int((block.codes == code).sum())
    if not sum(map(len, rows)):
        found = ", ".join(f"{count} {reason}" for reason, count in counts.items())
        raise RecordingError(
            recording.capture.source,
            f"none of its {recording.windows} rows is usable ({found})",
            "Leave it out",
        )
    return _Part(recording, concatenate_rows(rows), np.concatenate(indices), counts)


def _of_one_shape(
    parts: list[_Part], shape: tuple[int, ...] | None, failures: list[Failure]
) -> list[_Part]:
    """Return the parts of the given shape, or of the most common one; the rest are failures."""
    # Real rows always have a last axis of features: (32,) then stands for (32, 1).
    shapes = None if shape is None else {shape, (*shape, 1) if len(shape) == 1 else shape}
    fitting = [part.kind for part in parts if shapes is None or part.kind[0] in shapes]
    common = Counter(fitting).most_common(1)[0][0] if fitting else None
    expected = str(shape) if common is None else f"{_kind_text(common)}, as most have"
    for part in parts:
        if part.kind != common:
            hint = "Choose steps that all recordings have, or correct the layout"
            reason = f"its rows are {_kind_text(part.kind)}; expected {expected}"
            failures.append(Failure(part.capture.source, reason, hint))
    return [part for part in parts if part.kind == common]


def _kind_text(kind: tuple[tuple[int, ...], bool]) -> str:
    return f"{kind[0]} {'complex' if kind[1] else 'real'}"


def _check_agreement(parts: list[_Part]) -> None:
    first = parts[0].capture
    for part in parts[1:]:
        for key in _SHARED:
            one, other = getattr(first, key), getattr(part.capture, key)
            if one != other:
                raise CaptureError(
                    f"{printable(first.source)} has {key} {one}, "
                    f"{printable(part.capture.source)} has {other}; expected one value for all. "
                    f"Read them apart, or give the {key} yourself"
                )


def _stack(
    parts: list[_Part],
    options: ReadOptions,
    class_names: Sequence[str] | None,
    rejected: Counter[str],
) -> Examples:
    samples = np.concatenate([part.rows.samples for part in parts])
    columns: dict[str, NDArray[Any]] = {"rx" if np.iscomplexobj(samples) else "x": samples}
    tx = [part.rows.tx for part in parts if part.rows.tx is not None]
    if len(tx) == len(parts) and len({v.shape[1:] for v in tx}) == 1:
        columns["tx"] = np.concatenate(tx)
    names, label = _label_column(parts, class_names)
    if label is not None:
        columns["label"] = label
    groups = [part.recording.group for part in parts]
    group_index = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    index = np.array([group_index[name] for name in groups], np.int64)
    columns["group"] = np.repeat(index, [len(part.rows) for part in parts])
    columns["parameters/row"] = np.concatenate([p.indices for p in parts]).astype(np.float32)
    capture = parts[0].capture
    header = Header(
        sample_axis=capture.sample_axis,
        sample_interval_s=capture.sample_interval_s * options.stride,
        carrier_hz=capture.carrier_hz,
        class_names=names,
        group_names=tuple(group_index),
        recipe=options.to_recipe(),
        warnings=tuple(f"rows left out because {why}: {n}" for why, n in rejected.items()),
    )
    return Examples(header, columns)


def _label_column(
    parts: list[_Part], class_names: Sequence[str] | None
) -> tuple[tuple[str, ...], NDArray[np.int32] | None]:
    """Return the class names, and the class of each row; None if nothing is labelled."""
    texts = [part.labels for part in parts]
    found = sorted({str(text) for part in texts if part is not None for text in np.unique(part)})
    found = [text for text in found if text]
    names = tuple(map(str, found if class_names is None else class_names))
    if not found or not names:
        return names, None
    order = np.argsort(names)
    ordered = np.array(names)[order]
    labels = []
    for part, text in zip(parts, texts, strict=True):
        if text is None:
            labels.append(np.full(len(part.rows), UNKNOWN_LABEL, np.int32))
            continue
        place = np.minimum(np.searchsorted(ordered, text), len(names) - 1)
        labels.append(np.where(ordered[place] == text, order[place], UNKNOWN_LABEL))
    return names, np.concatenate(labels).astype(np.int32)
