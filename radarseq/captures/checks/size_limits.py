"""Limits on the sizes that a file may claim."""

import math
from pathlib import Path

from radarseq.captures.errors import RecordingError

MAX_BYTES = 8 << 30  # of windows that are held together

MAX_IN_MEMORY = 512 << 20  # of a file that can only be read as a whole

_MAX_CLAIM = 1 << 42

_MAX_RATIO = 1100  # deflate, in zip, gzip and MATLAB files, packs at most 1032 to 1


def check_size(path: Path, what: str, shape: tuple[int, ...], itemsize: int, stored: int) -> None:
    """Refuse an array that claims more than is plausible, or than its stored bytes can hold.

    Args:
        path: The file.
        what: The array's name, for the message.
        shape: As declared.
        itemsize: Bytes per value.
        stored: Bytes that the file spends on it, perhaps compressed.

    Raises:
        RecordingError: If the claim is not plausible.
    """
    claimed = math.prod(shape) * itemsize
    if claimed > _MAX_CLAIM:
        raise RecordingError(
            path,
            f"{what} has shape {shape}, {claimed / 1e9:.1f} GB; expected at most "
            f"{_MAX_CLAIM / 1e9:.1f} GB",
            "Cut the recording into several files",
        )
    if claimed > stored * _MAX_RATIO:
        raise RecordingError(
            path,
            f"{what} claims shape {shape}, {claimed} bytes, but only {stored} bytes are stored",
            "It is damaged or was never written; record or export it again",
        )


def check_in_memory(path: Path, what: str, shape: tuple[int, ...], itemsize: int) -> None:
    """Refuse an array that is too large for a format that can only be read as a whole.

    Raises:
        RecordingError: If it is.
    """
    claimed = math.prod(shape) * itemsize
    if claimed > MAX_IN_MEMORY:
        raise RecordingError(
            path,
            f"{what} has shape {shape}, {claimed / 1e9:.1f} GB, and this format is read as a "
            f"whole; expected at most {MAX_IN_MEMORY / 1e9:.1f} GB",
            "Store it as .npy, HDF5 or SigMF, which are read in parts",
        )
