"""Which recordings are among files and folders, in a fixed order."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from radarseq.captures.checks.links import stays_in
from radarseq.captures.errors import Failure
from radarseq.captures.readers import digital_rf, sigmf_files
from radarseq.captures.readers.registry import READERS

OUTSIDE = "a link that leads out of the folder"
_HINT = "Copy it into the folder, or name it by itself"


def walk(
    paths: Iterable[Path],
    is_recording: Callable[[Path], bool],
    is_recorded_folder: Callable[[Path], bool],
) -> tuple[list[Path], list[Failure]]:
    """Return the recordings, each once, and the links that were passed over.

    A folder is walked through, and gives its recordings, sorted; hidden files, and links that lead
    out of it, are passed over. A path that is not a folder is returned as it is, whether or not it
    can be read.

    Args:
        paths: Files and folders.
        is_recording: Whether a file in a folder is one.
        is_recorded_folder: Whether a folder is one recording as a whole.
    """
    found: dict[Path, Path] = {}
    refused: list[Failure] = []
    for path in paths:
        if _is_folder(path) and not is_recorded_folder(path):
            files = _below(path, is_recording, is_recorded_folder, refused)
        else:
            files = [path]
        for file in files:
            found.setdefault(file.absolute(), file)
    return list(found.values()), refused


def _below(
    folder: Path,
    is_recording: Callable[[Path], bool],
    is_recorded_folder: Callable[[Path], bool],
    refused: list[Failure],
) -> list[Path]:
    files: list[Path] = []

    def unreadable(fault: OSError) -> None:
        reason = f"a folder that cannot be opened ({fault.strerror})"
        refused.append(Failure(Path(fault.filename), reason, "Check its permissions"))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        links = [Path(parent, name) for name in folders if Path(parent, name).is_symlink()]
        known = [Path(parent, name) for name in names if not name.startswith(".")]
        known = [path for path in known if is_recording(path)]
        whole = [Path(parent, name) for name in folders if not Path(parent, name).is_symlink()]
        whole = [path for path in whole if is_recorded_folder(path)]
        folders[:] = [name for name in folders if Path(parent, name) not in whole]
        outside = [path for path in links + known if not stays_in(path, folder)]
        refused += [Failure(path, OUTSIDE, _HINT) for path in outside]
        files += whole + [path for path in known if path not in outside]
    return sorted(files)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # a name that is too long, say: reading it will give the reason


def find_captures(paths: Iterable[Path]) -> list[Path]:
    """Return the recordings among files and folders, in a fixed order, each once.

    A folder is walked through, and gives the files with a known suffix, sorted; hidden files, and
    links that lead out of it, are passed over. A folder that is a Digital RF channel is one
    recording. A path that is not a folder is returned as it is, whether or not it can be read.
    """
    return walk_captures(paths)[0]


def walk_captures(paths: Iterable[Path]) -> tuple[list[Path], list[Failure]]:
    """Return what ``find_captures`` does, and the links that were passed over."""
    return walk(paths, _is_recording, digital_rf.is_channel)


def _is_recording(path: Path) -> bool:
    suffix = path.suffix.lower()
    # The samples of SigMF go with their metadata, and so does a channel's description.
    return suffix in READERS and suffix != sigmf_files.DATA and not digital_rf.is_part(path)
