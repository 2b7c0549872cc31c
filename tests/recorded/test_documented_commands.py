"""The commands of the documents, run as they are printed, on the real recordings where they are."""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_processes import Cli
from paths import ROOT, SHARED

NEEDS_RECORDINGS = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the recordings are not there: {SHARED.name}/"
)


def commands_of(document, heading=""):
    """Return the commands in a document's bash blocks below a heading, a line each."""
    text = (ROOT / document).read_text()
    if heading:
        text = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], flags=re.M)[0]
    blocks = re.findall(r"```bash\n(.*?)```", text, flags=re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def run(command, folder):
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_all(document, heading, folder):
    for command in commands_of(document, heading):
        run(command.replace("recordings/", f"{SHARED}/"), folder)


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


@NEEDS_RECORDINGS
def test_ionosphere_by_the_classic_split(tmp_path):
    for command in commands_of("docs/recordings.md", "Ionosphere"):
        quick = command.replace("0 1 2 3 4", "0 1")  # the printed figure is of five seeds
        run(quick.replace("recordings/", f"{SHARED}/"), tmp_path)
    judged = [metrics(tmp_path / "eval" / f"ionosphere-{seed}") for seed in range(2)]
    assert [m["data"]["examples"] for m in judged] == [151] * 2
    baselines = judged[0]["classification"]["baselines"]
    assert baselines["majority class"]["accuracy"] == pytest.approx(124 / 151)
    accuracy = [m["classification"]["model"]["accuracy"] for m in judged]
    assert np.mean(accuracy) >= 0.94


@NEEDS_RECORDINGS
def test_waste_levels_are_judged_in_batch_a_row_a_file(tmp_path):
    run_all("docs/recordings.md", "Waste level", tmp_path)
    with (tmp_path / "eval" / "waste" / "summary.csv").open(newline="") as file:
        rows = {row["capture"]: row for row in csv.DictReader(file)}
    assert {name: int(row["windows"]) for name, row in rows.items()} == {
        "waste-level-25-percent.h5": 45,
        "waste-level-empty.h5": 42,
        "waste-level-full.h5": 42,
    }
    assert all(row["decision"] == row["label"] for row in rows.values())
    assert metrics(tmp_path / "eval" / "waste-files")["data"]["examples"] == 320


@NEEDS_RECORDINGS
def test_space_debris_with_one_object_of_each_class_held_out(tmp_path):
    commands = commands_of("docs/recordings.md", "Space debris")
    for command in commands:
        quick = command.replace("--epochs 20", "--epochs 4")  # the printed figure takes 20
        run(quick.replace("recordings/", f"{SHARED}/"), tmp_path)
    info = metrics(tmp_path / "eval" / "debris")
    assert info["data"]["examples"] == 3860  # 4 objects of 1000 rows, less 140 silent ones
    part = info["classification"]
    assert part["model"]["accuracy"] > part["baselines"]["gradient boosting"]["accuracy"] - 0.03
    with (tmp_path / "eval" / "debris" / "summary.csv").open(newline="") as file:
        assert {row["capture"].split("/")[1] for row in csv.DictReader(file)} == {"27"}


def test_the_commands_of_the_readme_work_as_printed(tmp_path, monkeypatch):
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    cli = Cli(tmp_path / "printed")
    commands = commands_of("README.md")
    assert {command.split()[1] for command in commands} == {
        "simulate", "inspect", "validate", "train", "evaluate", "export",
    }  # fmt: skip
    for command in commands:
        command = command.replace("--examples 20000", "--examples 1000")  # and shorter training
        if " train " in command:
            command += " --epochs 1 --set pairs_per_epoch=512 --set validation_pairs=256"
        program, *words = shlex.split(command)
        assert program == "radarseq"
        cli.good(*words)


def test_the_library_example_of_the_readme_works(tmp_path, monkeypatch):
    text = (ROOT / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, flags=re.S)
    example = example.replace("20_000", "1_000").replace("epochs=30", "epochs=1")
    (tmp_path / "datasets").symlink_to(ROOT / "datasets")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["prediction"].probabilities.shape == (len(names["test"]), 8)
    assert names["prediction"].echo.shape == names["test"]["target"].shape
