"""Imports of recordings that others made public; the files are not part of the project."""

from pathlib import Path

import numpy as np
import pytest
from paths import SHARED as DATA
from recordings import collect

from radarseq.captures.conversion.import_dataset import import_
from radarseq.captures.options.read_options import ReadOptions
from radarseq.dataset.read import open_dataset
from radarseq.errors import CaptureError


def recorded(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"the recordings {name} are not at hand (see the table in docs)")
    return DATA / name


def test_ionosphere_returns(tmp_path):
    options = ReadOptions(interleaved=True, label_column=-1)
    path = recorded("ionosphere/ionosphere.csv")
    result = import_([path], tmp_path / "out", options=options, train_rows=200)
    examples = open_dataset(tmp_path / "out").load()
    assert examples["rx"].shape == (351, 17)
    assert examples["rx"].dtype == np.complex64
    assert examples["rx"][0, :2].tolist() == [1, np.complex64(0.99539 - 0.05889j)]
    assert {name: sum(n.values()) for name, n in result.counts.items()} == {"b": 126, "g": 225}
    assert (examples["split"][:200] != 2).all()
    assert (examples["split"][200:] == 2).all()
    assert result.counts["g"]["test"] == 124  # 82.1 % of 151: the majority to beat
    assert (result.rejected, result.failures) == ({}, [])


def test_waste_level_sweeps(tmp_path):
    files = sorted(recorded("acconeer").glob("waste-level-*.h5"))
    options = ReadOptions(name="waste-level-{label}.h5")
    result = import_(files, tmp_path / "out", options=options, train_fraction=0.7)
    dataset = open_dataset(tmp_path / "out")
    examples = dataset.load()
    assert examples["rx"].shape == (320, 32, 37)
    assert dataset.header.class_names == ("25-percent", "empty", "full")
    assert {name: sum(n.values()) for name, n in result.counts.items()} == {
        "25-percent": 112,
        "empty": 104,
        "full": 104,
    }
    assert dataset.header.sample_axis == "slow_time"
    assert dataset.header.sample_interval_s == pytest.approx(1 / 2445.18, rel=1e-6)
    assert dataset.header.carrier_hz == 60.5e9
    assert (examples["rx"].real == np.round(examples["rx"].real)).all()
    last = examples["split"][examples["group"] == 1]
    assert (np.diff(last) >= 0).all()  # train, then validation, then test, along time


def test_other_recordings_of_the_same_makers():
    folder = recorded("acconeer")
    assert collect([folder / "breathing-sitting.h5"])[0]["rx"].shape == (773, 16, 21)
    assert collect([folder / "sleep_breathing.h5"])[0]["rx"].shape == (1, 331, 827)
    assert collect([folder / "wave_to_exit.h5"])[0]["x"].shape == (200, 32, 4)
    with pytest.raises(CaptureError, match="has 1 samples along 'step'"):
        collect([folder / "corner-reflector.h5"])


def test_space_debris_echoes(tmp_path):
    options = ReadOptions(name="{label}/object_noise_{group}.mat", carrier_hz=94e9)
    folder = recorded("space_debris")
    result = import_([folder], tmp_path / "out", options=options, test_group="27")
    dataset = open_dataset(tmp_path / "out")
    examples = dataset.load()
    assert result.rejected == {"all zero": 508}
    assert result.rows == 16 * 1000 - 508
    assert examples["x"].shape == (15492, 501, 1)
    assert dataset.header.class_names == ("circular_plates", "cones", "cylinders", "spheres")
    assert len(dataset.header.group_names) == 16
    tested = {dataset.header.group_names[i] for i in np.unique(examples.part("test")["group"])}
    assert tested == {f"{name}/27" for name in dataset.header.class_names}
    assert result.counts["cones"]["test"] == 1000 - 140
