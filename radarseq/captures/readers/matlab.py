"""MATLAB files: version 5 through scipy, version 7.3 (which is HDF5) through h5py."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.io
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.mat5_structure import check_tags
from radarseq.captures.checks.size_limits import check_in_memory, check_size
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.hdf5 import array_at, member, member_names, open_hdf5
from radarseq.captures.samples.lazy_array import Permuted, Samples

_BYTES = {"double": 8, "single": 4, "int64": 8, "uint64": 8, "int32": 4, "uint32": 4}
_BYTES |= {"int16": 2, "uint16": 2, "int8": 1, "uint8": 1}


def read(path: Path, reading: ReadOptions) -> Capture:
    """Return a numeric array, (row, step) unless ``reading`` says otherwise.

    A field of a struct is named by its path, such as ``radar.echo``.

    Raises:
        CaptureFault: If the array is not there, not numeric, or not the only one and not named.
    """
    samples = _version_7(path, reading) if h5py.is_hdf5(path) else _version_5(path, reading)
    return make_capture(path, samples, reading, layout="row,step")


def _version_5(path: Path, reading: ReadOptions) -> NDArray[Any]:
    if scipy.io.matlab.matfile_version(path)[0] == 1:
        check_tags(path)
    known = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(path)}
    top, *inner = reading.variable.split(".") if reading.variable else [""]
    if inner and known.get(top, ((), ""))[1] == "struct":
        content = scipy.io.loadmat(path, variable_names=[top])[top]
        return _field(path, reading.variable, content, inner)
    name = _choose(path, reading, {n: kind for n, (_, kind) in known.items()})
    shape, kind = known[name]
    check_size(path, name, shape, _BYTES[kind], path.stat().st_size)
    check_in_memory(path, name, shape, _BYTES[kind])
    return scipy.io.loadmat(path, variable_names=[name])[name]


def _field(path: Path, variable: str, content: Any, names: list[str]) -> NDArray[Any]:
    for name in names:
        fields = getattr(content, "dtype", np.dtype(float)).names or ()
        if name not in fields or content.size != 1:
            listed = f"{content.size} structs" if content.size != 1 else ", ".join(fields[:12])
            raise RecordingError(
                path, f"has no field {variable!r}; at {name!r} there is {listed or 'no struct'}",
                "Name a field of a single struct, such as radar.echo",
            )  # fmt: skip
        content = content[name].reshape(-1)[0]
    if not isinstance(content, np.ndarray) or content.dtype.kind not in "iufc":
        raise RecordingError(path, f"{variable!r} is no numeric array", "Name another field")
    return content


def _version_7(path: Path, reading: ReadOptions) -> Samples:
    with open_hdf5(path) as file:
        if "." in reading.variable:
            found = array_at(path, file, reading.variable.replace(".", "/"))
        else:
            names = [name for name in member_names(path, file) if not name.startswith("#")]
            known = {name: _class_of(path, file, name) for name in names}
            found = array_at(path, file, _choose(path, reading, known))
    # MATLAB counts axes from the last.
    return Permuted(found, tuple(reversed(range(found.ndim))))


def _class_of(path: Path, file: h5py.File, name: str) -> str:
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return "link"
    kind = member(path, file, name).attrs.get("MATLAB_class", b"")
    return kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)


def _choose(path: Path, reading: ReadOptions, kinds: dict[str, str]) -> str:
    numeric = [name for name, kind in kinds.items() if kind in _BYTES]
    listed = ", ".join(f"{name} ({kind})" for name, kind in list(kinds.items())[:12]) or "nothing"
    if reading.variable:
        if reading.variable not in numeric:
            raise RecordingError(
                path,
                f"has no numeric array {reading.variable!r}; it holds {listed}",
                "Name one of the numeric arrays, or save the array by itself",
            )
        return reading.variable
    if len(numeric) != 1:
        raise RecordingError(
            path,
            f"holds {len(numeric)} numeric arrays where one was expected: {listed}",
            "Name the array with variable" if numeric else "Save the array by itself",
        )
    return numeric[0]
