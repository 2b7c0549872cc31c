"""Seals exported captures: the comment of the zip archive holds a digest of all before it.

A zip archive has checksums of its members, not of its own directory, and a flipped bit there can
hide an array. Exported captures are recognised by their first member or by their comment, so that
no single error hides both.
"""

from pathlib import Path

from radarseq.captures.errors import RecordingError
from radarseq.storage.atomic import open_plain, sha256_of

MEMBER = "radarseq_capture"  # the first array: the version of the format
CAPTURE_FORMAT = 1
_NAME_OFFSET = 30  # in a zip archive, of the first member
_MARK = b"radarseq capture, sha256 "
_COMMENT = len(_MARK) + 64


def seal_archive(archive: bytes) -> bytes:
    """Return a zip archive without a comment with one that holds the digest of all before it."""
    body = archive[:-2] + _COMMENT.to_bytes(2, "little") + _MARK
    return body + sha256_of(body).encode()


def check_seal(path: Path) -> None:
    """Refuse an exported capture that differs from what was written.

    Raises:
        RecordingError: If it is altered or truncated. Archives without a seal pass.
    """
    with open_plain(path.resolve()) as file:
        head = file.read(_NAME_OFFSET + len(MEMBER))
        file.seek(max(0, path.stat().st_size - _COMMENT))
        tail = file.read(_COMMENT)
        if not (head.endswith(MEMBER.encode()) or tail.startswith(_MARK)):
            return
        file.seek(0)
        content = file.read()
    if content[-64:] != sha256_of(memoryview(content)[:-64]).encode():
        raise RecordingError(path, "is altered or truncated", "Export it again")
