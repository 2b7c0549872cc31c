"""SigMF recordings: ``.sigmf-meta`` beside ``.sigmf-data``, or both in a ``.sigmf`` archive.

Reference:
    Signal Metadata Format Specification, version 1.2: datatypes, captures, annotations,
    non-conforming datasets and archives.
"""

import hashlib
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radarseq.captures.capture import Capture, Mark, make_capture
from radarseq.captures.datatypes import Datatype, parse_datatype
from radarseq.captures.faults import CaptureFault
from radarseq.captures.raw import flat_samples
from radarseq.captures.reading import Reading
from radarseq.captures.stored import FlatFile, Joined, Samples
from radarseq.captures.walking import stays_in
from radarseq.errors import UsageError

META, DATA, ARCHIVE = ".sigmf-meta", ".sigmf-data", ".sigmf"
_LARGEST_META = 8 << 20
_MOST_MEMBERS = 64
_MOST_CHANNELS = 4096
_BLOCK = 1 << 20


@dataclass(frozen=True)
class _Recording:
    """The two parts of a recording: what is said, and where the samples are."""

    path: Path  # what faults are reported of
    meta: dict[str, Any]
    data: Path
    offset: int
    size: int


def read(path: Path, reading: Reading) -> Capture:
    """Return a recording, (step) or, with several channels, (step, channel).

    Labelled annotations become marks, from which windows take their labels. Where one capture
    segment ends and another begins, time is missing, unless their global indices join.

    Raises:
        CaptureFault: If metadata or samples are absent, malformed, altered or elsewhere.
    """
    if reading.variable:
        raise CaptureFault(path, "is SigMF and has no named arrays", "Leave variable out")
    recording = _archived(path) if path.suffix.lower() == ARCHIVE else _beside(path)
    said = _section(recording, recording.meta, "global", dict)
    kind = _datatype(recording, said)
    channels = _whole(recording, said, "core:num_channels", 1, most=_MOST_CHANNELS)
    if channels < 1:
        raise _fault(path, f"core:num_channels is {channels}; expected at least 1")
    _check_hash(recording, said)
    origin = _whole(recording, said, "core:offset", 0)
    segments = _listed(recording, "captures")
    samples = _samples(recording, said, segments, kind, channels, origin)
    return make_capture(
        path,
        kind.numbers(samples),
        reading,
        layout="step,channel" if channels > 1 else "step",
        layout_is_told=True,
        sample_interval_s=_interval_s(recording, said),
        carrier_hz=_carrier_hz(recording, segments, reading),
        full_scale=kind.full_scale,
        breaks=_breaks(recording, segments, origin),
        marks=_marks(recording, samples.shape[0], origin),
    )


def _fault(path: Path, reason: str) -> CaptureFault:
    return CaptureFault(path, reason, "Correct the metadata, or export the recording again")


def _beside(path: Path) -> _Recording:
    """Return the recording of which ``path`` is the metadata or the samples."""
    meta_path = path.with_suffix(META)
    if not meta_path.is_file():
        raise CaptureFault(path, f"has no metadata: {meta_path.name} is not there", "Add the file")
    with meta_path.open("rb") as file:
        meta = _parsed(path, file.read(_LARGEST_META + 1))
    name = meta.get("global", {}).get("core:dataset") if _has_global(meta) else None
    data = path.with_suffix(DATA)
    if name is not None:
        # Only a plain name: metadata from elsewhere must not choose any file on the machine.
        if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\\" in name:
            raise CaptureFault(
                path,
                f"core:dataset is {str(name)[:80]!r}, outside its folder; refused",
                "Put the samples beside the metadata and name the file alone",
            )
        data = path.with_name(name)
    if not stays_in(data, path.parent):
        raise CaptureFault(
            path, f"{data.name} is a link that leads out of the folder; refused", "Copy the file"
        )
    if not data.is_file():
        raise CaptureFault(path, f"has no samples: {data.name} is not there", "Add the file")
    return _Recording(path, meta, data, 0, data.stat().st_size)


def _archived(path: Path) -> _Recording:
    """Return the one recording in an archive, which is never unpacked."""
    try:
        with tarfile.open(path, "r:") as archive:
            members: list[tarfile.TarInfo] = []
            while (member := archive.next()) is not None:
                members.append(member)
                _check_member(path, member, len(members))
            found = [[m for m in members if m.name.endswith(end)] for end in (META, DATA)]
            if [len(names) for names in found] != [1, 1]:
                raise CaptureFault(
                    path,
                    f"holds {len(found[0])} metadata and {len(found[1])} sample files; expected "
                    "one of each",
                    "Unpack it, and read the recordings in it one by one",
                )
            file = archive.extractfile(found[0][0])
            text = b"" if file is None else file.read(_LARGEST_META + 1)
    except tarfile.TarError as fault:
        raise CaptureFault(
            path, f"is not a plain tar archive ({fault})", "Unpack it, or export it again"
        ) from fault
    data = found[1][0]
    if data.offset_data + data.size > path.stat().st_size:
        raise CaptureFault(path, "is cut short: it ends within the samples", "Copy it again")
    return _Recording(path, _parsed(path, text), path, data.offset_data, data.size)


