"""Runs that are damaged, hostile or do not fit the data, through the command line."""

import json
import pickle
import shutil
from pathlib import Path

import pytest
from datasets_made import content, flip_a_byte, sha256, truncate
from small_runs import TRAINED, a_run_like

from radarseq.storage.sealed import write_json


def test_a_run_without_a_checkpoint_is_named(cli, run, tiny, tmp_path):
    bare = a_run_like(run, tmp_path / "bare")
    shutil.rmtree(bare / "checkpoints")
    cli.fails(4, "validate", bare, names=(bare, "without a checkpoint"))
    words = ("evaluate", bare, tiny, "--out", tmp_path / "out")
    cli.fails(4, *words, names=(bare, "no checkpoint", "radarseq train"))
    cli.fails(4, "inspect", bare, names=(bare,))


@pytest.mark.parametrize("damage", [truncate, flip_a_byte, Path.unlink])
@pytest.mark.parametrize("name", ["model.safetensors", "manifest.json"])
def test_a_damaged_checkpoint_is_named(cli, run, tiny, tmp_path, name, damage):
    other = a_run_like(run, tmp_path / "run")
    path = other / "checkpoints" / "best" / name
    damage(path)
    for words in (("validate", other), ("evaluate", other, tiny, "--out", tmp_path / "out")):
        cli.fails(4, *words, names=(path.parent,))


@pytest.mark.parametrize("damage", [truncate, flip_a_byte, Path.unlink])
def test_a_damaged_state_is_named_and_the_best_still_judges(cli, run, tiny, tmp_path, damage):
    other = a_run_like(run, tmp_path / "run")
    path = other / "checkpoints" / "last" / "state.pt"
    damage(path)
    cli.fails(4, "validate", other, names=(path,))
    cli.fails(4, "train", tiny, "--out", other, "--resume", "--epochs", 20, names=(path,))
    cli.good("inspect", other)


class Touching:
    """Leaves a file behind when it is unpickled with the freedom to run code."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_malicious_state_never_runs(cli, run, tiny, tmp_path):
    other, victim = a_run_like(run, tmp_path / "run"), tmp_path / "victim"
    last = other / "checkpoints" / "last"
    (last / "state.pt").write_bytes(pickle.dumps({"optimiser": Touching(victim), "progress": {}}))
    manifest = json.loads((last / "manifest.json").read_bytes())
    manifest["files"]["state.pt"] = sha256(last / "state.pt")
    write_json(last / "manifest.json", manifest)
    words = ("train", tiny, "--out", other, "--resume", "--epochs", 20)
    text = cli.fails(4, *words, names=(last / "state.pt", "refused"))
    assert not victim.exists()
    assert "will likely succeed" not in text  # torch's own advice: load it with the safety off


def test_resuming_needs_a_run_the_same_data_and_the_same_settings(cli, run, tiny, recipe, tmp_path):
    words = ("train", tiny, "--out", tmp_path / "out", "--resume")
    cli.fails(4, *words, names=(tmp_path / "out", "no run to resume"))
    other = a_run_like(run, tmp_path / "run")
    before = content(other)
    cli.fails(2, "train", recipe, "--out", other, "--resume", names=(other, recipe, tiny))
    words = ("train", tiny, "--out", other, "--resume", "--seed", 5)
    cli.fails(2, *words, names=(other, "seed = 0", "another folder"))
    assert content(other) == before


def test_resuming_on_data_that_changed_is_refused(cli, damaged, recipe, tmp_path):
    run = tmp_path / "run"
    cli.good("train", damaged, *TRAINED, "--epochs", 1, "--out", run)
    shutil.rmtree(damaged)
    cli.good("simulate", recipe, "--examples", 400, "--seed", 9, "--out", damaged)
    words = ("train", damaged, "--out", run, "--resume", "--epochs", 2)
    cli.fails(2, *words, names=(damaged, "no longer those", "another folder"))
