"""An HDF5 file of plain arrays, one a column, written block by block in bounded memory.

The HDF5 library lays the file out in memory, where nothing can fail half-way; the arrays' own bytes
then go to the disk by plain writes, at the places that it gave them.
"""

import io
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.storage.atomic import atomic_file


@dataclass(frozen=True)
class Column:
    """What a column is: its dtype and the shape of one row."""

    dtype: np.dtype
    row: tuple[int, ...] = ()


def read_column(file: h5py.File, name: str, rows: slice | NDArray = slice(None)) -> NDArray[Any]:
    """Return some rows of a column of an open file."""
    column = file[name]
    assert isinstance(column, h5py.Dataset)
    return column[rows]


def names_in(file: h5py.File, key: str) -> list[str]:
    """Return the names in an attribute of an open file."""
    return [str(name) for name in np.asarray(file.attrs[key]).tolist()]


class ColumnWriter:
    """Takes the blocks of an open column file."""

    def __init__(
        self, file: BinaryIO, columns: Mapping[str, Column], offsets: Mapping[str, int], rows: int
    ) -> None:
        self._file, self._columns, self._offsets, self._rows = file, columns, offsets, rows

    def write(self, first: int, block: Mapping[str, NDArray]) -> None:
        """Write rows ``first`` and on of some columns.

        Raises:
            ValueError: If a block does not fit its column.
        """
        for name, values in block.items():
            column = self._columns[name]
            if values.shape[1:] != column.row or first + len(values) > self._rows:
                raise ValueError(f"{name}: rows {values.shape} from {first} do not fit {column}")
            itemsize = column.dtype.itemsize * math.prod(column.row)
            self._file.seek(self._offsets[name] + first * itemsize)
            self._file.write(np.ascontiguousarray(values, column.dtype).data)


@contextmanager
def column_file(
    path: Path,
    columns: Mapping[str, Column],
    rows: int,
    fill: Callable[[h5py.File], None],
) -> Iterator[ColumnWriter]:
    """Write ``path``, whole at the end of the context and absent until then.

    Args:
        path: The file.
        columns: What columns it has.
        rows: Of every column.
        fill: Writes the attributes.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    image, offsets, size = _layout(columns, rows, fill)
    with atomic_file(path) as file:
        for place, piece in image:
            file.seek(place)
            file.write(piece)
        file.truncate(size)
        yield ColumnWriter(file, columns, offsets, rows)


def _layout(
    columns: Mapping[str, Column], rows: int, fill: Callable[[h5py.File], None]
) -> tuple[list[tuple[int, bytes]], dict[str, int], int]:
    """Return the pieces of the file that are no column, where each column starts, and the size."""
    sparse = _Sparse()
    offsets = {}
    with h5py.File(sparse, "w", libver="latest") as file:
        fill(file)
        for name, column in columns.items():
            settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            settings.set_obj_track_times(False)  # the same content gives the same bytes
            space = h5py.h5s.create_simple((rows, *column.row))
            kind = h5py.h5t.py_create(column.dtype, logical=True)
            dataset = h5py.h5d.create(file.id, name.encode(), kind, space, settings)
            offsets[name] = dataset.get_offset() or 0
    return list(sparse.pieces()), offsets, sparse.size


class _Sparse(io.RawIOBase):
    """A file in memory that holds only what was written to it."""

    _PAGE = 4096

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self._place = 0
        self._pages: dict[int, bytearray] = {}

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Return each page that was written, and where it belongs."""
        for page in sorted(self._pages):
            start = page * self._PAGE
            yield start, bytes(self._pages[page][: max(0, self.size - start)])

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        self._place = start + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def truncate(self, size: int | None = None) -> int:
        self.size = self._place if size is None else size
        return self.size

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.size - self._place))
        for at, page, inside, length in self._spans(count):
            stored = self._pages.get(page)
            empty = bytes(length)
            view[at : at + length] = empty if stored is None else stored[inside : inside + length]
        self._place += count
        return count

    def write(self, content: Any) -> int:
        view = memoryview(content).cast("B")
        for at, page, inside, length in self._spans(len(view)):
            stored = self._pages.setdefault(page, bytearray(self._PAGE))
            stored[inside : inside + length] = view[at : at + length]
        self._place += len(view)
        self.size = max(self.size, self._place)
        return len(view)

    def _spans(self, count: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield how ``count`` bytes from here fall into pages: place, page, place in it, length."""
        at = 0
        while at < count:
            page, inside = divmod(self._place + at, self._PAGE)
            length = min(count - at, self._PAGE - inside)
            yield at, page, inside, length
            at += length
