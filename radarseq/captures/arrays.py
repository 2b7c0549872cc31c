"""NumPy files: ``.npy``, and ``.npz``, which is also the form in which captures are exported.

An exported capture holds ``rx`` (row, step[, channel]) complex, or ``x`` (row, step, feature)
real, and where they are known ``tx`` (row, step), ``sample_interval_s``, ``carrier_hz``,
``sample_axis`` and ``label``. It vouches for itself: see ``sealing``.
"""

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, check_size, make_capture
from radarseq.captures.faults import CaptureFault
from radarseq.captures.reading import STEP_AXIS, Reading
from radarseq.captures.sealing import check_seal

_LAYOUTS = {1: "step", 2: "row,step"}  # by the number of axes; three have to be named
_EXPORTED = {"rx": {**_LAYOUTS, 3: "row,step,channel"}, "x": {**_LAYOUTS, 3: "row,step,feature"}}
_MOST_MEMBERS = 4096


def read(path: Path, reading: Reading) -> Capture:
    """Return the array of a NumPy file; pickled objects are never loaded.

    Raises:
        CaptureFault: If the file is truncated, holds objects, claims more than it has, or holds
            several arrays of which none is named.
    """
    if path.suffix.lower() == ".npz":
        return _read_npz(path, reading)
    if reading.variable:
        raise CaptureFault(path, "holds one array without a name", "Leave variable out")
    with path.open("rb") as file:
        samples = _load(path, "the array", file, path.stat().st_size)
    return make_capture(path, samples, reading, layout=_LAYOUTS.get(samples.ndim, "row,step"))


def _read_npz(path: Path, reading: Reading) -> Capture:
    check_seal(path)
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if len(members) > _MOST_MEMBERS:
            raise CaptureFault(path, f"holds {len(members)} arrays", "Cut it into several files")
        known = {info.filename.removesuffix(".npy"): info for info in members}
        name = _choose(path, reading, list(known))

        def load(key: str) -> NDArray[Any]:
            info = known[key]
            check_size(path, key, (info.file_size,), 1, info.compress_size)
            with archive.open(info) as file:
                return _load(path, key, file, info.file_size)

        samples = load(name)
        extra = {key: load(key) for key in _extras(name) if key in known}
    return make_capture(
        path,
        samples,
        reading,
        layout=_EXPORTED.get(name, _LAYOUTS).get(samples.ndim, "row,step"),
        sample_axis=str(extra.get("sample_axis", STEP_AXIS)),
        sample_interval_s=_scalar(path, extra, "sample_interval_s"),
        carrier_hz=_scalar(path, extra, "carrier_hz"),
        tx=extra.get("tx"),
        row_labels=_labels(path, extra, samples),
    )


def _extras(name: str) -> tuple[str, ...]:
    shared = ("sample_interval_s", "carrier_hz", "sample_axis", "label")
    return ("tx", *shared) if name == "rx" else shared


def _choose(path: Path, reading: Reading, names: list[str]) -> str:
    wanted = [reading.variable] if reading.variable else ["rx", "x"]
    for name in wanted:
        if name in names:
            return name
    if len(names) == 1 and not reading.variable:
        return names[0]
    raise CaptureFault(
        path,
        f"has no array {' or '.join(wanted)}; it holds {', '.join(names[:12]) or 'no arrays'}",
        "Name one of them with variable",
    )


def _load(path: Path, what: str, file: IO[bytes], size: int) -> NDArray[Any]:
    """Return the array in an open ``.npy`` of ``size`` bytes, its claims checked first."""
    start = file.tell()
    version = npy.read_magic(file)
    headers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in headers:
        raise CaptureFault(path, f"{what} is npy version {version}", "Save it with np.save again")
    shape, _, dtype = headers[version](file)
    if dtype.hasobject:
        raise CaptureFault(path, f"{what} holds Python objects; refused", "Save plain numbers")
    check_size(path, what, shape, dtype.itemsize, size)
    expected = file.tell() - start + math.prod(shape) * dtype.itemsize
    if expected != size:
        raise CaptureFault(
            path, f"{what} has {size} bytes; its shape {shape} needs {expected}", "Save it again"
        )
    file.seek(start)
    return npy.read_array(file, allow_pickle=False)


def _scalar(path: Path, extra: dict[str, NDArray[Any]], key: str) -> float:
    value = extra.get(key, np.zeros(()))
    if value.size != 1 or value.dtype.kind not in "iuf":
        raise CaptureFault(path, f"{key} is {value.dtype} {value.shape}", "Store one number")
    return float(value.reshape(-1)[0])


def _labels(path: Path, extra: dict[str, Any], samples: NDArray[Any]) -> list[str] | None:
    if "label" not in extra:
        return None
    labels = [str(label) for label in extra["label"].reshape(-1).tolist()]
    if len(labels) not in (1, len(samples)):
        raise CaptureFault(
            path, f"has {len(labels)} labels for {len(samples)} rows", "Store one, or one a row"
        )
    return labels
