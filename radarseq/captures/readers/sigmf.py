"""SigMF recordings: ``.sigmf-meta`` beside ``.sigmf-data``, or both in a ``.sigmf`` archive.

Reference:
    Signal Metadata Format Specification, version 1.2: datatypes, captures, annotations,
    non-conforming datasets and archives.
"""

from pathlib import Path
from typing import Any

from radarseq.captures.capture import Capture, Mark, make_capture
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.raw_iq import flat_samples
from radarseq.captures.readers.sigmf_files import (
    ARCHIVE,
    SigmfRecording,
    archived,
    beside,
    check_hash,
    metadata_issue,
)
from radarseq.captures.samples.lazy_array import FlatFile, Joined, Samples
from radarseq.captures.samples.sample_types import Datatype, parse_datatype
from radarseq.errors import UsageError

_MAX_CHANNELS = 4096


def read(path: Path, reading: ReadOptions) -> Capture:
    """Return a recording, (step) or, with several channels, (step, channel).

    Labelled annotations become marks, from which windows take their labels. Where one capture
    segment ends and another begins, time is missing, unless their global indices join.

    Raises:
        CaptureFault: If metadata or samples are absent, malformed, altered or elsewhere.
    """
    if reading.variable:
        raise RecordingError(path, "is SigMF and has no named arrays", "Leave variable out")
    recording = archived(path) if path.suffix.lower() == ARCHIVE else beside(path)
    said = _section(recording, recording.meta, "global", dict)
    kind = _datatype(recording, said)
    channels = _whole(recording, said, "core:num_channels", 1, most=_MAX_CHANNELS)
    if channels < 1:
        raise metadata_issue(path, f"core:num_channels is {channels}; expected at least 1")
    check_hash(recording, said)
    origin = _whole(recording, said, "core:offset", 0)
    segments = _listed(recording, "captures")
    samples = _samples(recording, said, segments, kind, channels, origin)
    return make_capture(
        path,
        kind.numbers(samples),
        reading,
        layout="step,channel" if channels > 1 else "step",
        layout_is_declared=True,
        sample_interval_s=_interval_s(recording, said),
        carrier_hz=_carrier_hz(recording, segments, reading),
        full_scale=kind.full_scale,
        breaks=_breaks(recording, segments, origin),
        marks=_marks(recording, samples.shape[0], origin),
    )


def _section(recording: SigmfRecording, content: dict[str, Any], key: str, kind: type) -> Any:
    value = content.get(key, kind())
    if not isinstance(value, kind):
        raise metadata_issue(recording.path, f"does not conform: {key} is {type(value).__name__}")
    return value


def _listed(recording: SigmfRecording, key: str) -> list[dict[str, Any]]:
    items = _section(recording, recording.meta, key, list)
    if not all(isinstance(item, dict) for item in items):
        raise metadata_issue(recording.path, f"does not conform: {key} holds what is no object")
    return items


def _whole(
    recording: SigmfRecording, content: dict[str, Any], key: str, default: int, most: int = 1 << 62
) -> int:
    value = content.get(key, default)
    if type(value) is not int or not 0 <= value <= most:
        raise metadata_issue(
            recording.path,
            f"does not conform: {key} is {str(value)[:40]!r}; expected a whole number, 0 to {most}",
        )
    return value


def _real(recording: SigmfRecording, content: dict[str, Any], key: str) -> float:
    value = content.get(key, 0.0)
    if type(value) not in (int, float) or abs(value) > 1e300:
        raise metadata_issue(recording.path, f"does not conform: {key} is {str(value)[:40]!r}")
    return float(value)


def _datatype(recording: SigmfRecording, said: dict[str, Any]) -> Datatype:
    if said.get("core:metadata_only"):
        raise RecordingError(recording.path, "is metadata only, without samples", "Leave it out")
    name = said.get("core:datatype")
    try:
        kind = parse_datatype(name if isinstance(name, str) else "")
    except UsageError:
        kind = None
    if kind is None or kind.name != name:
        raise metadata_issue(
            recording.path,
            f"does not conform: core:datatype is {str(name)[:40]!r}; expected one such as cf32_le",
        )
    return kind


def _interval_s(recording: SigmfRecording, said: dict[str, Any]) -> float:
    rate_hz = _real(recording, said, "core:sample_rate")
    if rate_hz < 0 or 0 < rate_hz < 1e-12:
        raise metadata_issue(recording.path, f"gives a sample rate of {rate_hz:g} Hz")
    return 1 / rate_hz if rate_hz else 0.0


def _carrier_hz(
    recording: SigmfRecording, segments: list[dict[str, Any]], reading: ReadOptions
) -> float:
    carriers = {_real(recording, segment, "core:frequency") for segment in segments}
    if len(carriers) > 1 and not reading.carrier_hz:
        raise RecordingError(
            recording.path,
            f"has segments at {len(carriers)} frequencies: {sorted(carriers)[:6]} Hz",
            "Cut it where the frequency changes, or give the carrier",
        )
    return max(carriers, default=0.0)


def _samples(
    recording: SigmfRecording,
    said: dict[str, Any],
    segments: list[dict[str, Any]],
    kind: Datatype,
    channels: int,
    origin: int,
) -> Samples:
    """Return the samples without the headers and the trailer of a non-conforming dataset."""
    size = recording.size - _whole(recording, said, "core:trailing_bytes", 0)
    item = kind.item.itemsize * channels

    def flat(offset: int, size: int) -> FlatFile:
        return flat_samples(recording.data, kind, offset, size, channels, source=recording.path)

    heads = [_whole(recording, segment, "core:header_bytes", 0) for segment in segments]
    if not any(heads[1:]):
        skipped = sum(heads)
        offset = recording.offset + skipped
        return flat(offset, size - skipped)
    starts = [s - origin for s in _starts(recording, segments)]
    ends = [*starts[1:], (size - sum(heads)) // item]
    parts, offset = [], recording.offset
    for start, end, head in zip(starts, ends, heads, strict=True):
        offset += head
        parts.append(flat(offset, (end - start) * item))
        offset += (end - start) * item
    if offset - recording.offset != size:
        raise metadata_issue(recording.path, f"has {size} bytes; its segments have {offset}")
    return Joined(tuple(parts))


def _starts(recording: SigmfRecording, segments: list[dict[str, Any]]) -> list[int]:
    starts = [_whole(recording, segment, "core:sample_start", 0) for segment in segments]
    if starts != sorted(starts):
        raise metadata_issue(recording.path, "does not conform: its captures are not in order")
    return starts


def _breaks(
    recording: SigmfRecording, segments: list[dict[str, Any]], origin: int
) -> tuple[int, ...]:
    starts = _starts(recording, segments)
    indices = [segment.get("core:global_index") for segment in segments]
    breaks = []
    for i in range(1, len(starts)):
        before, here = indices[i - 1], indices[i]
        if isinstance(before, int) and isinstance(here, int):
            if here - before == starts[i] - starts[i - 1]:
                continue
        breaks.append(starts[i] - origin)
    return tuple(breaks)


def _marks(recording: SigmfRecording, length: int, origin: int) -> tuple[Mark, ...]:
    marks = []
    for note in _listed(recording, "annotations"):
        label = note.get("core:label")
        if not isinstance(label, str) or not label:
            continue
        start = _whole(recording, note, "core:sample_start", 0) - origin
        count = _whole(recording, note, "core:sample_count", max(length - start, 0))
        marks.append(Mark(start, min(start + count, length), label[:200]))
    return tuple(marks)
