"""Checks of the sizes that a file declares."""

import math
from pathlib import Path

from radarseq.captures.errors import RecordingError

MAX_BYTES = 8 << 30  # of windows that are held together
MAX_IN_MEMORY = 512 << 20  # of a file that can only be read as a whole
_MAX_DECLARED = 1 << 42
_MAX_RATIO = 1100  # deflate, in zip, gzip and MATLAB files, packs at most 1032 to 1


def check_size(path: Path, name: str, shape: tuple[int, ...], itemsize: int, stored: int) -> None:
    """Refuse an array that is implausibly large, or larger than its stored bytes can hold.

    Args:
        path: The file.
        name: The array's name, for the message.
        shape: As declared.
        itemsize: Bytes per value.
        stored: Bytes that the file spends on it, perhaps compressed.

    Raises:
        RecordingError: If it is.
    """
    declared = math.prod(shape) * itemsize
    if declared > _MAX_DECLARED:
        raise RecordingError(
            path,
            f"{name} has shape {shape}, {declared / 1e9:.1f} GB; expected at most "
            f"{_MAX_DECLARED / 1e9:.1f} GB",
            "Cut the recording into several files",
        )
    if declared > stored * _MAX_RATIO:
        raise RecordingError(
            path,
            f"{name} declares shape {shape}, {declared} bytes, but only {stored} bytes are stored",
            "It is damaged or was never written; record or export it again",
        )


def check_in_memory(path: Path, name: str, shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse an array that is too large for a format that can only be read as a whole.

    Raises:
        RecordingError: If it is.
    """
    declared = math.prod(shape) * itemsize
    if declared > MAX_IN_MEMORY:
        raise RecordingError(
            path,
            f"{name} has shape {shape}, {declared / 1e9:.1f} GB, and this format is read as a "
            f"whole; expected at most {MAX_IN_MEMORY / 1e9:.1f} GB",
            "Store it as .npy, HDF5 or SigMF, which are read in parts",
        )
