"""Datasets that tests make, store and damage."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT

from radarseq import simulate
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.errors import DatasetError
from radarseq.recipes.recipe import parse_recipe, read_recipe
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


# The shipped recipe with spheres of nearly one size, so that their table takes no time.
TEXT = (ROOT / "datasets" / "four_shapes.toml").read_text()
TEXT = TEXT.replace("radius_m = [0.05, 0.3]", "radius_m = [0.29, 0.3]")
RECIPE = parse_recipe(TEXT)
EXAMPLES, ROWS, SEED = 2000, 300, 7


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def again(out, **changes):
    plan = {"examples": EXAMPLES, "seed": SEED, "rows_per_shard": ROWS} | changes
    return simulate(RECIPE, out, **plan)


def interrupt_after(shards):
    calls = []

    def progress(done, total):
        calls.append((done, total))
        if len(calls) == shards:
            raise KeyboardInterrupt

    return progress


SCENE = read_recipe(ROOT / "datasets" / "four_shapes.toml").scene
# With spheres of nearly one size, whose table takes no time, for what does not depend on them.
QUICK = replace(
    SCENE, objects=(replace(SCENE.objects[0], radius_m=(0.29, 0.3)), *SCENE.objects[1:])
)
COUNT = 20_000


def normalised_noise(pairs):
    noise = pairs.rx.astype(complex) - pairs.target
    return noise / np.sqrt(pairs.parameters["noise_power_m2"].astype(float))[:, None]


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def content(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder, by their relative names."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def flip_a_byte(path: Path, place: float = 0.6) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 0x10
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
