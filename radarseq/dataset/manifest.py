"""Shard entries of a manifest, checked before a file is opened."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from radarseq.errors import DatasetError


@dataclass(frozen=True)
class Shard:
    """A shard as the manifest describes it; ``sha256`` is empty for a file on its own."""

    path: Path
    rows: int
    sha256: str


def shard_records(folder: Path, manifest: dict[str, Any], source: str) -> list[Shard]:
    """Return the shards that a manifest lists.

    Raises:
        DatasetError: If one is not described in full, or lies outside ``folder``.
    """
    records = manifest.get("shards")
    if not isinstance(records, list):
        raise DatasetError(f"{source}: lists no shards")
    return [_shard(folder, record, source) for record in records]


def _shard(folder: Path, record: Any, source: str) -> Shard:
    try:
        name, rows, digest = record["file"], record["rows"], record["sha256"]
    except (TypeError, KeyError) as error:
        raise DatasetError(f"{source}: a shard entry lacks file, rows or sha256") from error
    if not (isinstance(name, str) and isinstance(rows, int) and isinstance(digest, str)):
        raise DatasetError(f"{source}: a shard entry has a value of the wrong type")
    if Path(name).name != name:
        raise DatasetError(f"{source}: shard {name!r} lies outside the dataset's folder; refused")
    if not name.isprintable() or not name.isascii():
        raise DatasetError(f"{source}: shard name {name!r} is not plain; refused")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise DatasetError(f"{source}: shard {name!r} has no sha256; make the dataset again")
    return Shard(folder / name, rows, digest)
