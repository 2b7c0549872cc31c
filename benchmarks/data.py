"""Measures stored data into training batches, against h5py row reads and a DataLoader.

    python benchmarks/data.py

The same rows, simulated once, are stored twice: as a dataset of radarseq, and as a plain HDF5 file
with one array per column. The references read a batch of random rows with h5py's own indexing, and
by a ``DataLoader`` over a ``Dataset`` that reads one row at a time. radarseq opens the dataset
(every byte is read and checked against its sha256) and then takes batches by index from memory. The
script first checks that all methods give the same rows.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from side_by_side import Times, interleaved, machine
from torch.utils.data import DataLoader, Dataset

from radarseq import open_dataset, simulate
from radarseq.training.data.batches import StoredBatches, as_batch

RECIPE = Path(__file__).parents[1] / "datasets" / "space_objects.toml"
ROWS, BATCH = 100_000, 256
COLUMNS = ("rx", "tx", "target", "label")


def column(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a column of the plain file."""
    found = file[name]
    assert isinstance(found, h5py.Dataset)
    return found


class RowByRow(Dataset):
    """Simplest dataset for a DataLoader: one row per call."""

    def __init__(self, path: Path) -> None:
        file = h5py.File(path, "r")
        self._columns = [column(file, name) for name in COLUMNS]

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        return tuple(values[index] for values in self._columns)


def row_reads(path: Path, batches: int) -> None:
    """Read random batches with h5py's fancy indexing, which needs increasing indices."""
    generator = np.random.default_rng(0)
    with h5py.File(path, "r") as file:
        for _ in range(batches):
            rows = np.sort(generator.permutation(ROWS)[:BATCH])
            for name in COLUMNS:
                torch.from_numpy(column(file, name)[rows])


def loader_batches(loader: DataLoader, batches: int) -> Iterator[list[torch.Tensor]]:
    """Yield the first batches of a DataLoader."""
    for _, batch in zip(range(batches), loader, strict=False):
        yield batch


def check_same_rows(source: StoredBatches, plain: Path) -> None:
    """Stop if the batches of radarseq hold other rows than the plain file."""
    batch = source.sample()
    with h5py.File(plain, "r") as file:
        for name, values in (("rx", batch.signal), ("tx", batch.tx), ("target", batch.target)):
            assert values is not None
            if not np.array_equal(values.numpy(), column(file, name)[: len(batch)]):
                raise SystemExit(f"our {name} differs from the plain file's")


def row(name: str, times: Times, examples: int, row_bytes: int, base: float | None) -> str:
    """Return one line of the table."""
    rate = examples / times.median_s
    ratio = f"{rate / base:>9,.1f}" if base else f"{'1.0':>9}"
    low, high = examples / times.high_s, examples / times.low_s
    return (
        f"{name:<44} {rate:>13,.0f} {low:>13,.0f} {high:>13,.0f} "
        f"{rate * row_bytes / 1e9:>8.3f} {ratio}"
    )


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        dataset = simulate(RECIPE, Path(folder) / "ours", examples=ROWS, seed=1, workers=2)
        examples = dataset.load()
        plain = Path(folder) / "plain.h5"
        with h5py.File(plain, "w") as file:
            for name in COLUMNS:
                file[name] = examples[name]
        row_bytes = sum(examples[name][:1].nbytes for name in COLUMNS)
        all_bytes = sum(values[:1].nbytes for values in examples.columns.values())
        batch = as_batch(examples, torch.device("cpu"))
        source = StoredBatches(batch, batch_size=BATCH, seed=0, redraw_noise=False)
        check_same_rows(source, plain)
        loader = DataLoader(RowByRow(plain), batch_size=BATCH, shuffle=True)
        times = interleaved(
            {
                "h5py, random rows": lambda: row_reads(plain, 4),
                "DataLoader, one row per call": lambda: list(loader_batches(loader, 4)),
                "ours, open + check + load": lambda: open_dataset(dataset.path).load(),
                "ours, batches by index": lambda: list(source.epoch(0)),
            },
            rounds=5,
        )
    print(f"{machine()}; one thread")
    print(f"{ROWS:,} rows, batches of {BATCH}; {row_bytes} bytes a row in a batch,")
    print(f"{all_bytes} bytes a row in the dataset; the file system's cache is warm")
    print(f"{'method':<44} {'rows/s':>13} {'low':>13} {'high':>13} {'GB/s':>8} {'ratio':>9}")
    base = 4 * BATCH / times["h5py, random rows"].median_s
    print(row("h5py, random rows", times["h5py, random rows"], 4 * BATCH, row_bytes, None))
    name = "DataLoader, one row per call"
    print(row(name, times[name], 4 * BATCH, row_bytes, base))
    name = "ours, open + check + load"
    print(row(name, times[name], ROWS, all_bytes, base))
    name = "ours, batches by index"
    print(row(name, times[name], ROWS, row_bytes, base))


if __name__ == "__main__":
    main()
