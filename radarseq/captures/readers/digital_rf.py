"""Reads Digital RF: a channel's folder of ``rf@*.h5`` files, or one such file.

A file holds ``rf_data`` (sample[, subchannel]) and ``rf_data_index``, which gives for the first
row of each unbroken stretch its sample number since the epoch. Missing integer samples are
written as the lowest value.

Reference:
    MIT Haystack Observatory, Digital RF 2.6, file format.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.links import stays_in
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.hdf5 import array_at, member, number_of, open_hdf5
from radarseq.captures.samples.lazy_array import LazyArray, concatenate, squeeze_last

_PROPERTIES = "drf_properties.h5"
_PATTERN = "rf@*.h5"
_MAX_FILES = 100_000
_MAX_STRETCHES = 1 << 20
_CENTRES = ("center_frequencies", "receiver/center_freq")


def is_channel(folder: Path, options: ReadOptions) -> bool:
    """Return whether a folder is a Digital RF channel."""
    return (folder / _PROPERTIES).is_file()


def is_channel_file(path: Path, options: ReadOptions) -> bool:
    """Return whether an HDF5 file holds samples of a channel."""
    with open_hdf5(path) as file:
        return "rf_data" in file


def is_part(path: Path) -> bool:
    """Return whether a file belongs to a channel, but holds no samples."""
    return path.name in (_PROPERTIES, "dmd_properties.h5") or path.name.startswith("metadata@")


def read(path: Path, options: ReadOptions) -> Capture:
    """Return a channel, or one file of it: (step) or, with subchannels, (step, channel).

    Raises:
        RecordingError: If there are no samples, or files of different kinds.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise RecordingError(
            path, f"is a Digital RF channel without a file {_PATTERN}", "Leave it out"
        )
    parts: list[LazyArray] = []
    breaks: list[int] = []
    rates: set[float] = set()
    start: int | None = None  # sample number of row 0, extrapolated from the last stretch
    rows = 0
    for file in files:
        with open_hdf5(file) as content:
            data = array_at(file, content, "rf_data")
            for number, row in _stretches(file, content, data.shape[0]):
                if rows + row and number - (rows + row) != start:
                    breaks.append(rows + row)
                start = number - (rows + row)
            rates.add(_rate_hz(content))
        parts.append(data)
        rows += data.shape[0]
    if len({(part.dtype, part.shape[1:]) for part in parts}) > 1 or len(rates) > 1:
        raise RecordingError(path, "has files of different types or rates", "Read them one by one")
    samples = concatenate(parts)
    if samples.ndim == 2 and samples.shape[1] == 1:
        samples = squeeze_last(samples)
    rate_hz = rates.pop()
    return make_capture(
        path,
        samples,
        options,
        layout="step,channel" if samples.ndim == 2 else "step",
        layout_is_declared=True,
        sample_interval_s=1 / rate_hz if rate_hz > 0 else 0.0,
        carrier_hz=_carrier_hz(path if path.is_dir() else path.parent),
        fill=_fill(samples.dtype),
        breaks=tuple(breaks),
    )


def _files(channel: Path) -> list[Path]:
    files = sorted(channel.rglob(_PATTERN), key=lambda file: file.name)
    files = [file for file in files if not file.name.startswith("tmp.")]
    if len(files) > _MAX_FILES:
        raise RecordingError(channel, f"has {len(files)} files", f"Read at most {_MAX_FILES}")
    for file in files:
        if not stays_in(file, channel):
            raise RecordingError(
                channel, f"{file.name} is a link that leads out of the channel; refused",
                "Copy the file",
            )  # fmt: skip
    return files


def _stretches(path: Path, file: h5py.File, rows: int) -> list[tuple[int, int]]:
    """Return (sample number, row) where each unbroken stretch begins."""
    index = array_at(path, file, "rf_data_index")
    if index.ndim != 2 or index.shape[1] != 2 or index.dtype.kind not in "iu":
        raise RecordingError(
            path, f"rf_data_index is {index.dtype} {index.shape}", "Record it again"
        )
    if index.shape[0] > _MAX_STRETCHES:
        raise RecordingError(path, f"has {index.shape[0]} gaps", "Record it again")
    pairs = [(int(number), int(row)) for number, row in index[()]]
    if (
        not pairs
        or [row for _, row in pairs] != sorted({row for _, row in pairs})
        or (pairs[0][1] != 0 or pairs[-1][1] >= rows)
    ):
        raise RecordingError(path, "rf_data_index does not fit rf_data", "Record it again")
    return pairs


def _rate_hz(file: h5py.File) -> float:
    attributes = file["rf_data"].attrs
    denominator = number_of(attributes, "sample_rate_denominator") or 1.0
    rate_hz = number_of(attributes, "sample_rate_numerator") / denominator
    return rate_hz or number_of(attributes, "samples_per_second")


def _fill(dtype: np.dtype[Any]) -> complex | None:
    one = dtype[0] if dtype.names else dtype
    if one.kind != "i":
        return None
    lowest = float(np.iinfo(one).min)
    return complex(lowest, lowest) if dtype.names else complex(lowest)


def _carrier_hz(channel: Path) -> float:
    """Return the centre frequency in the channel's metadata; 0 if there is none."""
    for folder in (channel, channel / "metadata"):
        for path in sorted(folder.glob("**/metadata@*.h5"))[:1]:
            if not stays_in(path, channel):
                continue
            with open_hdf5(path) as file:
                names = sorted(str(name) for name in list(file)[:1])
                for name in [f"{first}/{key}" for first in names for key in _CENTRES]:
                    if (value := _number(path, file, name)) > 0:
                        return value
    return 0.0


def _number(path: Path, file: h5py.File, name: str) -> float:
    try:
        found = member(path, file, name)
    except RecordingError:
        return 0.0  # the metadata are optional
    if not isinstance(found, h5py.Dataset) or found.size != 1 or found.dtype.kind not in "iuf":
        return 0.0
    if found.external or found.is_virtual:
        return 0.0
    return float(np.asarray(found[()]).reshape(-1)[0])
