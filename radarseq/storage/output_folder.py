"""Output folders that one process owns at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from fnmatch import fnmatch
from pathlib import Path

from radarseq.errors import OutputError
from radarseq.storage.atomic import TEMPORARY_SUFFIX, _remove, printable

LOCK_NAME = ".lock"

UNFINISHED_MARK = ".unfinished"  # in a folder of work that starts anew: it may be emptied


@contextmanager
def output_folder(
    folder: Path, *, resume: bool = False, unfinished: tuple[str, ...] = ()
) -> Iterator[Path]:
    """Own ``folder`` for the length of the context: make it, lock it, sweep leftovers.

    Args:
        folder: Taken exactly as it is given; made if absent.
        resume: Whether to continue with its present content.
        unfinished: Patterns of the files that a killed process of this kind may leave. A folder
            that holds only these and the mark of unfinished work is emptied, unless ``resume``.

    Raises:
        OutputError: If it is not empty and ``resume`` is false, is not a folder, or another
            process works in it.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; expected a folder to write to. Choose another")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        entries = [entry for entry in folder.iterdir() if entry.name != LOCK_NAME]
        if unfinished and not resume and _is_left_over(folder, entries, unfinished):
            # The mark stays: a kill while the rest is removed must not leave a folder without one.
            _remove([entry for entry in entries if entry.name != UNFINISHED_MARK])
            entries = []
        if entries and not resume:
            first = printable(min(entry.name for entry in entries))
            raise OutputError(
                f"{folder}: not empty ({len(entries)} entries, {first!r} among them). "
                "Choose another folder, or continue this one with --resume if it was interrupted"
            )
        sweep(folder)
        with _marked(folder) if unfinished else nullcontext():
            yield folder


def _is_left_over(folder: Path, entries: list[Path], patterns: tuple[str, ...]) -> bool:
    """Return whether a folder holds only files that a killed process of this kind has left.

    Names alone are no proof: a user's own ``summary.csv`` may lie there.
    """
    expected = (*patterns, "*" + TEMPORARY_SUFFIX, UNFINISHED_MARK)
    return (folder / UNFINISHED_MARK).exists() and all(
        any(fnmatch(entry.name, pattern) for pattern in expected) for entry in entries
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
        # Not truncated, and no link followed: the file may be a user's.
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
    """Remove half-written files of killed processes below ``folder``."""
    _remove(list(folder.rglob("*" + TEMPORARY_SUFFIX)))
