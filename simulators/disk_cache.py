"""Cache on disk for arrays that take long to compute.

A file is named by a digest of everything that its content depends on, begins with a digest of that
content, and appears whole by one rename: processes may share the folder, and a damaged file is
computed again. The cache changes how long a result takes, never the result. The folder is
``RADARSEQ_CACHE``, else ``radarseq`` under ``XDG_CACHE_HOME`` or ``~/.cache``; nothing is saved
if it cannot be written.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_FOLDER_BYTES = 1 << 30  # beyond, the least recently used files are removed
_SUFFIX = ".table"
_DIGEST_BYTES = 32


def cache_folder() -> Path:
    """Return the folder of the cache; it need not exist."""
    if named := os.environ.get("RADARSEQ_CACHE"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "radarseq"


def key_of(*parts: Any) -> str:
    """Return a digest of everything that an array depends on: text, numbers, arrays."""
    key = hashlib.sha256()
    for part in parts:
        key.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return key.hexdigest()


def cached(
    key: str,
    shape: tuple[int, ...],
    dtype: type,
    make: Callable[[], NDArray[Any]],
) -> NDArray[Any]:
    """Return ``make()``, read from disk if it was computed before.

    Args:
        key: ``key_of`` everything that the array depends on, except its shape and dtype.
        shape: Its shape.
        dtype: Its dtype.
        make: Computes it.
    """
    file = cache_folder() / (key_of(shape, np.dtype(dtype).str, key) + _SUFFIX)
    found = _read(file, shape, dtype)
    if found is None:
        found = np.ascontiguousarray(make(), dtype=dtype)
        with contextlib.suppress(OSError):  # a full or read-only disk costs time, not results
            _write(file, found.tobytes())
            _evict(file.parent)
    return found


def _read(file: Path, shape: tuple[int, ...], dtype: type) -> NDArray[Any] | None:
    try:
        image = file.read_bytes()
        os.utime(file)
    except OSError:
        return None
    body = memoryview(image)[_DIGEST_BYTES:]
    if hashlib.sha256(body).digest() != image[:_DIGEST_BYTES]:
        return None
    values = np.frombuffer(body, dtype=dtype)
    return values.reshape(shape).copy() if values.size == np.prod(shape) else None


def _write(file: Path, body: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(hashlib.sha256(body).digest())
            part.write(body)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _evict(folder: Path) -> None:
    """Remove the least recently used files beyond ``MAX_FOLDER_BYTES`` in all."""
    files = []
    for file in folder.glob("*" + _SUFFIX):
        with contextlib.suppress(FileNotFoundError):  # another process may evict too
            status = file.stat()
            files.append((status.st_mtime, status.st_size, file))
    total = 0
    for _, size, file in sorted(files, reverse=True):
        total += size
        if total > MAX_FOLDER_BYTES:
            file.unlink(missing_ok=True)
