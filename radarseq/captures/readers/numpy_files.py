"""Reads NumPy files: ``.npy``, and ``.npz``, which is also the format of exported recordings.

An exported capture holds ``rx`` (row, step[, channel]) complex, or ``x`` (row, step, feature)
real, and if known ``tx`` (row, step), ``sample_interval_s``, ``carrier_hz``, ``sample_axis`` and
``label``. It ends with its own checksum: see ``npz_seal``.
"""

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.npz_seal import check_seal
from radarseq.captures.checks.size_limits import check_in_memory, check_size
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.samples.lazy_array import map_flat_file

_LAYOUTS = {1: "step", 2: "row,step"}  # by the number of axes; a layout names three
_EXPORTED = {"rx": {**_LAYOUTS, 3: "row,step,channel"}, "x": {**_LAYOUTS, 3: "row,step,feature"}}
_MAX_MEMBERS = 4096
_ZIP_END, _MAX_ZIP_END = b"PK\x05\x06", 22 + 65535  # the last record, and its comment


def read(path: Path, options: ReadOptions) -> Capture:
    """Return the array of a NumPy file; pickled objects are never loaded.

    Raises:
        RecordingError: If the file is truncated, holds objects, declares more than it holds, or has
            several arrays and none is named.
    """
    if path.suffix.lower() == ".npz":
        return _read_npz(path, options)
    if options.variable:
        raise RecordingError(path, "holds one array without a name", "Leave variable out")
    with path.open("rb") as file:
        shape, is_fortran, dtype = _read_header(path, "the array", file, path.stat().st_size)
        order = "F" if is_fortran else "C"
        samples = map_flat_file(path, dtype, shape, file.tell(), order)
    return make_capture(path, samples, options, layout=_LAYOUTS.get(samples.ndim, "row,step"))


def _read_npz(path: Path, options: ReadOptions) -> Capture:
    check_seal(path)
    _check_directory(path)
    with zipfile.ZipFile(path) as archive:
        files = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if len(files) > _MAX_MEMBERS:
            raise RecordingError(path, f"holds {len(files)} arrays", "Cut it into several files")
        members = {info.filename.removesuffix(".npy"): info for info in files}
        name = _choose(path, options, list(members))

        def load(key: str) -> NDArray[Any]:
            info = members[key]
            check_size(path, key, (info.file_size,), 1, info.compress_size)
            check_in_memory(path, key, (info.file_size,), 1)
            with archive.open(info) as file:
                _read_header(path, key, file, info.file_size)
                file.seek(0)
                return npy.read_array(file, allow_pickle=False)

        samples = load(name)
        names = ["sample_interval_s", "carrier_hz", "sample_axis", "label"]
        names += ["tx"] if name == "rx" else []
        extra = {key: load(key) for key in names if key in members}
    return make_capture(
        path,
        samples,
        options,
        layout=_EXPORTED.get(name, _LAYOUTS).get(samples.ndim, "row,step"),
        layout_is_declared=name in _EXPORTED,
        sample_axis=str(extra.get("sample_axis", "")),
        sample_interval_s=_scalar(path, extra, "sample_interval_s"),
        carrier_hz=_scalar(path, extra, "carrier_hz"),
        tx=extra.get("tx"),
        row_labels=_labels(path, extra, samples),
    )


def _choose(path: Path, options: ReadOptions, names: list[str]) -> str:
    wanted = [options.variable] if options.variable else ["rx", "x"]
    for name in wanted:
        if name in names:
            return name
    if len(names) == 1 and not options.variable:
        return names[0]
    raise RecordingError(
        path,
        f"has no array {' or '.join(wanted)}; it holds {', '.join(names[:12]) or 'no arrays'}",
        "Name one of them with variable",
    )


def _check_directory(path: Path) -> None:
    """Refuse an archive with too many members, before they are listed."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MAX_ZIP_END))
        end = file.read()
    place = end.rfind(_ZIP_END)
    count = int.from_bytes(end[place + 10 : place + 12], "little") if place >= 0 else 0
    if count > _MAX_MEMBERS:
        raise RecordingError(path, f"holds {count} arrays or more", "Cut it into several files")


def _read_header(
    path: Path, name: str, file: IO[bytes], size: int
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, Fortran order and dtype of an ``.npy`` of ``size`` bytes, checked."""
    version = npy.read_magic(file)
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in headers:
        raise RecordingError(path, f"{name} is npy version {version}", "Save it with np.save again")
    shape, is_fortran, dtype = headers[version](file)
    if dtype.hasobject:
        raise RecordingError(path, f"{name} holds Python objects; refused", "Save plain numbers")
    check_size(path, name, shape, dtype.itemsize, size)
    expected = file.tell() + math.prod(shape) * dtype.itemsize
    if expected != size:
        raise RecordingError(
            path, f"{name} has {size} bytes; its shape {shape} needs {expected}", "Save it again"
        )
    return shape, is_fortran, dtype


def _scalar(path: Path, extra: dict[str, NDArray[Any]], key: str) -> float:
    value = extra.get(key, np.zeros(()))
    if value.size != 1 or value.dtype.kind not in "iuf":
        raise RecordingError(path, f"{key} is {value.dtype} {value.shape}", "Store one number")
    return float(value.reshape(-1)[0])


def _labels(path: Path, extra: dict[str, Any], samples: NDArray[Any]) -> list[str] | None:
    if "label" not in extra:
        return None
    labels = [str(label) for label in extra["label"].reshape(-1).tolist()]
    if len(labels) not in (1, len(samples)):
        raise RecordingError(
            path, f"has {len(labels)} labels for {len(samples)} rows", "Store one, or one per row"
        )
    return labels
