"""Part of a batch: the evaluated windows of one recording, on disk until the batch is complete.

A part is three files of the evaluation folder: ``parts/00012.rows``, one record per window;
``parts/00012.samples``, the samples of some windows for the page; and ``parts/00012.json``, which
is written last and makes the part complete. An interrupted batch keeps its complete parts.
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
from radarseq.evaluation.output.hdf5_columns import OutputColumn
from radarseq.storage.atomic import atomic_file, printable, sha256_file
from radarseq.storage.sealed import read_json, write_json

FOLDER, PLAN = "parts", "batch.json"
ROWS, SAMPLES = "rows", "samples"
_BLOCK_BYTES = 16 << 20


@dataclass(frozen=True)
class Table:
    """Records on disk.

    Attributes:
        rows: Number of records.
        columns: Name, dtype and row shape of each column.
        sha256: Digest of the file.
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
    """The evaluated windows of one recording.

    Attributes:
        file: Its path, printable.
        key: Its size [bytes] and time of change [ns]: another key is another recording.
        label: The class in its name, whether or not the model knows it; None without one.
        group: Name of the recording, or of the object that several recordings are of.
        windows: Number of windows cut from it, usable or not.
        skipped: Number of windows that are not usable, by reason.
        carrier_hz: Carrier frequency [Hz]; 0 where it is not known.
        rows: One record per evaluated window.
        samples: One record per window whose samples are saved for the page.
    """

    file: str
    key: list[int]
    label: str | None
    group: str
    windows: int
    skipped: dict[str, int]
    carrier_hz: float
    rows: Table
    samples: Table


def key_of(path: Path) -> list[int]:
    """Return size and time of change, which differ from those of a later file at the same path."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


class PartWriter:
    """Writes blocks of windows as records."""

    def __init__(self, file: BinaryIO, columns: Mapping[str, OutputColumn]) -> None:
        self._file, self._columns = file, columns
        self._record = np.dtype([(name, c.dtype, c.row) for name, c in columns.items()])
        self.rows, self._digest = 0, hashlib.sha256()

    def write(self, block: Mapping[str, NDArray]) -> None:
        """Append windows, with zeros in the columns that are not given."""
        records = np.zeros(len(block["row"]), self._record)
        for name, values in block.items():
            records[name] = values
        content = records.tobytes()
        self._file.write(content)
        self._digest.update(content)
        self.rows += len(records)

    def table(self) -> Table:
        """Return the records that were written so far."""
        columns = [[name, c.dtype.str, list(c.row)] for name, c in self._columns.items()]
        return Table(self.rows, columns, self._digest.hexdigest())


@contextmanager
def part_writer(
    folder: Path, index: int, kind: str, columns: Mapping[str, OutputColumn]
) -> Iterator[PartWriter]:
    """Open ``ROWS`` or ``SAMPLES`` of part ``index``; the file appears when the context ends well.

    Raises:
        OSError: If the disk is full.
    """
    with atomic_file(_path(folder, index, kind)) as file:
        yield PartWriter(file, columns)


def seal_part(folder: Path, index: int, part: Part) -> None:
    """Write the file that makes part ``index`` complete."""
    write_json(_path(folder, index, "json"), asdict(part))


def load_part(folder: Path, index: int, source: Path) -> Part | None:
    """Return part ``index`` if it is complete and of this very recording, else None."""
    path = _path(folder, index, "json")
    if not path.exists():
        return None
    try:
        content = read_json(path, DataError)
        content |= {kind: Table(**content[kind]) for kind in (ROWS, SAMPLES)}
        part = Part(**content)
        if part.file != printable(source) or part.key != key_of(source):
            return None
        is_complete = all(
            sha256_file(_path(folder, index, kind)) == table.sha256
            for kind, table in ((ROWS, part.rows), (SAMPLES, part.samples))
        )
        return part if is_complete else None
    except (DataError, OSError, TypeError, KeyError):
        return None  # to be evaluated again, which is always correct


def read_records(folder: Path, index: int, kind: str, table: Table) -> Iterator[NDArray[Any]]:
    """Yield the records of a table of part ``index`` in blocks."""
    at_once = max(1, _BLOCK_BYTES // table.record.itemsize)
    with _path(folder, index, kind).open("rb") as file:
        for first in range(0, table.rows, at_once):
            yield np.fromfile(file, table.record, min(at_once, table.rows - first))


def _path(folder: Path, index: int, suffix: str) -> Path:
    return folder / FOLDER / f"{index:05d}.{suffix}"


def begin_batch(folder: Path, plan: dict[str, Any], *, resume: bool) -> None:
    """Write the plan of a batch, or check that the interrupted batch had the same.

    Raises:
        OutputError: If the folder holds part of a batch with another plan.
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
