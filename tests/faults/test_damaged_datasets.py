"""Datasets that are damaged or do not fit the model, through the command line."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from datasets_made import flip_a_byte, truncate
from small_runs import RECIPE, command_on

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.write import write_dataset
from radarseq.storage.sealed import write_json


@pytest.mark.parametrize("kind", ["validate", "train", "evaluate", "inspect", "export"])
@pytest.mark.parametrize("damage", [truncate, flip_a_byte, Path.unlink])
def test_a_damaged_shard_is_named(cli, damaged, run, tmp_path, kind, damage):
    damage(damaged / "shard-00002.h5")
    output = cli.fails(
        4, *command_on(kind, damaged, run, tmp_path / "out"), names=(damaged / "shard-00002.h5",)
    )
    assert "shard-00001.h5" not in output
    assert "Make the dataset again" in output or kind == "validate"


def test_all_damaged_shards_are_named_at_once(cli, damaged):
    truncate(damaged / "shard-00000.h5")
    flip_a_byte(damaged / "shard-00003.h5")
    cli.fails(4, "validate", damaged, names=("shard-00000.h5", "shard-00003.h5"))


@pytest.mark.parametrize("place", [0.001, 0.02, 0.3, 0.7, 0.999])
def test_one_flipped_byte_anywhere_in_a_shard_is_found(cli, damaged, place):
    flip_a_byte(damaged / "shard-00001.h5", place)
    cli.fails(4, "validate", damaged, names=("shard-00001.h5", "sha256"))


MANIFESTS = {
    "not JSON": lambda m: '{"kind": ',
    "not UTF-8": lambda m: b"\xff\xfe{}",
    "empty": lambda m: "",
    "deep": lambda m: "[" * 100_000,
    "a list": lambda m: [],
    "nothing in it": lambda m: {},
    "another kind": lambda m: m | {"kind": "radarseq poem"},
    "kind is a list": lambda m: m | {"kind": []},
    "a later format": lambda m: m | {"format_version": 99},
    "shards missing": lambda m: {k: v for k, v in m.items() if k != "shards"},
    "shards is a number": lambda m: m | {"shards": 5},
    "a shard without rows": lambda m: m | {"shards": [{"file": "shard-00000.h5"}]},
    "a shard outside": lambda m: m | {"shards": [m["shards"][0] | {"file": "../shard-00000.h5"}]},
    "a shard with a name that no file can have": lambda m: (
        m | {"shards": [m["shards"][0] | {"file": "shard-\0.h5"}]}
    ),
    "header missing": lambda m: {k: v for k, v in m.items() if k != "header"},
    "header with a text for a number": lambda m: (
        m | {"header": m["header"] | {"carrier_hz": "fast"}}
    ),
    "header with an unknown field": lambda m: m | {"header": m["header"] | {"mood": 1}},
    "header with an unknown axis": lambda m: m | {"header": m["header"] | {"sample_axis": "up"}},
}


@pytest.mark.parametrize("kind", ["validate", "train", "evaluate"])
@pytest.mark.parametrize("damage", MANIFESTS)
def test_a_damaged_manifest_is_named(cli, damaged, run, tmp_path, kind, damage):
    path = damaged / "manifest.json"
    new = MANIFESTS[damage](json.loads(path.read_bytes()))
    if isinstance(new, dict):
        write_json(path, new)
    else:
        new = json.dumps(new) if isinstance(new, list) else new
        path.write_bytes(new.encode() if isinstance(new, str) else new)
    cli.fails(4, *command_on(kind, damaged, run, tmp_path / "out"), names=(damaged,))


def test_a_manifest_that_says_other_than_its_shards_is_found(cli, damaged):
    path = damaged / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["header"]["class_names"] = ["plate", "rod"]
    write_json(path, manifest)
    cli.fails(4, "validate", damaged, names=("shard-00000.h5", "differ from the manifest's"))


def test_an_unfinished_dataset_is_not_used(cli, damaged, run, tmp_path):
    (damaged / "manifest.json").rename(damaged / "manifest.unfinished.json")
    for kind in ("validate", "train", "evaluate"):
        words = command_on(kind, damaged, run, tmp_path / kind)
        cli.fails(4, *words, names=(damaged, "not finished", "--resume"))


def changed(tiny: Path, out: Path, change: Callable[[Examples], Examples]) -> Path:
    write_dataset(out, change(open_dataset(tiny).load()))
    return out


MISMATCHES = {
    "steps": ("steps = 32", "steps = 16", ["16 steps", "the model has 32"]),
    "interval": ("2e-3", "1e-3", ["sample_interval_s 0.001", "the model has 0.002"]),
    "classes": ('name = "plate"', 'name = "panel"', ["rod, panel", "rod, plate"]),
}


@pytest.mark.parametrize("difference", MISMATCHES)
def test_a_model_refuses_a_dataset_of_another_kind(cli, run, tmp_path, difference):
    old, new, names = MISMATCHES[difference]
    path, data = tmp_path / "other.toml", tmp_path / "data"
    path.write_text(RECIPE.replace(old, new, 1))
    cli.good("simulate", path, "--examples", 100, "--out", data)
    output = cli.fails(4, "evaluate", run, data, "--out", tmp_path / "out", names=tuple(names))
    assert "Train a model on such data" in output or "same classes" in output
    assert not list((tmp_path / "out").glob("*"))


def _without(name: str) -> Callable[[Examples], Examples]:
    return lambda e: Examples(e.header, {k: v for k, v in e.columns.items() if k != name})


def _as_real(examples: Examples) -> Examples:
    columns = {k: v for k, v in examples.columns.items() if k not in ("rx", "tx", "target")}
    rx = examples["rx"]
    x = np.stack([rx.real, rx.imag], axis=2).astype(np.float32)
    return Examples(examples.header, columns | {"x": x})


def _with_two_channels(examples: Examples) -> Examples:
    rx = np.repeat(examples["rx"][:, :, np.newaxis], 2, axis=2)
    return Examples(examples.header, {**examples.columns, "rx": rx})


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (
            lambda e: Examples(replace(e.header, sample_axis="fast_time"), e.columns),
            ["sample_axis 'fast_time'", "the model has 'slow_time'"],
        ),
        (_without("tx"), ["no tx"]),
        (_as_real, ["no tx"]),
        (_with_two_channels, ["expected samples (batch, step", "(49, 32, 2)"]),
    ],
    ids=["axis", "no code", "real", "channels"],
)
def test_a_model_refuses_data_of_another_kind(cli, tiny, run, tmp_path, change, names):
    data = changed(tiny, tmp_path / "data", change)
    cli.fails(4, "evaluate", run, data, "--out", tmp_path / "out", names=tuple(names))


def test_a_task_that_the_data_cannot_serve_is_refused(cli, tiny, tmp_path):
    unlabelled = changed(tiny, tmp_path / "unlabelled", _without("label"))
    words = ("train", unlabelled, "--task", "classify", "--out", tmp_path / "out")
    cli.fails(4, *words, names=("'classify'", "labels"))
    no_target = changed(tiny, tmp_path / "no_target", _without("target"))
    words = ("train", no_target, "--task", "echo", "--out", tmp_path / "out")
    cli.fails(4, *words, names=("'echo'", "target"))


def test_a_dataset_without_training_rows_is_refused(cli, tiny, tmp_path):
    data = changed(tiny, tmp_path / "data", lambda e: e.part("test"))
    cli.fails(4, "train", data, "--out", tmp_path / "out", names=(data, "train split"))
    words = ("evaluate", tmp_path, data, "--split", "train", "--out", tmp_path / "out")
    cli.fails(4, *words, names=(tmp_path, "checkpoint"))
