"""Reads HDF5 files; links out of the file are refused, and sizes checked before reading."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.hdf5_heap import check_heap
from radarseq.captures.checks.size_limits import check_size
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.samples.lazy_array import Key, LazyArray

_MAX_MEMBERS = 4096
_MAX_TEXT = 1 << 20
_LISTED = 12
_MAX_CHUNK = 64 << 20  # a chunk is unpacked as a whole, however small the part to read


def is_named(path: Path, options: ReadOptions) -> bool:
    """Return whether ``options`` name an array, which is then read as it stands."""
    return bool(options.variable)


def read(path: Path, options: ReadOptions) -> Capture:
    """Return the array at ``options.variable``, (row, step) unless ``options`` give a layout.

    Raises:
        RecordingError: If there is no such array, or its data lie outside this file.
    """
    with open_hdf5(path) as file:
        samples = array_at(path, file, options.variable)
    return make_capture(path, samples, options, layout="row,step")


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading.

    Raises:
        RecordingError: If it is not HDF5.
    """
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise RecordingError(
            path, f"is not readable as HDF5 ({error})", "Restore it from a copy"
        ) from error
    with file:
        yield file


def member(path: Path, group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    """Return the object at ``name`` below ``group``, without following any link.

    Raises:
        RecordingError: If there is none, or the path has a link.
    """
    here: Any = group
    for part in name.strip("/").split("/"):
        link = here.get(part, getlink=True) if isinstance(here, h5py.Group) else None
        if isinstance(link, h5py.SoftLink | h5py.ExternalLink):
            # A soft link may lead to an external one, and that to any file on the machine.
            raise RecordingError(
                path, f"{name}: {part!r} is a link; refused", "Copy the array into the file itself"
            )
        if link is None or part in (".", ".."):
            found = ", ".join(array_names(group.file)) or "no arrays"
            raise RecordingError(path, f"has no {name!r}; it holds {found}", "Name one of these")
        here = here[part]
    return here


def array_at(path: Path, group: h5py.Group, name: str) -> LazyArray:
    """Return an array, which stays in the file.

    Raises:
        RecordingError: If it is not an array, empty, not numeric, larger than its stored bytes, or
            stored outside the file.
    """
    dataset = member(path, group, name)
    if not isinstance(dataset, h5py.Dataset):
        raise RecordingError(path, f"{name} is a group, not an array", "Name an array in it")
    if dataset.shape is None:
        raise RecordingError(path, f"{name} has no data (a NULL dataset)", "Record it again")
    if dataset.is_virtual or dataset.external:
        raise RecordingError(
            path, f"{name} keeps its data in other files; refused", "Copy the data into this file"
        )
    if dataset.dtype.hasobject:
        raise RecordingError(
            path, f"{name} holds {dataset.dtype}, not numbers", "Name another array"
        )
    stored = dataset.id.get_storage_size()
    itemsize = dataset.dtype.itemsize
    check_size(path, name, dataset.shape, itemsize, stored)
    filters = dataset.id.get_create_plist().get_nfilters()
    if not filters and math.prod(dataset.shape) * itemsize > stored:
        # HDF5 returns zeros for values that were never written.
        raise RecordingError(
            path, f"{name} was only partly written ({stored} bytes)", "Record it again"
        )
    if dataset.chunks and math.prod(dataset.chunks) * itemsize > _MAX_CHUNK:
        raise RecordingError(
            path,
            f"{name} is stored in pieces of {math.prod(dataset.chunks) * itemsize} bytes; "
            f"expected at most {_MAX_CHUNK}",
            "Store it in smaller chunks",
        )
    full = f"{str(group.name).rstrip('/')}/{name.strip('/')}"
    return LazyArray(dataset.shape, dataset.dtype, partial(_read_hyperslab, path, full))


def _read_hyperslab(path: Path, name: str, key: Key) -> NDArray[Any]:
    with open_hdf5(path) as file:
        array = file[name]
        assert isinstance(array, h5py.Dataset)
        return np.asarray(array[key])


def text_at(path: Path, group: h5py.Group, name: str) -> str:
    """Return a text; empty if there is none.

    Raises:
        RecordingError: If it is too long to be a setting, or its heap is damaged.
    """
    if group.get(name, getlink=True) is None:
        return ""
    return text_of(path, member(path, group, name), name)


def text_of(path: Path, dataset: h5py.Group | h5py.Dataset, name: str) -> str:
    """Return a text; empty if it is not a single value stored in this file.

    Raises:
        RecordingError: If it is too long to be a setting, or its heap is damaged.
    """
    if not isinstance(dataset, h5py.Dataset) or dataset.shape != () or dataset.external:
        return ""
    if dataset.dtype.hasobject:
        check_heap(path, dataset)
    value = dataset[()]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if len(text) > _MAX_TEXT:
        raise RecordingError(
            path, f"{name} is a text of {len(text)} characters", "Restore the file"
        )
    return text


def number_of(attributes: h5py.AttributeManager, name: str) -> float:
    """Return a number among the attributes of an object; 0 if it is absent or not a number."""
    if name not in attributes:
        return 0.0
    # Its type first: reading a text would walk a heap that has not been checked.
    if attributes.get_id(name).dtype.kind not in "iuf":
        return 0.0
    value = np.asarray(attributes[name])
    return float(value.reshape(-1)[0]) if value.size == 1 else 0.0


def numbered(path: Path, group: h5py.Group, prefix: str) -> list[str]:
    """Return the members ``prefix``0, ``prefix``1, ... in the order of their numbers.

    Raises:
        RecordingError: If there are more than ``_MAX_MEMBERS``.
    """
    numbers = [name.removeprefix(prefix) for name in member_names(path, group)]
    return [prefix + number for number in sorted(filter(str.isdecimal, numbers), key=int)]


def member_names(path: Path, group: h5py.Group) -> list[str]:
    """Return the names of a group's members.

    Raises:
        RecordingError: If there are more than ``_MAX_MEMBERS``.
    """
    if len(group) > _MAX_MEMBERS:
        raise RecordingError(
            path,
            f"{group.name} has {len(group)} members; expected at most {_MAX_MEMBERS}",
            "Cut it into several files",
        )
    return [str(name) for name in group]


def array_names(group: h5py.Group) -> list[str]:
    """Return the paths of the first few arrays in a file, for messages and choices."""
    names: list[str] = []
    pending, seen = [("", group)], 0
    while pending and len(names) < _LISTED and seen < _MAX_MEMBERS:
        prefix, here = pending.pop(0)
        for part in here:
            seen += 1
            if seen > _MAX_MEMBERS or len(names) >= _LISTED:
                break
            if not isinstance(here.get(part, getlink=True), h5py.HardLink):
                continue
            item = here[part]
            if isinstance(item, h5py.Dataset) and item.shape:
                names.append(f"{prefix}{part}")
            elif isinstance(item, h5py.Group):
                pending.append((f"{prefix}{part}/", item))
    return names
