"""HDF5 file of plain arrays, one per column, written block by block in bounded memory.

The HDF5 library lays the file out in memory, where a full disk cannot interrupt it; the bytes of
the arrays then go to the disk by plain writes, at the offsets of that layout.
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
class OutputColumn:
    """Dtype of a column and shape of one of its rows."""

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
    """Writes blocks of rows to an open column file."""

    def __init__(
        self,
        file: BinaryIO,
        columns: Mapping[str, OutputColumn],
        offsets: Mapping[str, int],
        rows: int,
    ) -> None:
        self._file, self._columns, self._offsets, self._rows = file, columns, offsets, rows

    def write(self, first: int, block: Mapping[str, NDArray]) -> None:
        """Write rows of some columns, from row ``first`` on.

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
    columns: Mapping[str, OutputColumn],
    rows: int,
    fill: Callable[[h5py.File], None],
) -> Iterator[ColumnWriter]:
    """Write ``path``, whole at the end of the context and absent until then.

    Args:
        path: The file.
        columns: Its columns.
        rows: Number of rows.
        fill: Writes the attributes.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    image, offsets, size = _layout(columns, rows, fill)
    with atomic_file(path) as file:
        for offset, piece in image:
            file.seek(offset)
            file.write(piece)
        file.truncate(size)
        yield ColumnWriter(file, columns, offsets, rows)


def _layout(
    columns: Mapping[str, OutputColumn], rows: int, fill: Callable[[h5py.File], None]
) -> tuple[list[tuple[int, bytes]], dict[str, int], int]:
    """Return the pieces of the file besides the columns, each column's offset, and the size."""
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
    """File in memory that stores only the pages that were written."""

    _PAGE = 4096

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self._position = 0
        self._pages: dict[int, bytearray] = {}

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield the offset and the content of each page that was written."""
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
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def truncate(self, size: int | None = None) -> int:
        self.size = self._position if size is None else size
        return self.size

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.size - self._position))
        for at, page, inside, length in self._spans(count):
            stored = self._pages.get(page)
            empty = bytes(length)
            view[at : at + length] = empty if stored is None else stored[inside : inside + length]
        self._position += count
        return count

    def write(self, content: Any) -> int:
        view = memoryview(content).cast("B")
        for at, page, inside, length in self._spans(len(view)):
            stored = self._pages.setdefault(page, bytearray(self._PAGE))
            stored[inside : inside + length] = view[at : at + length]
        self._position += len(view)
        self.size = max(self.size, self._position)
        return len(view)

    def _spans(self, count: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield the pages of the next ``count`` bytes: offset, page, offset in the page, length."""
        at = 0
        while at < count:
            page, inside = divmod(self._position + at, self._PAGE)
            length = min(count - at, self._PAGE - inside)
            yield at, page, inside, length
            at += length
