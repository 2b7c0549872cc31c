"""The two parts of a SigMF recording, found without leaving its folder or its archive."""

import hashlib
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radarseq.captures.checks.links import stays_in
from radarseq.captures.errors import RecordingError

META, DATA, ARCHIVE = ".sigmf-meta", ".sigmf-data", ".sigmf"
_MAX_META = 8 << 20
_MAX_MEMBERS = 64
_BLOCK = 1 << 20


@dataclass(frozen=True)
class SigmfRecording:
    """The two parts of a recording.

    Attributes:
        path: The file that faults are reported of.
        meta: What is said, whose ``global`` is an object.
        data: The file with the samples.
        offset: Where in it they begin, in bytes.
        size: How many bytes of it are theirs.
    """

    path: Path
    meta: dict[str, Any]
    data: Path
    offset: int
    size: int


def metadata_issue(path: Path, reason: str) -> RecordingError:
    """Return what to raise when the metadata are at fault."""
    return RecordingError(path, reason, "Correct the metadata, or export the recording again")


def _outside(path: Path, half: Path) -> RecordingError:
    reason = f"{half.name} is a link that leads out of the folder; refused"
    return RecordingError(path, reason, "Copy the file")


def beside(path: Path) -> SigmfRecording:
    """Return the recording of which ``path`` is the metadata or the samples.

    Raises:
        CaptureFault: If a half is absent, malformed, or elsewhere.
    """
    meta_path = path.with_suffix(META)
    if not meta_path.is_file():
        raise RecordingError(
            path, f"has no metadata: {meta_path.name} is not there", "Add the file"
        )
    if meta_path != path and not stays_in(meta_path, path.parent):
        raise _outside(path, meta_path)
    with meta_path.open("rb") as file:
        meta = _parsed(path, file.read(_MAX_META + 1))
    name = meta.get("global", {}).get("core:dataset") if _has_global(meta) else None
    data = path.with_suffix(DATA)
    if name is not None:
        # Only a plain name: metadata from elsewhere must not choose any file on the machine.
        if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\\" in name:
            raise RecordingError(
                path,
                f"core:dataset is {str(name)[:80]!r}, outside its folder; refused",
                "Put the samples beside the metadata and name the file alone",
            )
        data = path.with_name(name)
    if not stays_in(data, path.parent):
        raise _outside(path, data)
    if not data.is_file():
        raise RecordingError(path, f"has no samples: {data.name} is not there", "Add the file")
    return SigmfRecording(path, meta, data, 0, data.stat().st_size)


def archived(path: Path) -> SigmfRecording:
    """Return the one recording in an archive, which is never unpacked.

    Raises:
        CaptureFault: If it is no plain archive, holds another number of recordings, or reaches out.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            members: list[tarfile.TarInfo] = []
            while (member := archive.next()) is not None:
                members.append(member)
                _check_member(path, member, len(members))
            found = [[m for m in members if m.name.endswith(end)] for end in (META, DATA)]
            if [len(names) for names in found] != [1, 1]:
                raise RecordingError(
                    path,
                    f"holds {len(found[0])} metadata and {len(found[1])} sample files; expected "
                    "one of each",
                    "Unpack it, and read the recordings in it one by one",
                )
            file = archive.extractfile(found[0][0])
            text = b"" if file is None else file.read(_MAX_META + 1)
    except tarfile.TarError as fault:
        raise RecordingError(
            path, f"is not a plain tar archive ({fault})", "Unpack it, or export it again"
        ) from fault
    data = found[1][0]
    if data.offset_data + data.size > path.stat().st_size:
        raise RecordingError(path, "is cut short: it ends within the samples", "Copy it again")
    return SigmfRecording(path, _parsed(path, text), path, data.offset_data, data.size)


def _check_member(path: Path, member: tarfile.TarInfo, count: int) -> None:
    name = Path(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise RecordingError(
            path, f"holds {member.name[:80]!r}, outside itself; refused", "Leave it out"
        )
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise RecordingError(
            path, f"holds {member.name[:80]!r}, which is no plain file; refused", "Leave it out"
        )
    if count > _MAX_MEMBERS:
        raise RecordingError(path, f"holds more than {_MAX_MEMBERS} files", "Unpack it")


def _parsed(path: Path, text: bytes) -> dict[str, Any]:
    if len(text) > _MAX_META:
        raise metadata_issue(path, f"has metadata of more than {_MAX_META} bytes")
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise metadata_issue(path, f"has metadata that are not JSON ({fault})") from fault
    if not _has_global(meta):
        raise metadata_issue(path, "does not conform: its metadata have no object 'global'")
    return meta


def _has_global(meta: Any) -> bool:
    return isinstance(meta, dict) and isinstance(meta.get("global"), dict)


def check_hash(recording: SigmfRecording, said: dict[str, Any]) -> None:
    """Verify the samples' checksum, if the metadata give one.

    Raises:
        CaptureFault: If the samples are not those that were recorded.
    """
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
        raise RecordingError(
            recording.path,
            "has samples that do not have the checksum core:sha512: they are not those recorded",
            "Restore the samples from a copy",
        )
