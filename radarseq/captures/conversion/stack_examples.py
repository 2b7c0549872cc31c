"""Many recordings into one set of examples; a bad one is named and does not stop the rest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture
from radarseq.captures.errors import Failure, RecordingError, printable
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.sources.open_recordings import Recording, iter_recordings
from radarseq.captures.windowing.quality import OK, REASONS
from radarseq.captures.windowing.windows import Rows, check_held, joined
from radarseq.dataset.schema import UNKNOWN_LABEL, Examples, Header
from radarseq.errors import CaptureError

_SHARED = ("sample_axis", "sample_interval_s", "carrier_hz")
_NAMED_FAILURES = 10


@dataclass(frozen=True)
class StackResult:
    """What became of a number of recordings.

    Attributes:
        examples: All rows that are fit for use.
        failures: The recordings, or links, that were not used.
        left_out: Rows left out of recordings that were used, by reason.
    """

    examples: Examples
    failures: list[Failure]
    rejected: dict[str, int]


@dataclass(frozen=True)
class _Part:
    """The usable rows of one capture, and which of its rows they are."""

    recording: Recording
    rows: Rows
    indices: NDArray[np.int64]
    rejected: Counter[str]

    @property
    def capture(self) -> Capture:
        """The recording."""
        return self.recording.capture

    @property
    def shape(self) -> tuple[int, ...]:
        """Steps, and channels or features."""
        return self.rows.samples.shape[1:]


def collect(
    paths: Iterable[Path],
    options: ReadOptions = AS_WRITTEN,
    *,
    class_names: Sequence[str] | None = None,
    shape: tuple[int, ...] | None = None,
    probe: bool = True,
) -> tuple[Examples, list[Failure]]:
    """Return the rows of recordings as examples in memory, and the recordings that failed.

    See ``stack_examples``, which also counts the rows that were left out.
    """
    collection = stack_examples(paths, options, class_names=class_names, shape=shape, probe=probe)
    return collection.examples, collection.failures


def stack_examples(
    paths: Iterable[Path],
    options: ReadOptions = AS_WRITTEN,
    *,
    class_names: Sequence[str] | None = None,
    shape: tuple[int, ...] | None = None,
    expected_interval_s: float | None = None,
    probe: bool = True,
) -> StackResult:
    """Return the rows of recordings as examples in memory, and what was not used.

    The columns are ``rx`` or ``x``; ``tx`` if all captures have it; ``label`` if any is labelled;
    ``group``, the recording or the object that the name pattern gives; and ``parameters/row``,
    the index of the row within its capture.

    Args:
        paths: Files and folders.
        reading: How they are to be read.
        class_names: What labels index; a label that is not among them becomes -1. By default the
            labels found, sorted.
        shape: Of a row: (step,), (step, channel) or (step, feature). A capture with another one
            is a failure. By default the shape that most captures have.
        expected_interval_s: Time between steps [s]; a capture with another one is a failure.
        probe: Whether files are first opened in a child process.

    Raises:
        CaptureError: If no capture can be used, or two differ in sample axis, sample interval or
            carrier.
        UsageError: If the name pattern is not valid.
    """
    parts: list[_Part] = []
    failures: list[Failure] = []
    found = iter_recordings(paths, options, expected_interval_s=expected_interval_s, probe=probe)
    for recording in found:
        try:
            if isinstance(recording, Failure):
                failures.append(recording)
            else:
                parts.append(_part(recording))
        except RecordingError as error:
            failures.append(error.failure)
    parts = _of_one_shape(parts, shape, failures)
    if not parts:
        raise CaptureError(_nothing(failures))
    _check_agreement(parts)
    rejected = sum((part.rejected for part in parts), Counter[str]())
    return StackResult(_examples(parts, options, class_names, rejected), failures, dict(rejected))


def _part(recording: Recording) -> _Part:
    """Return the usable rows of a recording, read block by block."""
    path = recording.capture.source
    check_held(recording.capture, recording.options)
    rows, indices, counts = [], [], Counter[str]()
    for block in recording.blocks():
        kept = np.flatnonzero(block.codes == OK)
        rows.append(block.rows.take(kept) if len(kept) < len(block.rows) else block.rows)
        indices.append(block.first + kept)
        for code in np.unique(block.codes[block.codes != OK]):
            counts[REASONS[code]] += int((block.codes == code).sum())
    if not sum(map(len, rows)):
        found = ", ".join(f"{count} {reason}" for reason, count in counts.items())
        raise RecordingError(
            path, f"none of its {recording.windows} rows is usable ({found})", "Leave it out"
        )
    return _Part(recording, joined(rows), np.concatenate(indices), counts)


def _of_one_shape(
    parts: list[_Part], shape: tuple[int, ...] | None, failures: list[Failure]
) -> list[_Part]:
    """Return the parts of the wanted shape, or of the most common one; the rest are failures."""
    kinds = [(part.shape, bool(np.iscomplexobj(part.rows.samples))) for part in parts]
    fitting = [kind for kind in kinds if shape is None or _fits(kind[0], shape)]
    common = Counter(fitting).most_common(1)[0][0] if fitting else None
    kept = [kind == common for kind in kinds]
    expected = str(shape) if common is None else f"{_kind_text(common)}, as most have"
    for part, kind, keep in zip(parts, kinds, kept, strict=True):
        if not keep:
            hint = "Choose steps that all recordings have, or correct the layout"
            reason = f"its rows are {_kind_text(kind)}; expected {expected}"
            failures.append(Failure(part.capture.source, reason, hint))
    return [part for part, keep in zip(parts, kept, strict=True) if keep]


def _fits(found: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    # Real rows always have a last axis of features: (32,) asks for (32, 1) of them.
    return found == shape or (len(shape) == 1 and found == (*shape, 1))


def _kind_text(kind: tuple[tuple[int, ...], bool]) -> str:
    return f"{kind[0]} {'complex' if kind[1] else 'real'}"


def _nothing(failures: list[Failure]) -> str:
    if not failures:
        return "there are no recordings of a known kind among the given paths. Check the paths"
    lines = [f"{printable(f.path)}: {f.reason}. {f.hint}" for f in failures[:_NAMED_FAILURES]]
    more = len(failures) - len(lines)
    return "\n".join(
        ["none of the recordings can be used:", *lines] + [f"and {more} more"] * (more > 0)
    )


def _check_agreement(parts: list[_Part]) -> None:
    first = parts[0].capture
    for part in parts[1:]:
        for key in _SHARED:
            one, other = getattr(first, key), getattr(part.capture, key)
            if one != other:
                raise CaptureError(
                    f"{printable(first.source)} has {key} {one}, "
                    f"{printable(part.capture.source)} has {other}; expected one value for all. "
                    f"Read them apart, or state the {key} yourself"
                )


def _examples(
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
    names, label = _labels(parts, class_names)
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


def _labels(
    parts: list[_Part], class_names: Sequence[str] | None
) -> tuple[tuple[str, ...], NDArray[np.int32] | None]:
    """Return the class names, and each row's index into them; None where nothing is labelled."""
    texts = [_texts(part) for part in parts]
    found = [np.unique(text) for text in texts if text is not None]
    known = sorted(set(np.concatenate(found or [[]])) - {""})
    names = tuple(str(name) for name in (known if class_names is None else class_names))
    if not known or not names:
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


def _texts(part: _Part) -> NDArray[np.str_] | None:
    if part.recording.label is not None:
        return np.full(len(part.rows), part.recording.label)
    return part.rows.labels
