"""Reads MATLAB files: version 5 with scipy, version 7.3 (which is HDF5) with h5py."""

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
from radarseq.captures.samples.lazy_array import Samples, transpose

_BYTES = {"double": 8, "single": 4, "int64": 8, "uint64": 8, "int32": 4, "uint32": 4}
_BYTES |= {"int16": 2, "uint16": 2, "int8": 1, "uint8": 1}


def read(path: Path, options: ReadOptions) -> Capture:
    """Return a numeric array, (row, step) unless ``options`` give a layout.

    The path of a field of a struct is written ``radar.echo``.

    Raises:
        RecordingError: If the array is missing or not numeric, or if there are several and none is
            named.
    """
    read_version = _read_version_7 if h5py.is_hdf5(path) else _read_version_5
    return make_capture(path, read_version(path, options), options, layout="row,step")


def _read_version_5(path: Path, options: ReadOptions) -> NDArray[Any]:
    if scipy.io.matlab.matfile_version(path)[0] == 1:
        check_tags(path)
    known = {name: (shape, kind) for name, shape, kind in scipy.io.whosmat(path)}
    top, *inner = options.variable.split(".") if options.variable else [""]
    if inner and known.get(top, ((), ""))[1] == "struct":
        content = scipy.io.loadmat(path, variable_names=[top])[top]
        return _field(path, options.variable, content, inner)
    name = _choose(path, options, {n: kind for n, (_, kind) in known.items()})
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
        raise RecordingError(path, f"{variable!r} is not a numeric array", "Name another field")
    return content


def _read_version_7(path: Path, options: ReadOptions) -> Samples:
    with open_hdf5(path) as file:
        if "." in options.variable:
            found = array_at(path, file, options.variable.replace(".", "/"))
        else:
            names = [name for name in member_names(path, file) if not name.startswith("#")]
            known = {name: _class_of(path, file, name) for name in names}
            found = array_at(path, file, _choose(path, options, known))
    # MATLAB stores the last axis first.
    return transpose(found, tuple(reversed(range(found.ndim))))


def _class_of(path: Path, file: h5py.File, name: str) -> str:
    if not isinstance(file.get(name, getlink=True), h5py.HardLink):
        return "link"
    kind = member(path, file, name).attrs.get("MATLAB_class", b"")
    return kind.decode("ascii", "replace") if isinstance(kind, bytes) else str(kind)


def _choose(path: Path, options: ReadOptions, kinds: dict[str, str]) -> str:
    numeric = [name for name, kind in kinds.items() if kind in _BYTES]
    listed = ", ".join(f"{name} ({kind})" for name, kind in list(kinds.items())[:12]) or "nothing"
    if options.variable:
        if options.variable not in numeric:
            raise RecordingError(
                path,
                f"has no numeric array {options.variable!r}; it holds {listed}",
                "Name one of the numeric arrays, or save the array by itself",
            )
        return options.variable
    if len(numeric) != 1:
        raise RecordingError(
            path,
            f"holds {len(numeric)} numeric arrays where one was expected: {listed}",
            "Name the array with variable" if numeric else "Save the array by itself",
        )
    return numeric[0]
