"""Finds the two files of a SigMF recording, without leaving its folder or its archive."""

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
class SigmfFiles:
    """Metadata and samples of a recording.

    Attributes:
        path: The file that errors name.
        meta: The metadata, whose ``global`` is an object.
        data: The file with the samples.
        offset: Bytes before the first sample.
        size: Bytes of samples.
    """

    path: Path
    meta: dict[str, Any]
    data: Path
    offset: int
    size: int


def metadata_error(path: Path, reason: str) -> RecordingError:
    """Return the error to raise for wrong metadata."""
    return RecordingError(path, reason, "Correct the metadata, or export the recording again")


def find_pair(path: Path) -> SigmfFiles:
    """Return the recording whose metadata or samples are at ``path``.

    Raises:
        RecordingError: If one of the two is missing, malformed, or elsewhere.
    """
    meta_path = path.with_suffix(META)
    if not meta_path.is_file():
        raise RecordingError(path, f"has no metadata: {meta_path.name} is missing", "Add the file")
    if meta_path != path:
        _check_inside(path, meta_path)
    with meta_path.open("rb") as file:
        meta = _parse(path, file.read(_MAX_META + 1))
    name = meta["global"].get("core:dataset")
    data = path.with_suffix(DATA)
    if name is not None:
        # Only a plain name: metadata from elsewhere must not choose any file on the machine.
        if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or "\\" in name:
            raise RecordingError(
                path,
                f"core:dataset is {str(name)[:80]!r}, outside its folder; refused",
                "Put the samples into the folder of the metadata, and give their file name alone",
            )
        data = path.with_name(name)
    _check_inside(path, data)
    if not data.is_file():
        raise RecordingError(path, f"has no samples: {data.name} is missing", "Add the file")
    return SigmfFiles(path, meta, data, 0, data.stat().st_size)


def _check_inside(path: Path, half: Path) -> None:
    if not stays_in(half, path.parent):
        reason = f"{half.name} is a link that leads out of the folder; refused"
        raise RecordingError(path, reason, "Copy the file")


def find_in_archive(path: Path) -> SigmfFiles:
    """Return the one recording in an archive, which is not unpacked.

    Raises:
        RecordingError: If it is not a plain archive, does not hold one recording, or has a member
            outside itself.
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
                    "Unpack it, and read its recordings one by one",
                )
            file = archive.extractfile(found[0][0])
            text = b"" if file is None else file.read(_MAX_META + 1)
    except tarfile.TarError as error:
        raise RecordingError(
            path, f"is not a plain tar archive ({error})", "Unpack it, or export it again"
        ) from error
    data = found[1][0]
    if data.offset_data + data.size > path.stat().st_size:
        raise RecordingError(path, "is cut short: it ends within the samples", "Copy it again")
    return SigmfFiles(path, _parse(path, text), path, data.offset_data, data.size)


def _check_member(path: Path, member: tarfile.TarInfo, count: int) -> None:
    name = Path(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise RecordingError(
            path, f"holds {member.name[:80]!r}, outside itself; refused", "Leave it out"
        )
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise RecordingError(
            path, f"holds {member.name[:80]!r}, which is not a plain file; refused", "Leave it out"
        )
    if count > _MAX_MEMBERS:
        raise RecordingError(path, f"holds more than {_MAX_MEMBERS} files", "Unpack it")


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    if len(text) > _MAX_META:
        raise metadata_error(path, f"has metadata of more than {_MAX_META} bytes")
    try:
        meta = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise metadata_error(path, f"has metadata that are not JSON ({error})") from error
    if not (isinstance(meta, dict) and isinstance(meta.get("global"), dict)):
        raise metadata_error(path, "does not conform: its metadata have no object 'global'")
    return meta


def check_hash(files: SigmfFiles) -> None:
    """Verify the checksum of the samples, if the metadata give one.

    Raises:
        RecordingError: If the samples have another checksum.
    """
    expected = files.meta["global"].get("core:sha512")
    if expected is None:
        return
    digest, left = hashlib.sha512(), files.size
    with files.data.open("rb") as file:
        file.seek(files.offset)
        while left and (block := file.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
    if digest.hexdigest() != str(expected).lower():
        raise RecordingError(
            files.path,
            "has samples with another checksum than core:sha512: they are not those recorded",
            "Restore the samples from a copy",
        )
