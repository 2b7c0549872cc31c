"""Files that are whole or absent, and output folders that one process owns at a time."""

import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO

from radarseq.errors import DataError, OutputError

LOCK_NAME = ".lock"
TEMPORARY_SUFFIX = ".part"  # a leftover of a killed process; swept at the next start
UNFINISHED_MARK = ".unfinished"  # in a folder of work that starts anew: it may be emptied
SEAL = "seal"  # the key of a JSON file's own digest
_UNSEALED = "0" * 64  # in the seal's place while the digest is taken
_SEAL_END = _UNSEALED.encode() + b'"\n}\n'
_TEXT_SEAL = b"# as written: sha256 "
_BLOCK = 1 << 20
_LARGEST_JSON = 32 << 20
_MOST_VALUES = 1_000_000
_LARGEST_HOLES, _MOST_HOLLOW = 64 << 20, 8  # radarseq writes no holes; a disk may make some


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
    ours: list[Path] = []  # known before it is there: a signal may come at once
    try:
        with _new_file(path, ours) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        ours[0].replace(path)
    except OSError as fault:
        _remove(ours)
        raise OSError(fault.errno, fault.strerror, str(path)) from fault
    except BaseException:
        _remove(ours)
        raise
    _sync_folder(path.parent)


def _new_file(path: Path, ours: list[Path]) -> BinaryIO:
    """Open a new file beside ``path``: of two processes that write the same, each has its own."""
    ours.append(path.with_name(path.name + TEMPORARY_SUFFIX))
    try:
        return ours[0].open("xb")
    except FileExistsError:
        ours[0] = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}{TEMPORARY_SUFFIX}")
        return ours[0].open("xb")


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


def standing_folder(final: Path) -> Path:
    """Return where a folder stands: under its name, or aside while it is being replaced.

    For those who read without owning the run; only its owner may move folders.
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
    except OSError as fault:
        if fault.errno != errno.EINVAL:  # some network file systems sync no folders
            raise OSError(fault.errno, fault.strerror, str(folder)) from fault
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
    except OSError as fault:
        if fault.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "a symbolic link; refused", str(path)) from fault
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        stored = _stored_bytes(descriptor, status)
        if status.st_size > _LARGEST_HOLES and stored * _MOST_HOLLOW < status.st_size:
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
    if status.st_blocks * 512 * _MOST_HOLLOW >= status.st_size:
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
        except MemoryError as fault:
            raise OSError(errno.ENOMEM, "does not fit into memory", str(path)) from fault


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
        raise ValueError(f"{path}: {len(image)} bytes of JSON; expected at most {_LARGEST_JSON}")
    write_atomically(path, _with_seal(image, sha256_of(image).encode()))


def _with_seal(image: bytes, seal: bytes) -> bytes:
    return image[: -len(_SEAL_END)] + seal + b'"\n}\n'


def _is_moderate(image: bytes) -> bool:
    """Return whether JSON can be parsed in little time and memory, however it is nested."""
    values = sum(image.count(mark) for mark in b",[{")
    return len(image) <= _LARGEST_JSON and values <= _MOST_VALUES


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
            if size > _LARGEST_JSON:
                raise error(f"{path}: {size} bytes; expected at most {_LARGEST_JSON}")
            image = file.read()
    except FileNotFoundError as missing:
        raise error(f"{path}: not found") from missing
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror})") from fault
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
        raise error(f"{source}: holds more than {_MOST_VALUES} values; refused")
    try:
        content = json.loads(image)
    except (ValueError, RecursionError) as fault:
        raise error(f"{source}: not readable as JSON ({fault}); restore it from a copy") from fault
    if not isinstance(content, dict):
        raise error(f"{source}: holds a {type(content).__name__}; expected a JSON object")
    content.pop(SEAL, None)
    return content


def sealed_text(text: str) -> bytes:
    """Return a text, TOML for one, with a last line, a comment, that vouches for the others."""
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
    except OSError as fault:
        raise error(f"{path}: cannot be read ({fault.strerror})") from fault
    body = image[: -len(_TEXT_SEAL) - len(_UNSEALED) - 1]
    text = body.decode("utf-8", "replace")
    if sealed_text(text) != image:
        raise error(f"{path}: not as radarseq wrote it: altered or truncated")
    return text


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
            that holds nothing else, and the mark of such work, is emptied, unless ``resume``.

    Raises:
        OutputError: If it is not empty and ``resume`` is false, is not a folder, or another
            process works in it.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; expected a folder to write to. Choose another")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        held = [entry for entry in folder.iterdir() if entry.name != LOCK_NAME]
        if unfinished and not resume and _is_left_over(folder, held, unfinished):
            # The mark stays: a kill while the rest is removed must not leave a folder without one.
            _remove([entry for entry in held if entry.name != UNFINISHED_MARK])
            held = []
        if held and not resume:
            first = printable(min(entry.name for entry in held))
            raise OutputError(
                f"{folder}: not empty ({len(held)} entries, {first!r} among them). "
                "Choose another folder, or continue this one with --resume if it was interrupted"
            )
        sweep(folder)
        with _marked(folder) if unfinished else nullcontext():
            yield folder


def _is_left_over(folder: Path, held: list[Path], patterns: tuple[str, ...]) -> bool:
    """Return whether all that a folder holds is what killed work of this kind has left.

    The names alone do not tell: somebody's own ``summary.csv`` may lie there.
    """
    ours = (*patterns, "*" + TEMPORARY_SUFFIX, UNFINISHED_MARK)
    return (folder / UNFINISHED_MARK).exists() and all(
        any(fnmatch(entry.name, pattern) for pattern in ours) for entry in held
    )


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """Mark a folder as unfinished, until the work in it has ended well or has left nothing."""
    mark = folder / UNFINISHED_MARK
    mark.touch()
    try:
        yield
    except BaseException:
        if {entry.name for entry in folder.iterdir()} <= {UNFINISHED_MARK, LOCK_NAME}:
            mark.unlink()
        raise
    mark.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the kernel drops it however the process ends: none can go stale."""
    path = folder / LOCK_NAME
    while True:
        # Not truncated, and no link followed: what is there may not be ours.
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.fdopen(os.open(path, flags, 0o666), "r+b")
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
