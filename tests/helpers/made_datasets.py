"""Datasets of made-up values, and the faults found in them."""

import json

import numpy as np
import pytest

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.errors import DatasetError
from radarseq.storage.sealed import write_json

HEADER = Header(
    sample_axis="fast_time",
    sample_interval_s=1e-6,
    carrier_hz=77e9,
    class_names=("a", "ü\n<b>", ""),
    feature_names=("near", "far"),
    group_names=("one", "two"),
    seed=3,
    recipe='name = "x"\n# ü',
    warnings=("the Doppler aliases",),
)


def values(*shape, seed=0, dtype=np.complex64):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(dtype)


def made(kind="complex", rows=50, header=HEADER):
    columns = {
        "label": (np.arange(rows, dtype=np.int32) % 4) - 1,
        "group": np.arange(rows, dtype=np.int64) % 2,
        "split": (np.arange(rows) % 3).astype(np.uint8),
        "parameters/snr_db": np.linspace(-5, 5, rows, dtype=np.float32),
        "parameters/radius_m": np.full(rows, np.nan, np.float32),
    }
    if kind == "complex":
        columns |= {n: values(rows, 8, seed=i) for i, n in enumerate(("tx", "rx", "target"))}
    if kind == "channels":
        columns |= {"rx": values(rows, 8, 2), "target": values(rows, 8, 2, seed=1)}
    if kind == "real":
        columns |= {
            "x": values(rows, 8, 2).real.copy(),
            "target": values(rows, 8).real.copy(),
            "length": np.arange(rows, dtype=np.int32) % 8 + 1,
        }
    return Examples(header, columns)


def same(one, other):
    return (
        one.header == other.header
        and set(one.columns) == set(other.columns)
        and all(
            v.dtype == other[n].dtype and v.shape == other[n].shape
            and v.tobytes() == other[n].tobytes()
            for n, v in one.columns.items()
        )
    )  # fmt: skip


def issues_of(path):
    with pytest.raises(DatasetError) as caught:
        open_dataset(path).load()
    assert caught.value.exit_code == 4
    return str(caught.value)


def edit(path, **fields):
    manifest = json.loads((path / "manifest.json").read_text())
    write_json(path / "manifest.json", manifest | fields)
    return manifest
