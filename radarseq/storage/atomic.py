"""Atomic writing and safe reading of files: a file is whole or absent."""

import errno
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

TEMPORARY_SUFFIX = ".part"  # a leftover of a killed process; swept at the next start
_BLOCK = 1 << 20
_MAX_HOLES, _MAX_HOLLOW = 64 << 20, 8  # radarseq writes no holes; a disk may make some


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write ``content`` under ``path`` so that a reader sees all of it or nothing.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """Open ``path`` for writing: whole when the context has ended well, absent until then.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    temporary: list[Path] = []  # known before it is there: a signal may come at once
    try:
        with _new_file(path, temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary[0].replace(path)
    except OSError as cause:
        _remove(temporary)
        raise OSError(cause.errno, cause.strerror, str(path)) from cause
    except BaseException:
        _remove(temporary)
        raise
    _sync_folder(path.parent)


def _new_file(path: Path, temporary: list[Path]) -> BinaryIO:
    """Open a new file in the folder of ``path``; two processes never share one."""
    temporary.append(path.with_name(path.name + TEMPORARY_SUFFIX))
    try:
        return temporary[0].open("xb")
    except FileExistsError:
        temporary[0] = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}{TEMPORARY_SUFFIX}")
        return temporary[0].open("xb")


def replace_folder(temporary: Path, final: Path) -> None:
    """Put the finished folder ``temporary`` in the place of ``final``.

    A rename cannot replace a folder that is not empty, so the old one steps aside first; a kill in
    between leaves it under ``final`` + ".old", which ``recover_folder`` puts back.
    """
    old = final.with_name(final.name + ".old")
    recover_folder(final)
    for file in temporary.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    if final.exists():
        final.rename(old)
    temporary.rename(final)
    _sync_folder(final.parent)
    shutil.rmtree(old, ignore_errors=True)


def current_folder(final: Path) -> Path:
    """Return where a folder stands: under its name, or aside while it is being replaced.

    For readers that do not own the run; only its owner may move folders.
    """
    old = final.with_name(final.name + ".old")
    return old if old.exists() and not final.exists() else final


def recover_folder(final: Path) -> None:
    """Undo a ``replace_folder`` that was killed half-way, or end it."""
    old = final.with_name(final.name + ".old")
    if old.exists() and not final.exists():
        old.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as cause:
        if cause.errno != errno.EINVAL:  # some network file systems sync no folders
            raise OSError(cause.errno, cause.strerror, str(folder)) from cause
    finally:
        os.close(descriptor)


def sha256_of(content: bytes | memoryview) -> str:
    """Return the sha256 of bytes in memory, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file for reading.

    A link may lead out of a folder that came from elsewhere, a pipe or a device may never end,
    and a few bytes on a disk can claim to be a terabyte of zeros.

    Raises:
        OSError: If it cannot be opened, is not a plain file, or is nearly all holes.
    """
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
    except OSError as cause:
        if cause.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "a symbolic link; refused", str(path)) from cause
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        stored = _stored_bytes(descriptor, status)
        if status.st_size > _MAX_HOLES and stored * _MAX_HOLLOW < status.st_size:
            claim = f"{status.st_size} bytes long, with only {stored} of them stored; refused"
            raise OSError(errno.EFBIG, claim, str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _stored_bytes(descriptor: int, status: os.stat_result) -> int:
    """Return how many bytes of a file are not in holes.

    A file system that packs files needs fewer blocks than that: blocks alone are no proof.
    """
    if status.st_blocks * 512 * _MAX_HOLLOW >= status.st_size:
        return status.st_size
    stored = end = 0
    while end < status.st_size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError:  # holes up to the end
            break
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        stored += end - start
    os.lseek(descriptor, 0, os.SEEK_SET)
    return stored


def read_plain(path: Path) -> bytes:
    """Return the content of a plain file.

    Raises:
        OSError: If it cannot be read, is not a plain file, or does not fit into memory.
    """
    with open_plain(path) as file:
        try:
            return file.read()
        except MemoryError as cause:
            raise OSError(errno.ENOMEM, "does not fit into memory", str(path)) from cause


def sha256_file(path: Path) -> str:
    """Return the sha256 of a plain file, in hexadecimal.

    Raises:
        OSError: If it cannot be read, or is not a plain file.
    """
    digest = hashlib.sha256()
    with open_plain(path) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def printable(text: str | Path) -> str:
    r"""Return a path or a part of one as valid Unicode.

    A file name need not be UTF-8; its other bytes become ``\xNN``, so that the name can be
    printed, and stored in JSON and HDF5, and two names stay two.
    """
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _remove(entries: list[Path]) -> None:
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)
