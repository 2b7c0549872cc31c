"""The commands as a user meets them: help, results on stdout, all else on stderr."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_processes import Ran, run_alone

from radarseq.cli import main

COMMANDS = ("simulate", "import", "train", "evaluate", "inspect", "validate", "export", "report")
ALIASING = """
objects_per_class = 20

[radar]
pulse_interval_s = 20e-3

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
"""

SMALL = ("--epochs", "2", "--set", "width=8", "--set", "skip=8", "--batch-size", "64")


def one_object(text: str) -> dict[str, Any]:
    """Return the JSON object that ``text`` is; fail if it is anything more or less."""
    assert text.endswith("}\n")
    assert text.count("\n") == 1
    info = json.loads(text)
    assert isinstance(info, dict)
    return info


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Return a folder with what each command made, and what it said with --json."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, steps = base / "commands", {
        "simulate": ("recipe.toml", "--examples", "300", "--out", "data"),
        "validate": ("data",),
        "inspect": ("data",),
        "train": ("data", *SMALL, "--out", "run"),
        "evaluate": ("run", "data", "--out", "evaluation"),
        "report": ("evaluation",),
        "export": ("data", "--out", "captures"),
        "import": ("captures", "--name", "{label}_{group}.npz", "--out", "imported"),
    }  # fmt: skip
    with (base / "commands.lock").open("w") as lock:  # test workers share it
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "told.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            (folder / "recipe.toml").write_text(ALIASING)
            ran = {n: run_alone(n, *words, "--json", folder=folder) for n, words in steps.items()}
            assert {name: r for name, r in ran.items() if r.status} == {}
            (folder / "told.json").write_text(json.dumps(ran))
    return folder


@pytest.fixture(scope="session")
def info(folder) -> dict[str, Ran]:
    output = json.loads((folder / "told.json").read_bytes())
    return {name: Ran(*ran) for name, ran in output.items()}


@pytest.fixture
def here(capfd, monkeypatch) -> Iterator[Callable[..., Ran]]:
    """Return a way to run a command in this process, for what needs no process of its own."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words: object, folder: Path) -> Ran:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["radarseq", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        return Ran(int(end.value.code or 0), *capfd.readouterr())

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    ran = run_alone(command, "--help")
    assert ran.status == 0
    assert ran.stderr == ""
    assert f"Example: radarseq {command} " in ran.stdout
    options = ran.stdout.partition("\nOptions:\n")[2]
    assert "-h, --help " in options
    for line in re.findall(r"^  --.*$", options, flags=re.MULTILINE):
        assert re.fullmatch(r"  --[a-z-]+(?: <.*>)? {2,}\S.*", line), f"not explained: {line}"


