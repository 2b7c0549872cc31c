"""What is known of one recording once it is judged: its windows' rows, and a note that seals them.

A part is three files of the evaluation folder: ``parts/00012.rows``, a record a window;
``parts/00012.shown``, the samples of some windows, to look at; and ``parts/00012.json``, which is
written last. A batch that was interrupted keeps what is whole.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import DataError, OutputError
from radarseq.evaluation.output.hdf5_columns import Column
from radarseq.storage.atomic import atomic_file, printable, sha256_file
from radarseq.storage.sealed import read_json, write_json

FOLDER = "parts"
_BLOCK_BYTES = 16 << 20


ROWS, SHOWN = "rows", "shown"


PLAN = "batch.json"


@dataclass(frozen=True)
class Table:
    """Records on disk.

    Attributes:
        rows: How many.
        columns: Name, dtype and row shape of each column.
        sha256: Of the bytes.
    """

    rows: int
    columns: list[list[Any]]
    sha256: str

    @property
    def record(self) -> np.dtype:
        """The dtype of one record."""
        return np.dtype([(name, dtype, tuple(shape)) for name, dtype, shape in self.columns])


@dataclass(frozen=True, kw_only=True)
class Part:
    """The judged windows of one recording.

    Attributes:
        file: Its path, printable.
        key: Its size [bytes] and time of change [ns]: another key is another recording.
        label: What its name says, whether or not the model knows it; None if nothing.
        group: Name of the recording, or of the object that it is one of several recordings of.
        windows: Windows cut from it, fit or not.
        left_out: Windows not fit to be judged, by reason.
        carrier_hz: As it says; 0 where it does not.
        rows: A record each judged window.
        shown: A record each window that is kept to look at.
    """

    file: str
    key: list[int]
    label: str | None
    group: str
    windows: int
    left_out: dict[str, int]
    carrier_hz: float
    rows: Table
    shown: Table


def key_of(path: Path) -> list[int]:
    """Return what tells a recording from a later one under the same name."""
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]


class PartWriter:
    """Takes blocks of windows."""

    def __init__(self, file: BinaryIO, columns: Mapping[str, Column]) -> None:
        self._file, self._columns = file, columns
        self._record = np.dtype([(name, c.dtype, c.row) for name, c in columns.items()])
        self.rows, self._digest = 0, hashlib.sha256()

    def write(self, block: Mapping[str, NDArray]) -> None:
        """Append windows: every column of the record, or zeros where one is not given."""
        records = np.zeros(len(block["row"]), self._record)
        for name, values in block.items():
            records[name] = values
        content = records.tobytes()
        self._file.write(content)
        self._digest.update(content)
        self.rows += len(records)

    def table(self) -> Table:
        """Return what was written so far."""
        columns = [[name, c.dtype.str, list(c.row)] for name, c in self._columns.items()]
        return Table(self.rows, columns, self._digest.hexdigest())


@contextmanager
def part_writer(
    folder: Path, index: int, kind: str, columns: Mapping[str, Column]
) -> Iterator[PartWriter]:
    """Write the ``ROWS`` or ``SHOWN`` of part ``index``; absent unless the context ends well.

    Raises:
        OSError: If the disk is full.
    """
    with atomic_file(_path(folder, index, kind)) as file:
        yield PartWriter(file, columns)


def seal_part(folder: Path, index: int, part: Part) -> None:
    """Write the note that makes part ``index`` whole."""
    write_json(_path(folder, index, "json"), asdict(part))


def whole_part(folder: Path, index: int, source: Path) -> Part | None:
    """Return part ``index`` if it is whole and of this very recording, else None."""
    note = _path(folder, index, "json")
    if not note.exists():
        return None
    try:
        content = read_json(note, DataError)
        content |= {kind: Table(**content[kind]) for kind in (ROWS, SHOWN)}
        part = Part(**content)
        if part.file != printable(source) or part.key != key_of(source):
            return None
        is_whole = all(
            sha256_file(_path(folder, index, kind)) == table.sha256
            for kind, table in ((ROWS, part.rows), (SHOWN, part.shown))
        )
        return part if is_whole else None
    except (DataError, OSError, TypeError, KeyError):
        return None  # judged anew, which is always right


def records_of(folder: Path, index: int, kind: str, table: Table) -> Iterator[NDArray[Any]]:
    """Yield the records of a table of part ``index`` in blocks."""
    at_once = max(1, _BLOCK_BYTES // table.record.itemsize)
    with _path(folder, index, kind).open("rb") as file:
        for first in range(0, table.rows, at_once):
            yield np.fromfile(file, table.record, min(at_once, table.rows - first))


def _path(folder: Path, index: int, suffix: str) -> Path:
    return folder / FOLDER / f"{index:05d}.{suffix}"


def take_plan(folder: Path, plan: dict[str, Any], *, resume: bool) -> None:
    """Note what is being judged and how, or check that an interrupted batch was of the same plan.

    Raises:
        OutputError: If the folder holds part of a batch of another plan.
    """
    path = folder / PLAN
    (folder / FOLDER).mkdir(exist_ok=True)
    if resume and path.exists():
        earlier = read_json(path, DataError)
        if differing := sorted(k for k in earlier | plan if earlier.get(k) != plan.get(k)):
            raise OutputError(
                f"{folder}: holds a batch that differs in {', '.join(differing)}. "
                "Give the same settings to resume, or choose another folder"
            )
        return
    write_json(path, plan)
