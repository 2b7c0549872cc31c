"""Reads SigMF recordings: ``.sigmf-meta`` with ``.sigmf-data``, or both in a ``.sigmf`` archive.

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
    DATA,
    META,
    SigmfFiles,
    check_hash,
    find_in_archive,
    find_pair,
    metadata_error,
)
from radarseq.captures.samples.lazy_array import LazyArray, Samples, concatenate
from radarseq.captures.samples.sample_types import SampleType, parse_sample_type
from radarseq.errors import UsageError

SUFFIXES = (META, DATA, ARCHIVE)
_MAX_CHANNELS = 4096
_MAX_INTEGER = 1 << 62


def is_part(path: Path) -> bool:
    """Return whether a file holds samples, whose recording is found by its metadata."""
    return path.suffix.lower() == DATA


def read(path: Path, options: ReadOptions) -> Capture:
    """Return a recording, (step) or, with several channels, (step, channel).

    Labelled annotations become marks, from which windows take their labels. Between two capture
    segments time is missing, unless their global indices join.

    Raises:
        RecordingError: If metadata or samples are missing, malformed, altered or elsewhere.
    """
    if options.variable:
        raise RecordingError(path, "is SigMF and has no named arrays", "Leave variable out")
    files = find_in_archive(path) if path.suffix.lower() == ARCHIVE else find_pair(path)
    info = files.meta["global"]
    sample_type = _sample_type(path, info)
    channels = _integer(path, info, "core:num_channels", 1, _MAX_CHANNELS)
    if channels < 1:
        raise metadata_error(path, f"core:num_channels is {channels}; expected at least 1")
    check_hash(files)
    offset = _integer(path, info, "core:offset", 0)
    segments = _objects(files, "captures")
    samples = _samples(files, segments, sample_type, channels, offset)
    rate_hz = _number(path, info, "core:sample_rate")
    if rate_hz < 0 or 0 < rate_hz < 1e-12:
        raise metadata_error(path, f"gives a sample rate of {rate_hz:g} Hz")
    return make_capture(
        path,
        sample_type.decode(samples),
        options,
        layout="step,channel" if channels > 1 else "step",
        layout_is_declared=True,
        sample_interval_s=1 / rate_hz if rate_hz else 0.0,
        carrier_hz=_carrier_hz(path, segments, options),
        full_scale=sample_type.full_scale,
        breaks=_breaks(path, segments, offset),
        marks=_marks(files, samples.shape[0], offset),
    )


def _objects(files: SigmfFiles, key: str) -> list[dict[str, Any]]:
    items = files.meta.get(key, [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        found = type(items).__name__
        raise metadata_error(
            files.path, f"does not conform: {key} is {found}; expected a list of objects"
        )
    return items


def _integer(
    path: Path, content: dict[str, Any], key: str, default: int, high: int = _MAX_INTEGER
) -> int:
    value = content.get(key, default)
    if type(value) is not int or not 0 <= value <= high:
        raise metadata_error(
            path,
            f"does not conform: {key} is {str(value)[:40]!r}; expected a whole number, 0 to {high}",
        )
    return value


def _number(path: Path, content: dict[str, Any], key: str) -> float:
    value = content.get(key, 0.0)
    if type(value) not in (int, float) or abs(value) > 1e300:
        raise metadata_error(path, f"does not conform: {key} is {str(value)[:40]!r}")
    return float(value)


def _sample_type(path: Path, info: dict[str, Any]) -> SampleType:
    if info.get("core:metadata_only"):
        raise RecordingError(path, "is metadata only, without samples", "Leave it out")
    name = info.get("core:datatype")
    try:
        sample_type = parse_sample_type(name if isinstance(name, str) else "")
    except UsageError:
        sample_type = None
    if sample_type is None or sample_type.name != name:
        raise metadata_error(
            path,
            f"does not conform: core:datatype is {str(name)[:40]!r}; expected one such as cf32_le",
        )
    return sample_type


def _carrier_hz(path: Path, segments: list[dict[str, Any]], options: ReadOptions) -> float:
    carriers = {_number(path, segment, "core:frequency") for segment in segments}
    if len(carriers) > 1 and not options.carrier_hz:
        raise RecordingError(
            path,
            f"has segments at {len(carriers)} frequencies: {sorted(carriers)[:6]} Hz",
            "Cut it where the frequency changes, or give the carrier",
        )
    return max(carriers, default=0.0)


def _samples(
    files: SigmfFiles,
    segments: list[dict[str, Any]],
    sample_type: SampleType,
    channels: int,
    first: int,
) -> Samples:
    """Return the samples without the headers and the trailer of a non-conforming dataset."""
    path = files.path
    size = files.size - _integer(path, files.meta["global"], "core:trailing_bytes", 0)
    item_bytes = sample_type.item.itemsize * channels

    def flat(offset: int, size: int) -> LazyArray:
        return flat_samples(files.data, sample_type, offset, size, channels, source=path)

    headers = [_integer(path, segment, "core:header_bytes", 0) for segment in segments]
    if not any(headers[1:]):
        return flat(files.offset + sum(headers), size - sum(headers))
    starts = [start - first for start in _starts(path, segments)]
    ends = [*starts[1:], (size - sum(headers)) // item_bytes]
    parts, offset = [], files.offset
    for start, end, header in zip(starts, ends, headers, strict=True):
        parts.append(flat(offset + header, (end - start) * item_bytes))
        offset += header + (end - start) * item_bytes
    if offset - files.offset != size:
        raise metadata_error(path, f"has {size} bytes; its segments have {offset}")
    return concatenate(parts)


def _starts(path: Path, segments: list[dict[str, Any]]) -> list[int]:
    starts = [_integer(path, segment, "core:sample_start", 0) for segment in segments]
    if starts != sorted(starts):
        raise metadata_error(path, "does not conform: its captures are not in order")
    return starts


def _breaks(path: Path, segments: list[dict[str, Any]], first: int) -> tuple[int, ...]:
    starts = _starts(path, segments)
    indices = [segment.get("core:global_index") for segment in segments]
    breaks = []
    for i in range(1, len(starts)):
        before, here = indices[i - 1], indices[i]
        if isinstance(before, int) and isinstance(here, int):
            if here - before == starts[i] - starts[i - 1]:
                continue
        breaks.append(starts[i] - first)
    return tuple(breaks)


def _marks(files: SigmfFiles, length: int, first: int) -> tuple[Mark, ...]:
    marks = []
    for annotation in _objects(files, "annotations"):
        label = annotation.get("core:label")
        if not isinstance(label, str) or not label:
            continue
        start = _integer(files.path, annotation, "core:sample_start", 0) - first
        count = _integer(files.path, annotation, "core:sample_count", max(length - start, 0))
        marks.append(Mark(start, min(start + count, length), label[:200]))
    return tuple(marks)
