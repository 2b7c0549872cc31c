"""The table of file formats: which reader reads which file.

A new format is one file in this folder, with a function ``read(path, options)``, and one line in
``FORMATS``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from radarseq.captures.capture import Capture
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.captures.readers import (
    acconeer,
    dataset_shard,
    dca1000,
    delimited_text,
    digital_rf,
    hdf5,
    matlab,
    numpy_files,
    raw_iq,
    sigmf,
    wav,
)
from radarseq.errors import RadarseqError

FOLDER = "/"  # stands for the suffix of a folder that is one recording


class Format(NamedTuple):
    """A file format.

    Attributes:
        read: Reads one recording.
        suffixes: Of its files, lower-case; or ``FOLDER``.
        accepts: Whether a file with such a suffix is of this format; None if the suffix suffices.
        is_part: Whether a file belongs to a recording that is found by another file or folder.
    """

    read: Callable[[Path, ReadOptions], Capture]
    suffixes: tuple[str, ...]
    accepts: Callable[[Path, ReadOptions], bool] | None = None
    is_part: Callable[[Path], bool] | None = None


_HDF5 = (".h5", ".hdf5")
_RAW = (*raw_iq.SAMPLE_TYPES, ".bin", ".iq", ".dat", ".raw")

# Of the formats with one suffix, the first that accepts the file reads it.
FORMATS = (
    Format(delimited_text.read, (".csv", ".tsv")),
    Format(matlab.read, (".mat",)),
    Format(numpy_files.read, (".npy", ".npz")),
    Format(wav.read, (".wav",)),
    Format(sigmf.read, sigmf.SUFFIXES, is_part=sigmf.is_part),
    Format(hdf5.read, _HDF5, hdf5.is_named),
    Format(dataset_shard.read, _HDF5, dataset_shard.is_shard),
    Format(digital_rf.read, (FOLDER,), digital_rf.is_channel),
    Format(digital_rf.read, _HDF5, digital_rf.is_channel_file, digital_rf.is_part),
    Format(acconeer.read, _HDF5),
    Format(dca1000.read, _RAW, dca1000.is_configured),
    Format(raw_iq.read, _RAW),
)
SUFFIXES = tuple(dict.fromkeys(s for f in FORMATS for s in f.suffixes if s != FOLDER))


def is_recording_name(path: Path) -> bool:
    """Return whether a file is a recording, and not part of one, by its name alone."""
    formats = _formats_of(path.suffix.lower())
    return bool(formats) and not any(f.is_part(path) for f in formats if f.is_part)


def is_recording_folder(path: Path) -> bool:
    """Return whether a folder is one recording as a whole."""
    return any(f.accepts(path, AS_WRITTEN) for f in _formats_of(FOLDER) if f.accepts)


def read_capture(path: Path, options: ReadOptions = AS_WRITTEN) -> Capture:
    """Return a recording; its samples stay in the file if the format allows.

    Raises:
        RecordingError: If it cannot be read in this way; the message gives the reason and a hint.
    """
    formats = _candidates(path, options)
    try:
        reader = next(f for f in formats if f.accepts is None or f.accepts(path, options))
        return reader.read(path, options)
    except RadarseqError:
        raise
    except Exception as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: BaseException) -> RecordingError:
    """Return the error to raise when a foreign parser fails on a file.

    A malformed file makes such parsers raise almost anything; none of it may end a batch.
    """
    text = f"{type(error).__name__}: {error}"[:300]
    reason = f"cannot be read as {path.suffix.lower() or 'a folder'} ({text})"
    return RecordingError(path, reason, "Restore it from a copy, or leave it out")


def _formats_of(suffix: str) -> list[Format]:
    return [f for f in FORMATS if suffix in f.suffixes]


def _candidates(path: Path, options: ReadOptions) -> list[Format]:
    """Return the formats that a path may be of; the last accepts any file."""
    try:
        is_folder, is_file = is_recording_folder(path), path.is_file()
    except OSError as error:
        raise RecordingError(
            path, f"cannot be opened ({error.strerror})", "Check the path"
        ) from error
    if not (is_file or is_folder):
        raise RecordingError(path, "is not there, or not a plain file", "Check the path")
    formats = _formats_of(FOLDER if is_folder else path.suffix.lower())
    if not formats and options.dtype:
        formats = _formats_of(".raw")
    if not formats:
        raise RecordingError(
            path,
            f"no reader for {path.suffix or 'a file without a suffix'}; "
            f"expected one of {', '.join(SUFFIXES)}",
            "Convert it, leave it out, or, if it holds bare samples, give dtype",
        )
    return formats
