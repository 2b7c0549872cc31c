"""Opens datasets: every shard is checked before a value is used, and all issues are listed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.manifest import Shard, shard_records
from radarseq.dataset.schema import (
    DATASET_KIND,
    FORMAT_VERSION,
    MANIFEST_NAME,
    UNFINISHED_NAME,
    Examples,
    Header,
    column_issues,
    value_issues,
)
from radarseq.dataset.shard_format import is_sealed, open_shard
from radarseq.errors import DatasetError
from radarseq.storage.atomic import read_plain, sha256_of
from radarseq.storage.sealed import read_json


@dataclass(frozen=True)
class Dataset:
    """A dataset on disk.

    Attributes:
        path: The folder, or a single shard.
        header: Properties that all examples share.
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
        issues: list[str] = []
        parts = [columns for s in self.shards if (columns := read_shard(s, self.header, issues))]
        if issues:
            raise DatasetError(
                "\n".join(issues) + f"\nMake the dataset again, or restore it: {self.path}"
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
    shards = tuple(shard_records(path, manifest, source))
    if not shards:
        raise DatasetError(f"{source}: lists no shards")
    return Dataset(path, header, shards, sha256_of("".join(s.sha256 for s in shards).encode()))


def _single_shard(path: Path) -> Dataset:
    """Return a shard on its own as a dataset, checked against the digest in its user block."""
    issues: list[str] = []
    # Only here a link is followed: the user named this file directly.
    file = path.resolve()
    header, columns = checked_shard(Shard(file, -1, ""), None, issues)
    if header is None or issues:
        raise DatasetError("\n".join(issues))
    rows = len(next(iter(columns.values())))
    return Dataset(path, header, (Shard(file, rows, ""),), "")


def read_shard(shard: Shard, header: Header, issues: list[str]) -> dict[str, NDArray[Any]]:
    """Return the columns of a shard; append its issues to ``issues``."""
    return checked_shard(shard, header, issues)[1]


def checked_shard(
    shard: Shard, header: Header | None, issues: list[str]
) -> tuple[Header | None, dict[str, NDArray[Any]]]:
    """Return the header and the columns of a shard; append its issues to ``issues``.

    The file is read once, and the digest is taken of the same bytes that are then used. It must be
    that of the manifest or, for a shard on its own (``header`` None), that of its user block.
    """
    try:
        image = read_plain(shard.path)
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL
        issues.append(f"{shard.path}: cannot be read ({getattr(error, 'strerror', error)})")
        return None, {}
    if shard.sha256 and sha256_of(image) != shard.sha256:
        issues.append(
            f"{shard.path}: altered or truncated: its {len(image)} bytes do not have the sha256 "
            f"{shard.sha256[:12]}... that the manifest gives"
        )
        return None, {}
    if not shard.sha256 and not is_sealed(image):
        issues.append(
            f"{shard.path}: not a whole shard of a radarseq dataset: altered, truncated, or "
            "something else. Restore it from a copy"
        )
        return None, {}
    try:
        own, columns = open_shard(image, str(shard.path))
    except DatasetError as error:
        issues.append(str(error))
        return None, {}
    if header is not None and own != header:
        issues.append(f"{shard.path}: its attributes differ from the manifest's: {own}")
    shapes = {name: (str(v.dtype), v.shape) for name, v in columns.items()}
    found = column_issues(own, shapes) or value_issues(own, columns)
    if shard.rows >= 0 and any(len(v) != shard.rows for v in columns.values()):
        found.append(f"holds other than the {shard.rows} rows that the manifest gives")
    issues.extend(f"{shard.path}: {error}" for error in found)
    return own, columns
