"""Which reader a file goes to, and which files are in a folder."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from radarseq.captures import acconeer, arrays, delimited, hdf5, matlab
from radarseq.captures.capture import Capture
from radarseq.captures.faults import CaptureFault, Failure
from radarseq.captures.reading import AS_WRITTEN, Reading
from radarseq.errors import RadarseqError


def _read_hdf5(path: Path, reading: Reading) -> Capture:
    # A named array is read as it stands; without a name the file must be of a known vendor.
    return (hdf5.read if reading.variable else acconeer.read)(path, reading)


READERS: dict[str, Callable[[Path, Reading], Capture]] = {
    ".csv": delimited.read,
    ".tsv": delimited.read,
    ".mat": matlab.read,
    ".npy": arrays.read,
    ".npz": arrays.read,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
}


def read_capture(path: Path, reading: Reading = AS_WRITTEN) -> Capture:
    """Return a recording in memory.

    Raises:
        CaptureFault: If it cannot be read in this way; the message says why and what to do.
    """
    if not path.is_file():
        raise CaptureFault(path, "is not there, or not a plain file", "Check the path")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise CaptureFault(
            path,
            f"no reader for {path.suffix or 'a file without a suffix'}; "
            f"expected one of {', '.join(READERS)}",
            "Convert it, or leave it out",
        )
    try:
        return reader(path, reading)
    except RadarseqError:
        raise
    except Exception as fault:
        # A malformed file makes foreign parsers raise almost anything; none of it may end a batch.
        reason = f"cannot be read as {path.suffix.lower()} ({type(fault).__name__}: {fault})"
        raise CaptureFault(path, reason, "Restore it from a copy, or leave it out") from fault


def find_captures(paths: Iterable[Path]) -> list[Path]:
    """Return the recordings among files and folders, in a fixed order, each once.

    A folder is walked through, and gives the files with a known suffix, sorted; hidden files, and
    links that lead out of it, are passed over. A path that is not a folder is returned as it is,
    whether or not it can be read.
    """
    return walk_captures(paths)[0]


def walk_captures(paths: Iterable[Path]) -> tuple[list[Path], list[Failure]]:
    """Return what ``find_captures`` does, and the links that were passed over."""
    found: dict[Path, Path] = {}
    refused: list[Failure] = []
    for path in paths:
        for file in _below(path, refused) if _is_folder(path) else [path]:
            found.setdefault(file.absolute(), file)
    return list(found.values()), refused


def _below(folder: Path, refused: list[Failure]) -> list[Path]:
    files: list[Path] = []

    def unreadable(fault: OSError) -> None:
        reason = f"a folder that cannot be opened ({fault.strerror})"
        refused.append(Failure(Path(fault.filename), reason, "Check its permissions"))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
        known = [Path(parent, name) for name in names if not name.startswith(".")]
        known = [path for path in known if path.suffix.lower() in READERS]
        outside = [path for path in links + known if not _stays_in(path, folder)]
        remedy = "Copy it into the folder, or name it by itself"
        refused += [
            Failure(path, "a link that leads out of the folder", remedy) for path in outside
        ]
        files += [path for path in known if path not in outside]
    return sorted(files)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # a name that is too long, say: reading it will give the reason


def _stays_in(path: Path, folder: Path) -> bool:
    return not path.is_symlink() or path.resolve().is_relative_to(folder.resolve())
