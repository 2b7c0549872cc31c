"""Files that are whole or absent, and output folders that one process owns at a time."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from radarseq.errors import DataError, OutputError

LOCK_NAME = ".lock"
TEMPORARY_SUFFIX = ".part"  # a leftover of a killed process; swept at the next start
SEAL = "seal"  # the key of a JSON file's own digest
_BLOCK = 1 << 20
_LARGEST_JSON = 64 << 20


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write ``content`` under ``path`` so that a reader sees all of it or nothing.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as fault:
        temporary.unlink(missing_ok=True)
        raise OSError(fault.errno, fault.strerror, str(path)) from fault
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def replace_folder(temporary: Path, final: Path) -> None:
    """Put the finished folder ``temporary`` in the place of ``final``.

    A rename cannot replace a folder that is not empty, so the old one steps aside first; a kill in
    between leaves it under ``final`` + ".old", which ``recover_folder`` puts back.
    """
    old = final.with_name(final.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    for file in temporary.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    if final.exists():
        final.rename(old)
    temporary.rename(final)
    _sync_folder(final.parent)
    shutil.rmtree(old, ignore_errors=True)


def standing_folder(final: Path) -> Path:
    """Return where a folder stands: under its name, or aside while it is being replaced.

    For those who read without owning the run; only its owner may move folders.
    """
    old = final.with_name(final.name + ".old")
    return old if old.exists() and not final.exists() else final


def recover_folder(final: Path) -> None:
    """Undo a ``replace_folder`` that was killed half-way."""
    old = final.with_name(final.name + ".old")
    if old.exists() and not final.exists():
        old.rename(final)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(content: bytes | memoryview) -> str:
    """Return the sha256 of bytes in memory, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write ``content`` as readable JSON under a seal, atomically."""
    sealed = content | {SEAL: _seal_of(content)}
    text = json.dumps(sealed, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode("utf-8", "backslashreplace"))


def _seal_of(content: dict[str, Any]) -> str:
    """Return the digest of the values, whatever the layout of the file that holds them."""
    return canonical_sha256({key: value for key, value in content.items() if key != SEAL})


def canonical_sha256(content: dict[str, Any]) -> str:
    """Return the sha256 of plain JSON values, the same for any order of the keys."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256_of(canonical.encode())


def read_json(path: Path, error: type[DataError]) -> dict[str, Any]:
    """Return the object in a JSON file that ``write_json`` wrote.

    Raises:
        DataError: Of the class ``error``, if the file is absent, too large, not a JSON object, or
            no longer what was written.
    """
    try:
        if path.stat().st_size > _LARGEST_JSON:
            raise error(f"{path}: {path.stat().st_size} bytes; expected at most {_LARGEST_JSON}")
        content = json.loads(path.read_bytes())
    except FileNotFoundError as missing:
        raise error(f"{path}: not found") from missing
    except (OSError, ValueError, RecursionError) as fault:
        raise error(f"{path}: not readable as JSON ({fault}); restore it from a copy") from fault
    if not isinstance(content, dict):
        raise error(f"{path}: holds a {type(content).__name__}; expected a JSON object")
    try:
        intact = content.pop(SEAL, None) == _seal_of(content)
    except ValueError:  # NaN or Infinity, which are never written
        intact = False
    if not intact:
        raise error(f"{path}: altered: its values do not have the digest that seals it")
    return content


def printable(text: str | Path) -> str:
    r"""Return a path or a part of one as valid Unicode.

    A file name need not be UTF-8; its other bytes become ``\xNN``, so that the name can be
    printed, and stored in JSON and HDF5, and two names stay two.
    """
    return os.fsencode(text).decode("utf-8", "backslashreplace")


@contextmanager
def output_folder(
    folder: Path, *, resume: bool = False, unfinished: tuple[str, ...] = ()
) -> Iterator[Path]:
    """Own ``folder`` for the length of the context: make it, lock it, sweep leftovers.

    Args:
        folder: Taken exactly as it is given; made if absent.
        resume: Whether what it holds already is to be continued.
        unfinished: Patterns of what a killed process may leave of work that starts anew: a folder
            that holds nothing else is emptied.

    Raises:
        OutputError: If it is not empty and ``resume`` is false, is not a folder, or another
            process works in it.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; expected a folder to write to. Choose another")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        held = [entry for entry in folder.iterdir() if entry.name != LOCK_NAME]
        ours = (*unfinished, "*" + TEMPORARY_SUFFIX)
        if unfinished and all(any(fnmatch(e.name, pattern) for pattern in ours) for e in held):
            _remove(held)
            held = []
        if held and not resume:
            first = printable(min(entry.name for entry in held))
            raise OutputError(
                f"{folder}: not empty ({len(held)} entries, {first!r} among them). "
                "Choose another folder, or continue this one with --resume if it was interrupted"
            )
        sweep(folder)
        yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel drops it however the process ends: none can go stale."""
    path = folder / LOCK_NAME
    while True:
        lock = path.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            lock.close()
            raise OutputError(
                f"{folder}: another process is writing here. Wait for it, or choose another folder"
            ) from taken
        # The holder before us removes the file: a lock on a removed file keeps nobody out.
        try:
            if path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
                break
        except FileNotFoundError:
            pass
        lock.close()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        lock.close()


def sweep(folder: Path) -> None:
    """Remove what a killed process left half-written below ``folder``."""
    _remove(list(folder.rglob("*" + TEMPORARY_SUFFIX)))


def _remove(entries: list[Path]) -> None:
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