def test_the_help_names_every_command_on_stdout():
    ran = run_alone("--help")
    assert (ran.status, ran.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^  {command} +[A-Z]", ran.stdout, flags=re.MULTILINE), command
    assert run_alone("-h").stdout == ran.stdout


@pytest.mark.parametrize(
    "words",
    [("simulat",), ("--jsn",), ("inspect",), ("inspect", ".", "more"), ("inspect", "--out", "x")],
)
def test_what_is_no_command_is_a_usage_error(words):
    ran = run_alone(*words)
    assert (ran.status, ran.stdout) == (2, "")
    assert "Usage: " in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_console_script_is_the_module():
    script = Path(sys.executable).with_name("radarseq")
    if not script.exists():
        pytest.skip("radarseq is not installed here")
    done = subprocess.run([script, "--help"], capture_output=True, text=True)
    ran = run_alone("--help")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == ran.stdout.splitlines()[1:]


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_object_and_nothing_else_is_on_stdout(info, command):
    one_object(info[command].stdout)


def test_json_says_what_was_done(info):
    output = {command: one_object(info[command].stdout) for command in COMMANDS}
    assert output["simulate"]["examples"] == 300
    assert output["simulate"]["digest"] == output["inspect"]["digest"]
    assert output["inspect"]["kind"] == "dataset"
    assert output["validate"] == {
        "path": "data",
        "kind": "dataset",
        "checked": 2,
        "valid": True,
        "issues": [],
    }
    assert output["train"]["epochs"] == 2
    assert output["train"]["receptive_field"] == 32
    assert output["train"]["device"] in ("cpu", "cuda")
    assert output["evaluate"]["data"]["digest"] == output["simulate"]["digest"]
    assert output["evaluate"]["kind"] == "radarseq evaluation"
    assert output["report"] == {"report": "evaluation/report.html"}
    assert len(output["export"]["files"]) == 6
    assert set(output["import"]["classes"]) == {"plate", "sphere"}


@pytest.mark.parametrize("command", ["simulate", "train", "evaluate"])
def test_warnings_are_on_stderr_and_in_the_json(info, command):
    assert "warning: objects.plate: turns up to" in info[command].stderr
    output = one_object(info[command].stdout)
    if command != "train":
        warnings = output["warnings"] if command == "simulate" else output["data"]["warnings"]
        assert "aliases" in warnings[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_terminal_there_is_no_progress(info, command):
    for stream in info[command][1:]:
        assert "\x1b" not in stream
        assert "\r" not in stream
        assert "epoch 1 " not in stream


def test_text_tells_the_same_and_warns_on_stderr(info, folder, tmp_path):
    words = ("recipe.toml", "--examples", "300", "--out", tmp_path / "data")
    ran = run_alone("simulate", *words, folder=folder)
    output = one_object(info["simulate"].stdout)
    assert ran.status == 0
    assert ran.stdout.count("\n") == 1
    assert f"300 pairs, {output['bytes'] / 1000:.3g} kB" in ran.stdout
    assert output["digest"][:12] in ran.stdout
    assert "warning" not in ran.stdout
    assert ran.stderr.startswith("warning: objects.plate")


def test_on_a_terminal_progress_goes_to_stderr(folder, tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "radarseq", "train", "data", *SMALL, "--json", "--out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm"}
    done = subprocess.run(
        [*command, tmp_path / "run"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        cwd=folder,
        env=environment,
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert done.returncode == 0
    assert one_object(done.stdout)["epochs"] == 2
    assert "epoch 1" in shown
    assert "epoch 2" in shown


INSPECTED = {
    "recipe.toml": ("recipe", ["objects_per_class", "classes", "split", "warnings"]),
    "data": ("dataset", ["examples", "steps", "sample_interval_s", "columns", "classes"]),
    "data/shard-00000.h5": ("dataset", ["examples", "columns"]),
    "run": ("run", ["model", "parameters", "receptive_field", "epochs", "best_epoch"]),
    "run/checkpoints/best": ("checkpoint", ["model", "class_names", "metrics", "versions"]),
    "evaluation": ("evaluation", ["model", "data", "classification", "echo", "captures"]),
    "captures": ("capture", ["recordings"]),
    "lone.npy": ("capture", ["shape", "dtype", "sample_axis"]),
    "imported": ("dataset", ["recordings", "classes", "split"]),
}


@pytest.mark.parametrize("name", INSPECTED)
def test_inspect_knows_every_kind(here, folder, name):
    if name == "lone.npy":
        np.save(folder / name, np.exp(1j * np.arange(96).reshape(3, 32)).astype(np.complex64))
    kind, keys = INSPECTED[name]
    ran = here("inspect", name, "--json", folder=folder)
    assert (ran.status, ran.stderr) == (0, "")
    output = one_object(ran.stdout)
    assert (output["kind"], output["path"]) == (kind, name)
    assert [key for key in keys if key not in output] == []


@pytest.mark.parametrize("name", ["recipe.toml", "data", "run", "evaluation", "captures"])
def test_inspect_and_validate_speak_to_people_too(here, folder, name):
    looked = here("inspect", name, folder=folder)
    assert (looked.status, looked.stderr) == (0, "")
    assert looked.stdout.startswith("kind ")
    checked = here("validate", name, folder=folder)
    assert (checked.status, checked.stderr) == (0, "")
    assert re.fullmatch(rf"{name}: a valid \w+, \d+ files read\n", checked.stdout)


def test_validate_prints_its_faults_as_a_result(here, folder, tmp_path):
    path = tmp_path / "shard-00000.h5"
    path.write_bytes((folder / "data" / "shard-00000.h5").read_bytes()[:-100])
    (tmp_path / "manifest.json").write_bytes((folder / "data" / "manifest.json").read_bytes())
    ran = here("validate", tmp_path, "--json", folder=tmp_path)
    assert (ran.status, ran.stderr) == (4, "")
    output = one_object(ran.stdout)
    assert output["valid"] is False
    assert str(path) in output["issues"][0]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_error_is_on_stderr_alone_even_with_json(here, command, tmp_path):
    words = {"evaluate": ("absent", "absent")}.get(command, ("absent",))
    out = () if command in ("inspect", "validate", "report") else ("--out", "out")
    ran = here(command, *words, *out, "--json", folder=tmp_path)
    assert ran.status in (2, 4)
    assert ran.stdout == ""
    assert ran.stderr.startswith("radarseq: ")
    assert "absent" in ran.stderr
    assert "Traceback" not in ran.stderr
