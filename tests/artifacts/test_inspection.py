"""Saying what a path holds: each kind, in plain JSON types, and as text."""

import json
import shutil

import numpy as np
import pytest

from radarseq.artifacts.inspection import as_text, inspect
from radarseq.artifacts.kind import Kind, kind_of
from radarseq.captures.conversion.export import export
from radarseq.dataset.read import open_dataset
from radarseq.errors import CheckpointError, DataError, DatasetError, RecipeError
from radarseq.storage.sealed import write_json


@pytest.fixture(scope="module")
def things(space, space_run, space_recipe, space_evaluation, tmp_path_factory):
    """One path of each kind."""
    folder = tmp_path_factory.mktemp("things")
    export(space, folder / "captures", limit=3)
    return {
        "dataset": space,
        "shard": space / "shard-00000.h5",
        "run": space_run,
        "checkpoint": space_run / "checkpoints/last",
        "evaluation": space_evaluation.folder,
        "recipe": space_recipe,
        "captures": folder / "captures",
        "capture": next(iter(sorted((folder / "captures").iterdir()))),
    }


KINDS = {
    "dataset": Kind.DATASET,
    "shard": Kind.DATASET,
    "run": Kind.RUN,
    "checkpoint": Kind.CHECKPOINT,
    "evaluation": Kind.EVALUATION,
    "recipe": Kind.RECIPE,
    "captures": Kind.CAPTURE,
    "capture": Kind.CAPTURE,
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_told_in_plain_types_and_as_text(things, name):
    path = things[name]
    assert kind_of(path) == KINDS[name]
    info = inspect(path)
    assert info["kind"] == KINDS[name].value
    assert info["path"] == str(path)
    assert len(info) > 2
    assert json.loads(json.dumps(info, allow_nan=False)).keys() == info.keys()
    lines = as_text(info).splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(info)
    assert inspect(str(path)) == info


def test_a_dataset_is_counted(things, space_examples):
    info = inspect(things["dataset"])
    assert (info["examples"], info["steps"], info["shards"], info["seed"]) == (600, 32, 3, 7)
    assert (info["sample_axis"], info["sample_interval_s"]) == ("slow_time", 0.002)
    counts = np.bincount(space_examples["label"], minlength=4).tolist()
    names = ["sphere", "plate", "cylinder", "cone"]
    assert info["classes"] == dict(zip(names, counts, strict=True))
    split = np.bincount(space_examples["split"], minlength=3).tolist()
    assert info["split"] == dict(zip(["train", "validation", "test"], split, strict=True))
    assert info["columns"]["rx"] == "complex64 (600, 32)"
    assert info["digest"] == open_dataset(things["dataset"]).digest
    sizes = [p.stat().st_size for p in things["dataset"].glob("*.h5")]
    assert info["bytes"] == sum(sizes)


def test_a_run_tells_of_its_best_model(things):
    info = inspect(things["run"])
    assert info["model"]["model"] == "wavenet"
    assert info["receptive_field"] == 32
    assert info["class_names"] == ["sphere", "plate", "cylinder", "cone"]
    assert info["training"]["epochs"] == info["epochs"] == 2
    assert info["data"]["path"] == str(things["dataset"])
    best = json.loads((things["run"] / "checkpoints/best/manifest.json").read_text())
    assert info["metrics"] == best["metrics"]
    assert info["best_epoch"] == best["epoch"]
    assert info["parameters"] > 5000


def test_a_recipe_tells_of_its_objects(things):
    info = inspect(things["recipe"])
    assert info["classes"]["sphere"]["radius_m"] == [0.05, 0.3]
    assert info["radar"]["carrier_hz"] == 10e9
    assert info["objects_per_class"] == 500


def test_recordings_are_told_alone_and_together(things):
    info = inspect(things["captures"])
    assert info["recordings"] == [str(p) for p in sorted(things["captures"].iterdir())]
    one = inspect(things["capture"])
    assert one["shape"]["step"] == 32
    assert one["sample_interval_s"] == 0.002
    assert one["tx"] is True


def test_nothing_and_the_unknown_say_so(tmp_path):
    with pytest.raises(DataError, match="no such file or folder") as caught:
        inspect(tmp_path / "none")
    assert caught.value.exit_code == 4
    with pytest.raises(DataError, match="holds nothing that is known"):
        inspect(tmp_path)
    write_json(tmp_path / "manifest.json", {"kind": "shopping list"})
    with pytest.raises(DataError, match="kind is 'shopping list'"):
        inspect(tmp_path)
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match=r"manifest\.json: not as radarseq wrote it"):
        inspect(tmp_path)
    (tmp_path / "a.toml").write_text("radar = 3")
    with pytest.raises(RecipeError, match=r"a\.toml"):
        inspect(tmp_path / "a.toml")
    (tmp_path / "b.npz").write_bytes(b"garbage")
    with pytest.raises(DataError, match=r"b\.npz"):
        inspect(tmp_path / "b.npz")


def test_damage_is_told_and_not_passed_over(things, tmp_path):
    data = shutil.copytree(things["dataset"], tmp_path / "d")
    (data / "shard-00002.h5").write_bytes(b"")
    with pytest.raises(DatasetError, match="shard-00002"):
        inspect(data)
    run = shutil.copytree(things["run"], tmp_path / "r")
    (run / "checkpoints/best/model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        inspect(run)


def test_text_is_aligned_and_nested():
    info = {"a": 1, "longer": 0.002, "inner": {"x": [1, 2], "y": {}}, "many": list("abcde")}
    assert as_text(info).splitlines() == [
        "a       1",
        "longer  0.002",
        "inner",
        "  x  [1, 2]",
        "  y  none",
        "many",
        *(f"  {letter}" for letter in "abcde"),
    ]
    assert as_text({}) == ""
