"""Opening a dataset: every shard is checked before a value is used, every fault named at once."""

import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.schema import (
    DATASET_KIND,
    FORMAT_VERSION,
    MANIFEST_NAME,
    UNFINISHED_NAME,
    Examples,
    Header,
    column_faults,
    is_sealed,
    value_faults,
)
from radarseq.errors import DatasetError
from radarseq.files import read_json, sha256_of


@dataclass(frozen=True)
class Shard:
    """A shard as the manifest describes it; ``sha256`` is empty for a file on its own."""

    path: Path
    rows: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """A dataset on disk.

    Attributes:
        path: The folder, or a single shard.
        header: What is true of all examples.
        shards: In order of their rows.
        digest: Of the manifest's shard digests: two datasets with the same digest hold the same
            bytes. Empty for a single shard.
    """

    path: Path
    header: Header
    shards: tuple[Shard, ...]
    digest: str

    def __len__(self) -> int:
        """Return the number of examples."""
        return sum(shard.rows for shard in self.shards)

    def load(self) -> Examples:
        """Return all examples in memory, every byte checked against the manifest's digests.

        Raises:
            DatasetError: If a shard is missing, truncated, altered or malformed; all are named.
        """
        faults: list[str] = []
        parts = [columns for s in self.shards if (columns := read_shard(s, self.header, faults))]
        if faults:
            raise DatasetError(
                "\n".join(faults) + f"\nMake the dataset again, or restore it: {self.path}"
            )
        if len({tuple(sorted(part)) for part in parts}) > 1:
            raise DatasetError(f"{self.path}: the shards do not have the same columns")
        return Examples(
            self.header,
            {name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        )


def open_dataset(path: Path | str) -> Dataset:
    """Return the dataset in a folder, or the one that a single shard is.

    Raises:
        DatasetError: If there is none, or its manifest is malformed.
    """
    path = Path(path)
    if path.is_file():
        return _single_shard(path)
    if not (path / MANIFEST_NAME).exists():
        if (path / UNFINISHED_NAME).exists():
            raise DatasetError(
                f"{path}: this dataset was not finished. Run the command that makes it again, "
                "with --resume"
            )
        if not path.exists():
            raise DatasetError(f"{path}: no such file or folder")
        raise DatasetError(f"{path}: no {MANIFEST_NAME} here; expected a dataset folder")
    manifest = read_json(path / MANIFEST_NAME, DatasetError)
    source = str(path / MANIFEST_NAME)
    if manifest.get("kind") != DATASET_KIND:
        raise DatasetError(f"{source}: kind is {manifest.get('kind')!r}; expected {DATASET_KIND!r}")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise DatasetError(
            f"{source}: format_version is {manifest.get('format_version')!r}; this version reads "
            f"{FORMAT_VERSION}. Use the version that wrote it, or make the dataset again"
        )
    header = Header.from_json(manifest.get("header"), source)
    records = manifest.get("shards")
    if not isinstance(records, list) or not records:
        raise DatasetError(f"{source}: lists no shards")
    shards = tuple(_shard(path, record, source) for record in records)
    return Dataset(path, header, shards, sha256_of("".join(s.sha256 for s in shards).encode()))


def _shard(folder: Path, record: Any, source: str) -> Shard:
    try:
        name, rows, digest = record["file"], record["rows"], record["sha256"]
    except (TypeError, KeyError) as fault:
        raise DatasetError(f"{source}: a shard entry lacks file, rows or sha256") from fault
    if not (isinstance(name, str) and isinstance(rows, int) and isinstance(digest, str)):
        raise DatasetError(f"{source}: a shard entry has a value of the wrong type")
    if Path(name).name != name:
        raise DatasetError(f"{source}: shard {name!r} lies outside the dataset's folder; refused")
    if not name.isprintable() or not name.isascii():
        raise DatasetError(f"{source}: shard name {name!r} is not plain; refused")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise DatasetError(f"{source}: shard {name!r} has no sha256; make the dataset again")
    return Shard(folder / name, rows, digest)


def _single_shard(path: Path) -> Dataset:
    """Return a shard on its own as a dataset; its user block vouches for its content."""
    faults: list[str] = []
    header, columns = checked_shard(Shard(path, -1, ""), None, faults)
    if header is None or faults:
        raise DatasetError("\n".join(faults))
    return Dataset(path, header, (Shard(path, len(next(iter(columns.values()))), ""),), "")


def read_header(file: h5py.File, source: str) -> Header:
    """Return the header of an open shard.

    Raises:
        DatasetError: If the file is not a shard of this format.
    """
    kind = file.attrs.get("kind")
    if not isinstance(kind, str) or kind != DATASET_KIND:
        raise DatasetError(f"{source}: not a radarseq dataset (no attribute kind)")
    if file.attrs.get("format_version") != FORMAT_VERSION:
        raise DatasetError(
            f"{source}: format_version {file.attrs.get('format_version')}; "
            f"this version reads {FORMAT_VERSION}"
        )
    content: dict[str, Any] = {}
    for name in Header.__dataclass_fields__:
        value = file.attrs.get(name)
        content[name] = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
    return Header.from_json(content, source)


def read_shard(shard: Shard, header: Header, faults: list[str]) -> dict[str, NDArray[Any]]:
    """Return the columns of a shard; what is wrong with it is appended to ``faults``."""
    return checked_shard(shard, header, faults)[1]


def checked_shard(
    shard: Shard, header: Header | None, faults: list[str]
) -> tuple[Header | None, dict[str, NDArray[Any]]]:
    """Return the header and the columns of a shard; what is wrong goes to ``faults``.

    The file is read once, and the digest is taken of the very bytes that HDF5 then parses: nothing
    reaches the HDF5 library that the manifest does not vouch for, or, of a shard on its own
    (``header`` None), its user block.
    """
    try:
        image = shard.path.read_bytes()
    except (OSError, ValueError) as fault:  # ValueError: a name with a NUL
        faults.append(f"{shard.path}: cannot be read ({getattr(fault, 'strerror', fault)})")
        return None, {}
    if shard.sha256 and sha256_of(image) != shard.sha256:
        faults.append(
            f"{shard.path}: altered or truncated: its {len(image)} bytes do not have the sha256 "
            f"{shard.sha256[:12]}... that the manifest gives"
        )
        return None, {}
    if not shard.sha256 and not is_sealed(image):
        faults.append(
            f"{shard.path}: not a whole shard of a radarseq dataset: altered, truncated, or "
            "something else. Restore it from a copy"
        )
        return None, {}
    try:
        own, columns = _parse(image, shard)
    except DatasetError as fault:
        faults.append(str(fault))
        return None, {}
    except Exception as fault:  # whatever a damaged file makes the HDF5 library raise
        faults.append(f"{shard.path}: not readable as HDF5 ({type(fault).__name__}: {fault})")
        return None, {}
    if header is not None and own != header:
        faults.append(f"{shard.path}: its attributes differ from the manifest's: {own}")
    shapes = {name: (str(v.dtype), v.shape) for name, v in columns.items()}
    found = column_faults(own, shapes) or value_faults(own, columns)
    if shard.rows >= 0 and any(len(v) != shard.rows for v in columns.values()):
        found.append(f"holds other than the {shard.rows} rows that the manifest gives")
    faults.extend(f"{shard.path}: {fault}" for fault in found)
    return own, columns


def _parse(image: bytes, shard: Shard) -> tuple[Header, dict[str, NDArray[Any]]]:
    """Return what a shard's bytes hold.

    Raises:
        DatasetError: If it is not of this format, or is not what was written.
    """
    with h5py.File(io.BytesIO(image), "r") as file:
        header = read_header(file, str(shard.path))
        columns = _columns(file, str(shard.path))
        if not columns or not all(v.shape and len(v) for v in columns.values()):
            raise DatasetError(f"{shard.path}: holds no rows, or a column that is no array")
        return header, columns


def _columns(file: h5py.File, source: str) -> dict[str, NDArray[Any]]:
    columns = {}
    for name in list(file):  # a view held in a traceback would hold HDF5's lock
        item = file.get(name)  # None for a link that leads elsewhere
        members = [(m, item.get(m)) for m in item] if isinstance(item, h5py.Group) else [("", item)]
        for member, dataset in members:
            full = f"{name}/{member}".rstrip("/")
            if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
                raise DatasetError(f"{source}: {full} is not a plain array; refused")
            # A column that claims more than the file stores would be filled with zeros.
            if dataset.shape is None or dataset.nbytes > dataset.id.get_storage_size():
                raise DatasetError(f"{source}: {full} claims more than the file holds; refused")
            columns[full] = dataset[()]
    return columns