def _check_member(path: Path, member: tarfile.TarInfo, count: int) -> None:
    name = Path(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise CaptureFault(
            path, f"holds {member.name[:80]!r}, outside itself; refused", "Leave it out"
        )
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise CaptureFault(
            path, f"holds {member.name[:80]!r}, which is no plain file; refused", "Leave it out"
        )
    if count > _MOST_MEMBERS:
        raise CaptureFault(path, f"holds more than {_MOST_MEMBERS} files", "Unpack it")


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    if len(text) > _LARGEST_META:
        raise _fault(path, f"has metadata of more than {_LARGEST_META} bytes")
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise _fault(path, f"has metadata that are not JSON ({fault})") from fault
    if not _has_global(meta):
        raise _fault(path, "does not conform: its metadata have no object 'global'")
    return meta


def _has_global(meta: Any) -> bool:
    return isinstance(meta, dict) and isinstance(meta.get("global"), dict)


def _section(recording: _Recording, content: dict[str, Any], key: str, kind: type) -> Any:
    value = content.get(key, kind())
    if not isinstance(value, kind):
        raise _fault(recording.path, f"does not conform: {key} is {type(value).__name__}")
    return value


def _listed(recording: _Recording, key: str) -> list[dict[str, Any]]:
    items = _section(recording, recording.meta, key, list)
    if not all(isinstance(item, dict) for item in items):
        raise _fault(recording.path, f"does not conform: {key} holds what is no object")
    return items


def _whole(
    recording: _Recording, content: dict[str, Any], key: str, default: int, most: int = 1 << 62
) -> int:
    value = content.get(key, default)
    if type(value) is not int or not 0 <= value <= most:
        raise _fault(
            recording.path,
            f"does not conform: {key} is {str(value)[:40]!r}; expected a whole number, 0 to {most}",
        )
    return value


def _real(recording: _Recording, content: dict[str, Any], key: str) -> float:
    value = content.get(key, 0.0)
    if type(value) not in (int, float) or abs(value) > 1e300:
        raise _fault(recording.path, f"does not conform: {key} is {str(value)[:40]!r}")
    return float(value)


def _datatype(recording: _Recording, said: dict[str, Any]) -> Datatype:
    if said.get("core:metadata_only"):
        raise CaptureFault(recording.path, "is metadata only, without samples", "Leave it out")
    name = said.get("core:datatype")
    try:
        kind = parse_datatype(name if isinstance(name, str) else "")
    except UsageError:
        kind = None
    if kind is None or kind.name != name:
        raise _fault(
            recording.path,
            f"does not conform: core:datatype is {str(name)[:40]!r}; expected one such as cf32_le",
        )
    return kind


def _check_hash(recording: _Recording, said: dict[str, Any]) -> None:
    expected = said.get("core:sha512")
    if expected is None:
        return
    digest, left = hashlib.sha512(), recording.size
    with recording.data.open("rb") as file:
        file.seek(recording.offset)
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
    if digest.hexdigest() != str(expected).lower():
        raise CaptureFault(
            recording.path,
            "has samples that do not have the checksum core:sha512: they are not those recorded",
            "Restore the samples from a copy",
        )


def _interval_s(recording: _Recording, said: dict[str, Any]) -> float:
    rate_hz = _real(recording, said, "core:sample_rate")
    if rate_hz < 0 or 0 < rate_hz < 1e-12:
        raise _fault(recording.path, f"gives a sample rate of {rate_hz:g} Hz")
    return 1 / rate_hz if rate_hz else 0.0


def _carrier_hz(recording: _Recording, segments: list[dict[str, Any]], reading: Reading) -> float:
    carriers = {_real(recording, segment, "core:frequency") for segment in segments}
    if len(carriers) > 1 and not reading.carrier_hz:
        raise CaptureFault(
            recording.path,
            f"has segments at {len(carriers)} frequencies: {sorted(carriers)[:6]} Hz",
            "Cut it where the frequency changes, or give the carrier",
        )
    return max(carriers, default=0.0)


def _samples(
    recording: _Recording,
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
        raise _fault(recording.path, f"has {size} bytes; its segments have {offset}")
    return Joined(tuple(parts))


def _starts(recording: _Recording, segments: list[dict[str, Any]]) -> list[int]:
    starts = [_whole(recording, segment, "core:sample_start", 0) for segment in segments]
    if starts != sorted(starts):
        raise _fault(recording.path, "does not conform: its captures are not in order")
    return starts


def _breaks(recording: _Recording, segments: list[dict[str, Any]], origin: int) -> tuple[int, ...]:
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


def _marks(recording: _Recording, length: int, origin: int) -> tuple[Mark, ...]:
    marks = []
    for note in _listed(recording, "annotations"):
        label = note.get("core:label")
        if not isinstance(label, str) or not label:
            continue
        start = _whole(recording, note, "core:sample_start", 0) - origin
        count = _whole(recording, note, "core:sample_count", max(length - start, 0))
        marks.append(Mark(start, min(start + count, length), label[:200]))
    return tuple(marks)
