"""Datasets exported as recordings, and collected again."""

from pathlib import Path

import numpy as np
import pytest
from recordings import collect, noise, save

from radarseq.captures.conversion.export import export
from radarseq.captures.conversion.import_dataset import import_
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import DatasetError, OutputError, UsageError


def exportable(folder: Path) -> Examples:
    labels = np.array([0, 1, -1, 1, 0, 1, 0, 1], np.int32)
    header = Header(
        sample_axis="slow_time",
        sample_interval_s=1e-4,
        carrier_hz=10e9,
        class_names=("round_plate", "a/b"),
    )
    columns = {
        "rx": noise(8, 32),
        "tx": noise(8, 32, seed=1),
        "label": labels,
        "group": np.array([70, 5, 6, 5, 70, 8, 71, 5], np.int64),
        "split": np.array([2] * 7 + [0], np.uint8),
    }
    examples = Examples(header, columns)
    write_dataset(folder, examples)
    return examples


def test_what_is_exported_is_collected_again_bit_for_bit(tmp_path):
    examples = exportable(tmp_path / "set")
    files = export(tmp_path / "set", tmp_path / "out", split="all")
    names = ["unknown_6", "round_plate_70", "a-b_5", "round_plate_71", "a-b_8"]
    assert [path.name for path in files] == [f"{name}.npz" for name in names]
    again, failures = collect([tmp_path / "out"], ReadOptions(name="{label}_{group}.npz"))
    assert failures == []
    assert again.header.class_names == ("a-b", "round_plate", "unknown")
    assert again.header.group_names[-2:] == ("round_plate/71", "unknown/6")
    for key in ("sample_axis", "sample_interval_s", "carrier_hz"):
        assert getattr(again.header, key) == getattr(examples.header, key)
    rows = [1, 3, 7, 5, 0, 4, 6, 2]  # by file, in the order within each
    for column in ("rx", "tx"):
        assert again[column].tobytes() == examples[column][rows].tobytes()


def test_export_takes_a_split_and_a_limit_over_all_classes(tmp_path):
    exportable(tmp_path / "set")
    files = export(tmp_path / "set", tmp_path / "out", limit=3)
    assert [path.name.split("_")[0] for path in files] == ["unknown", "round", "a-b"]
    assert sum(len(read_capture(path).samples) for path in files) == 5
    with pytest.raises(UsageError, match="limit is 0"):
        export(tmp_path / "set", tmp_path / "two", limit=0)
    with pytest.raises(OutputError):
        export(tmp_path / "set", tmp_path / "out")
    with pytest.raises(DatasetError, match="no rows in 'validation'"):
        export(tmp_path / "set", tmp_path / "three", split="validation")


def test_imported_groups_keep_their_names_in_an_export(tmp_path):
    for name in ("a_b/run_1.npy", "a_b/run_2 x.npy", "a_b/run_2_x.npy"):
        save(tmp_path / "raw" / name, noise(10, 8))
    options = ReadOptions(name="{label}/{group}.npy")
    import_([tmp_path / "raw"], tmp_path / "set", options=options)
    files = export(tmp_path / "set", tmp_path / "out", split="all")
    assert [path.name for path in files] == [
        "a_b_run-1.npz",
        "a_b_run-2-x.npz",
        "a_b_run-2-x-2.npz",  # two names that became one stay two files
    ]
    again, _ = collect(files, ReadOptions(name="{label}_{group}.npz"))
    assert again.header.class_names == ("a_b",)


def test_real_sequences_are_exported_too(tmp_path):
    columns = {"x": noise(4, 5, 2).real.astype(np.float32)}
    examples = Examples(Header(sample_axis="step"), columns)
    write_dataset(tmp_path / "set", examples)
    files = export(tmp_path / "set", tmp_path / "out", split="all")
    assert [path.name for path in files] == ["unknown_0.npz"]
    again, _ = collect(files)
    assert again["x"].tobytes() == examples["x"].tobytes()
