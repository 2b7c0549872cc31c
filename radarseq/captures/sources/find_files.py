"""Finds the recordings among files and folders, in a fixed order."""

import os
from collections.abc import Iterable
from pathlib import Path

from radarseq.captures.checks.links import stays_in
from radarseq.captures.errors import Failure
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.readers.registry import is_recording_folder, is_recording_name


def find_recordings(
    paths: Iterable[Path], options: ReadOptions = AS_WRITTEN
) -> tuple[list[Path], list[Failure]]:
    """Return the recordings among files and folders, each once, and what was refused.

    A folder is searched for files with a known suffix, sorted, and for folders that are one
    recording as a whole. Hidden files are skipped; links that lead out of it are refused. Any
    other path is returned as it is, whether or not it can be read. The table of labels is not a
    recording.
    """
    found: dict[Path, Path] = {}
    refused: list[Failure] = []
    for path in paths:
        for file in _search(path, refused) if _is_plain_folder(path) else [path]:
            found.setdefault(file.absolute(), file)
    if options.labels:
        found.pop(Path(options.labels).absolute(), None)
    return list(found.values()), refused


def _is_plain_folder(path: Path) -> bool:
    try:
        return path.is_dir() and not is_recording_folder(path)
    except OSError:
        return False  # a name that is too long, say: reading it will give the reason


def _search(top: Path, refused: list[Failure]) -> list[Path]:
    """Return the recordings below a folder, and add what is refused."""
    files: list[Path] = []

    def refuse(error: OSError) -> None:
        reason = f"a folder that cannot be opened ({error.strerror})"
        refused.append(Failure(Path(error.filename), reason, "Check its permissions"))

    for parent, folders, names in os.walk(top, onerror=refuse):
        below = [Path(parent, name) for name in folders if not name.startswith(".")]
        links = [path for path in below if path.is_symlink()]
        channels = [path for path in below if path not in links and is_recording_folder(path)]
        folders[:] = [path.name for path in below if path not in channels]
        plain = [Path(parent, name) for name in names if not name.startswith(".")]
        plain = [path for path in plain if is_recording_name(path)]
        outside = [path for path in links + plain if not stays_in(path, top)]
        hint = "Copy it into the folder, or name it by itself"
        refused += [Failure(path, "a link that leads out of the folder", hint) for path in outside]
        files += channels + [path for path in plain if path not in outside]
    return sorted(files)
