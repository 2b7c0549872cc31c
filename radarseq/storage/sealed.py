"""JSON and text files that carry their own digest."""

import json
import os
from pathlib import Path
from typing import Any

from radarseq.errors import DataError
from radarseq.storage.atomic import open_plain, read_plain, sha256_of, write_atomically

SEAL = "seal"  # the key of a JSON file's own digest

_UNSEALED = "0" * 64  # in the seal's place while the digest is taken

_SEAL_END = _UNSEALED.encode() + b'"\n}\n'

_TEXT_SEAL = b"# as written: sha256 "

_MAX_JSON = 32 << 20

_MAX_VALUES = 1_000_000


def canonical_sha256(content: dict[str, Any]) -> str:
    """Return the sha256 of plain JSON values, the same for any order of the keys."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256_of(canonical.encode())


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` as readable JSON under a seal, atomically.

    The seal is the file's last value: the sha256 of the file with 64 zeros in the seal's place.

    Raises:
        ValueError: If a number is not finite, or there is more than ``read_json`` takes.
    """
    rest = {key: value for key, value in content.items() if key != SEAL}
    text = json.dumps(rest | {SEAL: _UNSEALED}, indent=1, ensure_ascii=False, allow_nan=False)
    image = (text + "\n").encode("utf-8", "backslashreplace")
    if not _is_moderate(image):
        raise ValueError(f"{path}: {len(image)} bytes of JSON; expected at most {_MAX_JSON}")
    write_atomically(path, _with_seal(image, sha256_of(image).encode()))


def _with_seal(image: bytes, seal: bytes) -> bytes:
    return image[: -len(_SEAL_END)] + seal + b'"\n}\n'


def _is_moderate(image: bytes) -> bool:
    """Return whether JSON can be parsed in little time and memory, however it is nested."""
    values = sum(image.count(mark) for mark in b",[{")
    return len(image) <= _MAX_JSON and values <= _MAX_VALUES


def read_json(path: Path, error: type[DataError]) -> dict[str, Any]:
    """Return the object in a JSON file that ``write_json`` wrote.

    Nothing is parsed before the seal has been found to hold.

    Raises:
        DataError: Of the class ``error``, if the file is absent, too large, not a JSON object, or
            not byte for byte what was written.
    """
    try:
        with open_plain(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > _MAX_JSON:
                raise error(f"{path}: {size} bytes; expected at most {_MAX_JSON}")
            image = file.read()
    except FileNotFoundError as missing:
        raise error(f"{path}: not found") from missing
    except OSError as cause:
        raise error(f"{path}: cannot be read ({cause.strerror})") from cause
    seal = image[-len(_SEAL_END) : -len(b'"\n}\n')]
    unsealed = _with_seal(image, _UNSEALED.encode())
    if len(seal) != len(_UNSEALED) or _with_seal(image, sha256_of(unsealed).encode()) != image:
        raise error(
            f"{path}: not as radarseq wrote it: altered, truncated, or something else. "
            "Restore it from a copy"
        )
    return parse_json(image, str(path), error)


def parse_json(image: bytes, source: str, error: type[DataError]) -> dict[str, Any]:
    """Return the object in JSON bytes, without the seal; ``source`` names them in errors.

    Raises:
        DataError: Of the class ``error``, if they are not a JSON object, or absurdly large.
    """
    if not _is_moderate(image):
        raise error(f"{source}: holds more than {_MAX_VALUES} values; refused")
    try:
        content = json.loads(image)
    except (ValueError, RecursionError) as cause:
        raise error(f"{source}: not readable as JSON ({cause}); restore it from a copy") from cause
    if not isinstance(content, dict):
        raise error(f"{source}: holds a {type(content).__name__}; expected a JSON object")
    content.pop(SEAL, None)
    return content


def sealed_text(text: str) -> bytes:
    """Return a text (TOML, say) with a last comment line that holds the digest of the others."""
    body = text.encode("utf-8", "backslashreplace")
    return body + _TEXT_SEAL + sha256_of(body).encode() + b"\n"


def read_sealed_text(path: Path, error: type[DataError]) -> str:
    """Return a text that ``sealed_text`` sealed, with its last line.

    Raises:
        DataError: Of the class ``error``, if it is absent or not byte for byte what was written.
    """
    try:
        image = read_plain(path)
    except FileNotFoundError as missing:
        raise error(f"{path}: not found") from missing
    except OSError as cause:
        raise error(f"{path}: cannot be read ({cause.strerror})") from cause
    body = image[: -len(_TEXT_SEAL) - len(_UNSEALED) - 1]
    text = body.decode("utf-8", "replace")
    if sealed_text(text) != image:
        raise error(f"{path}: not as radarseq wrote it: altered or truncated")
    return text
