"""Which reader a file goes to, and which files are in a folder."""

from collections.abc import Callable
from pathlib import Path

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
    sigmf_files,
    wav,
)
from radarseq.errors import RadarseqError

Reader = Callable[[Path, ReadOptions], Capture]


def _read_hdf5(path: Path, reading: ReadOptions) -> Capture:
    # A named array is read as it stands; without a name the file must be of a known kind.
    if reading.variable:
        return hdf5.read(path, reading)
    if dataset_shard.is_shard(path):
        return dataset_shard.read(path, reading)
    with hdf5.open_hdf5(path) as file:
        is_digital_rf = "rf_data" in file
    return (digital_rf.read if is_digital_rf else acconeer.read)(path, reading)


def _read_raw(path: Path, reading: ReadOptions) -> Capture:
    configured = reading.adc or (not reading.dtype and dca1000.sidecar_of(path))
    return (dca1000.read if configured else raw_iq.read)(path, reading)


READERS: dict[str, Reader] = {
    ".csv": delimited_text.read,
    ".tsv": delimited_text.read,
    ".mat": matlab.read,
    ".npy": numpy_files.read,
    ".npz": numpy_files.read,
    ".wav": wav.read,
    ".h5": _read_hdf5,
    ".hdf5": _read_hdf5,
    sigmf_files.META: sigmf.read,
    sigmf_files.DATA: sigmf.read,
    sigmf_files.ARCHIVE: sigmf.read,
    **dict.fromkeys((*raw_iq.DATATYPES, *raw_iq.WITHOUT_TYPE), _read_raw),
}


def read_capture(path: Path, reading: ReadOptions = AS_WRITTEN) -> Capture:
    """Return a recording; its samples stay in the file where the format allows.

    Raises:
        CaptureFault: If it cannot be read in this way; the message says why and what to do.
    """
    reader = _reader_of(path, reading)
    try:
        return reader(path, reading)
    except RadarseqError:
        raise
    except Exception as fault:
        raise unreadable(path, fault) from fault


def unreadable(path: Path, fault: BaseException) -> RecordingError:
    """Return what to raise when a foreign parser fails on a file.

    A malformed file makes such parsers raise almost anything; none of it may end a batch.
    """
    said = f"{type(fault).__name__}: {fault}"[:300]
    reason = f"cannot be read as {path.suffix.lower() or 'a folder'} ({said})"
    return RecordingError(path, reason, "Restore it from a copy, or leave it out")


def _reader_of(path: Path, reading: ReadOptions) -> Reader:
    try:
        if digital_rf.is_channel(path):
            return digital_rf.read
        is_file = path.is_file()
    except OSError as fault:
        raise RecordingError(
            path, f"cannot be opened ({fault.strerror})", "Check the path"
        ) from fault
    if not is_file:
        raise RecordingError(path, "is not there, or not a plain file", "Check the path")
    reader = READERS.get(path.suffix.lower())
    if reader is None and reading.dtype:
        return _read_raw
    if reader is None:
        raise RecordingError(
            path,
            f"no reader for {path.suffix or 'a file without a suffix'}; "
            f"expected one of {', '.join(READERS)}",
            "Convert it, leave it out, or, if it holds bare samples, give dtype",
        )
    return reader
