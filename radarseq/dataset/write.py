"""Writes datasets: immutable shards, then the manifest that makes them one dataset."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from radarseq.dataset.manifest import Shard, shard_records
from radarseq.dataset.schema import (
    DATASET_KIND,
    FORMAT_VERSION,
    MANIFEST_NAME,
    UNFINISHED_NAME,
    Examples,
    Header,
)
from radarseq.dataset.shard_format import block_size, seal_shard
from radarseq.errors import DatasetError, OutputError
from radarseq.storage.atomic import sha256_file, sha256_of, write_atomically
from radarseq.storage.output_folder import output_folder
from radarseq.storage.sealed import read_json, write_json

ROWS_PER_SHARD = 50_000
# With very many shards, not each is recorded at once: the record would cost more than the shards.
# It takes at most one part in _SHARE of the time. A shard lost by a kill is made again on resuming.
_ALWAYS_NOTED, _SHARE = 1_000, 20


def shard_name(index: int) -> str:
    """Return the file name of a shard."""
    return f"shard-{index:05d}.h5"


def hdf5_image(fill: Callable[[h5py.File], None], *, user_block: int = 0) -> bytes:
    """Return the bytes of the HDF5 file that ``fill`` writes, without the user block before it.

    Built in memory, so that a kill or a full disk never leaves half a file, and without times or
    versions inside, so that the same content gives the same bytes.
    """
    name = uuid.uuid4().hex  # HDF5 wants it unique among the open files; it is not stored
    settings = {"driver": "core", "backing_store": False, "userblock_size": user_block}
    with h5py.File(name, "w", libver="latest", **settings) as file:
        fill(file)
        file.flush()
        return file.id.get_file_image()


def shard_image(examples: Examples) -> bytes:
    """Return the bytes of a shard that holds ``examples``."""
    columns = {name: np.ascontiguousarray(v) for name, v in examples.columns.items()}
    offsets: dict[str, int] = {}

    def fill(file: h5py.File) -> None:
        write_header(file, examples.header)
        for column, values in columns.items():
            stored = file.create_dataset(column, data=values)
            offsets[column] = stored.id.get_offset()

    body = hdf5_image(fill, user_block=block_size(examples.header, columns))
    return seal_shard(examples.header, columns, offsets, body)


def write_header(file: h5py.File, header: Header) -> None:
    """Store the header as attributes of an open file."""
    file.attrs["kind"] = DATASET_KIND
    file.attrs["format_version"] = FORMAT_VERSION
    text = h5py.string_dtype()
    for name, value in header.to_json().items():
        if isinstance(value, list):
            file.attrs.create(name, np.array(value, dtype=object), dtype=text)
        elif isinstance(value, str):
            file.attrs.create(name, value, dtype=text)
        else:
            file.attrs[name] = np.uint64(value) if name == "seed" and value >= 0 else value


def expected_bytes(examples: Examples, rows: int, rows_per_shard: int) -> int:
    """Return the size on disk of ``rows`` rows like those of ``examples``, within a percent."""
    one = examples.take(slice(1))
    row = sum(values.nbytes for values in one.columns.values())
    return rows * row + -(-rows // rows_per_shard) * (len(shard_image(one)) - row)


def write_shard(folder: Path, index: int, image: bytes, rows: int) -> dict[str, Any]:
    """Write shard ``index`` from its bytes; return its record for the manifest."""
    name = shard_name(index)
    write_atomically(folder / name, image)
    return {"file": name, "rows": rows, "sha256": sha256_of(image)}


class ShardWriter:
    """Records the shards of one dataset as they are written, in any order, then the manifest.

    Finished shards stand in ``manifest.unfinished.json``: a resumed run keeps those whose digest
    still holds and makes the others again.

    Args:
        folder: An owned output folder.
        header: Of the dataset.
        plan: Input of the dataset; a resumed run must have the same.

    Raises:
        OutputError: If the folder holds part of another dataset.
    """

    def __init__(self, folder: Path, header: Header, plan: dict[str, Any]) -> None:
        self._folder, self._header, self._plan = folder, header, plan
        self._unfinished = folder / UNFINISHED_NAME
        self._records: dict[str, dict[str, Any]] = {}
        self._due_at = 0.0
        for earlier in (folder / MANIFEST_NAME, self._unfinished):
            if earlier.exists():
                self._adopt(read_json(earlier, DatasetError))
        if not self.is_finished:
            self._save(self._unfinished)

    def _adopt(self, earlier: dict[str, Any]) -> None:
        """Keep the shards of an earlier run of the same plan that are still whole."""
        if earlier.get("plan") != self._plan:
            raise OutputError(
                f"{self._folder}: holds another dataset, or part of one, made with "
                f"{earlier.get('plan')}; this one is {self._plan}. Choose another folder, or "
                "repeat that command"
            )
        for shard in shard_records(self._folder, earlier, str(self._folder)):
            if self._is_intact(shard):
                name = shard.path.name
                self._records[name] = {"file": name, "rows": shard.rows, "sha256": shard.sha256}

    @property
    def is_finished(self) -> bool:
        """Whether the manifest is there and every shard that it names is whole."""
        path = self._folder / MANIFEST_NAME
        if not path.exists():
            return False
        return len(read_json(path, DatasetError)["shards"]) == len(self._records)

    def _is_intact(self, shard: Shard) -> bool:
        try:
            return sha256_file(shard.path) == shard.sha256
        except OSError:  # absent, or no plain file: it is made again
            return False

    def has(self, index: int) -> bool:
        """Return whether shard ``index`` is written and whole."""
        return shard_name(index) in self._records

    def add(self, record: dict[str, Any]) -> None:
        """Record a shard that ``write_shard`` has written."""
        self._records[record["file"]] = record
        now = time.monotonic()
        if len(self._records) < _ALWAYS_NOTED or now >= self._due_at:
            self._save(self._unfinished)
            self._due_at = now + _SHARE * (time.monotonic() - now)

    def finish(self) -> None:
        """Write the manifest: from here on the folder is a dataset."""
        if not self.is_finished:
            self._save(self._folder / MANIFEST_NAME)
        self._unfinished.unlink(missing_ok=True)

    def _save(self, path: Path) -> None:
        shards = [self._records[name] for name in sorted(self._records)]
        manifest: dict[str, Any] = {
            "kind": DATASET_KIND,
            "format_version": FORMAT_VERSION,
            "header": self._header.to_json(),
            "plan": self._plan,
            "shards": shards,
        }
        write_json(path, manifest)


def write_dataset(
    folder: Path, examples: Examples, *, rows_per_shard: int = ROWS_PER_SHARD
) -> None:
    """Write examples that are in memory as a dataset in a new folder.

    Raises:
        OutputError: If the folder is not empty.
    """
    with output_folder(folder, unfinished=(MANIFEST_NAME, UNFINISHED_NAME, "shard-*.h5")):
        writer = ShardWriter(folder, examples.header, {"rows": len(examples)})
        for index, first in enumerate(range(0, len(examples), rows_per_shard)):
            rows = examples.take(slice(first, first + rows_per_shard))
            writer.add(write_shard(folder, index, shard_image(rows), len(rows)))
        writer.finish()
