"""The whole way by command line: simulate, train, judge, export, and judge the recordings."""

import csv
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from command_processes import run_alone

from radarseq.cli import main

RECIPE = """
name = "three"
objects_per_class = 20

[radar]
carrier_hz = 10e9
pulse_interval_s = 2e-3
steps = 32

[receiver]
snr_db = [5.0, 20.0]

[[objects]]
name = "sphere"
shape = "sphere"
radius_m = [0.05, 0.3]

[[objects]]
name = "plate"
shape = "plate"
width_m = [0.1, 0.5]
height_m = [0.1, 0.5]
tumble_rad_per_s = [0.2, 4.0]

[[objects]]
name = "long_cone"
shape = "cone"
radius_m = [0.05, 0.2]
length_m = [0.4, 0.8]
tumble_rad_per_s = [0.2, 4.0]
"""
CLASSES = ["sphere", "plate", "long_cone"]
EXAMPLES = 600
EVALUATION = {
    "summary.csv",
    "predictions.h5",
    "metrics.json",
    "report.html",
    "report.h5",
    "failures.csv",
}
RUN = {
    "config.toml",
    "environment.json",
    "metrics.csv",
    "metrics.json",
    "checkpoints/best/manifest.json",
    "checkpoints/best/model.safetensors",
    "checkpoints/last/manifest.json",
    "checkpoints/last/model.safetensors",
    "checkpoints/last/state.pt",
}


def radarseq(folder: Path, *words: object) -> str:
    """Return the output of a command that must succeed."""
    ran = run_alone(*words, folder=folder)
    assert ran.status == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stdout


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """Return a folder in which the whole way has been gone, one command after another."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    ways = [
        f"simulate three.toml --examples {EXAMPLES} --rows-per-shard 250 --seed 3 --out data",
        "train data --model wavenet --epochs 2 --batch-size 64 --set width=8 --out wavenet",
        "train data --model lstm --epochs 2 --batch-size 64 --set width=8 --out lstm",
        "evaluate wavenet data --compare lstm --out unseen",
        "export data --out captures",
        "evaluate wavenet captures --name {label}_{group}.npz --out evaluated",
    ]
    folder = base / "pipeline"
    with (base / "pipeline.lock").open("w") as lock:  # test workers share it
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "evaluated.said").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "three.toml").write_text(RECIPE)
            for way in ways:
                output = radarseq(folder, *way.split())
                (folder / f"{way.split()[-1]}.said").write_text(output)
    return folder


@pytest.fixture
def here(home, capfd, monkeypatch) -> Iterator[Callable[..., str]]:
    """Return a way to run a command in this process: ``radarseq`` without its second of imports."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(home)

    def run(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["radarseq", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        output = capfd.readouterr()
        assert not end.value.code, output.err
        return output.out

    yield run
    signal.signal(signal.SIGTERM, before)


def files(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_dataset_is_shards_and_a_manifest(here, home):
    names = {"manifest.json", *(f"shard-{i:05d}.h5" for i in range(3))}
    assert files(home / "data") == names
    info = json.loads(here("inspect", "data", "--json"))
    assert (info["examples"], info["steps"], info["sample_axis"]) == (EXAMPLES, 32, "slow_time")
    assert list(info["classes"]) == CLASSES
    assert sum(info["classes"].values()) == sum(info["split"].values()) == EXAMPLES


@pytest.mark.parametrize("name", ["data", "wavenet", "lstm", "unseen", "evaluated", "captures"])
def test_all_that_was_made_is_valid(here, home, name):
    assert here("validate", name).startswith(f"{name}: a valid ")


@pytest.mark.parametrize("model", ["wavenet", "lstm"])
def test_a_run_folder_holds_what_the_design_says(home, model):
    run = home / model
    assert files(run) - {"calibration.json"} == RUN  # which the first evaluation leaves
    assert [row["epoch"] for row in rows(run / "metrics.csv")] == ["1", "2"]
    assert json.loads((run / "metrics.json").read_bytes())["epochs"] == 2
    environment = json.loads((run / "environment.json").read_bytes())
    assert environment["versions"]["torch"]
    assert environment["train_sequences_per_s"] > 0
    assert f'model = "{model}"' in (run / "config.toml").read_text()
    output = (home / f"{model}.said").read_text()
    assert "receptive field 32 samples" in output or model == "lstm"


@pytest.mark.parametrize("name", ["unseen", "evaluated"])
def test_an_evaluation_folder_holds_what_the_design_says(home, name):
    folder = home / name
    assert {name for name in files(folder) if not name.startswith("plots/")} == EVALUATION
    assert rows(folder / "failures.csv") == []
    metrics = json.loads((folder / "metrics.json").read_bytes())
    assert metrics["data"]["class_names"] == CLASSES
    with h5py.File(folder / "predictions.h5") as file:
        probability = file["probability"][()]
        assert probability.shape == (metrics["data"]["examples"], len(CLASSES))
        np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-5)
        assert (file["decision"][()] == probability.argmax(axis=1)).all()
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html>")
    assert "wavenet" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "src=" not in page.replace('src="data:', "")


def test_the_model_stands_beside_the_other_and_its_baselines(home):
    metrics = json.loads((home / "unseen" / "metrics.json").read_bytes())
    judged = metrics["classification"]
    assert {"lstm", "majority class", "gradient boosting"} <= set(judged["baselines"])
    assert {"lstm", "copy", "causal LMMSE"} <= set(metrics["echo"]["baselines"])
    output = (home / "unseen.said").read_text()
    for part in (judged["verdict"], metrics["echo"]["verdict"], "majority class", "lstm"):
        assert part in output
    assert np.sum(judged["confusion"]) == metrics["data"]["examples"]


def test_unseen_objects_share_nothing_with_the_trained_ones(home):
    groups: dict[int, set[int]] = {0: set(), 1: set(), 2: set()}
    for path in sorted((home / "data").glob("*.h5")):
        with h5py.File(path) as file:
            for part in groups:
                groups[part] |= set(file["group"][()][file["split"][()] == part].tolist())
    assert not groups[0] & groups[1]
    assert not (groups[0] | groups[1]) & groups[2]
    assert len(rows(home / "unseen" / "summary.csv")) == len(groups[2])


def test_captures_are_judged_as_the_dataset_they_came_from(home):
    """The same rows by another way: the same number, the same decisions, object by object."""
    captures = sorted((home / "captures").glob("*.npz"))
    judged = {row["capture"]: row for row in rows(home / "evaluated" / "summary.csv")}
    assert {path.stem.rpartition("_")[0] for path in captures} == set(CLASSES)
    assert set(judged) == {"/".join(path.stem.rsplit("_", 1)) for path in captures}
    unseen = {row["capture"]: row for row in rows(home / "unseen" / "summary.csv")}
    for name, row in judged.items():
        label, group = name.split("/")
        twin = unseen[f"object {group}"]
        assert row["label"] == twin["label"] == label
        assert (row["decision"], row["windows"]) == (twin["decision"], twin["windows"])
        assert float(row["probability"]) == pytest.approx(float(twin["probability"]), abs=1e-4)
    dataset, recordings = (
        json.loads((home / name / "metrics.json").read_bytes()) for name in ("unseen", "evaluated")
    )
    accuracy = recordings["classification"]["model"]["accuracy"]
    assert accuracy == dataset["classification"]["model"]["accuracy"]
    assert recordings["data"]["split"] == "all"
    assert recordings["captures"]["labelled"] == len(captures)


def test_exported_captures_come_back_as_a_dataset(here, home, tmp_path):
    words = ("--name", "{label}_{group}.npz", "--out", tmp_path / "data", "--json")
    info = json.loads(here("import", "captures", *words))
    assert sorted(info["classes"]) == sorted(CLASSES)
    assert (
        info["rows"]
        == json.loads((home / "evaluated" / "metrics.json").read_bytes())["data"]["examples"]
    )
    here("validate", tmp_path / "data")


@pytest.mark.parametrize("task", ["both", "classify", "echo"])
def test_a_model_is_trained_straight_from_a_recipe(here, home, tmp_path, task):
    pairs = ("--set", "pairs_per_epoch=256", "--set", "validation_pairs=128")
    size = ("--set", "width=8", "--batch-size", "64", "--epochs", "2")
    words = ("train", "three.toml", "--task", task, *pairs, *size, "--out", tmp_path / "run")
    info = json.loads(here(*words, "--json"))
    assert info["epochs"] == 2
    assert ("validation_accuracy" in info["metrics"]) == (task != "echo")
    assert ("validation_echo_loss" in info["metrics"]) == (task != "classify")
    assert files(tmp_path / "run") == RUN
    assert not list(home.glob("**/*.part"))
    here("validate", tmp_path / "run")
    if task == "both":
        return  # judged above, from a dataset
    words = ("evaluate", tmp_path / "run", "data", "--out", tmp_path / "evaluated", "--json")
    judged = json.loads(here(*words))
    assert ("classification" in judged) == (task == "classify")
    assert ("echo" in judged) == (task == "echo")


def test_a_run_goes_on_to_more_epochs(here, tmp_path):
    words = ("train", "data", "--model", "gru", "--set", "width=8", "--out", tmp_path / "run")
    here(*words, "--epochs", 1)
    info = json.loads(here(*words, "--epochs", 3, "--resume", "--json"))
    assert info["epochs"] == 3
    assert [row["epoch"] for row in rows(tmp_path / "run" / "metrics.csv")] == ["1", "2", "3"]
    again = here(*words, "--epochs", 3, "--resume")
    assert "nothing to do, 3 epochs are done" in again
