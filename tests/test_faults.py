"""What breaks, through the command line: exit status, a message that helps, and nothing lost.

Every command is a process of its own. A fork server that has the heavy imports behind it starts
them, so that a hundred of them take a minute.
"""

import hashlib
import json
import multiprocessing
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import forkserver
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.write import write_dataset
from radarseq.storage.sealed import write_json

TIMEOUT_S = 120.0  # far beyond what any command here takes: a command that hangs is killed
SOON_S = 5.0  # after a signal
SHARDED = ("--examples", "12000", "--rows-per-shard", "200", "--seed", "7")
TRAINED = ("--set", "width=8", "--set", "skip=8", "--batch-size", "50", "--epochs", "10")

RECIPE = """
name = "tiny"
objects_per_class = 20

[radar]
carrier_hz = 10e9
pulse_interval_s = 2e-3
steps = 32

[[objects]]
name = "rod"
shape = "cylinder"
radius_m = [0.05, 0.3]
length_m = [0.4, 0.8]

[[objects]]
name = "plate"
shape = "plate"
width_m = [0.1, 0.5]
height_m = [0.1, 0.5]
tumble_rad_per_s = [0.2, 4.0]
"""


class Ran(NamedTuple):
    """What a command ended in."""

    status: int
    stdout: str
    stderr: str


class Started:
    """A command that runs."""

    def __init__(self, folder: Path, words: tuple[object, ...], largest_file: int) -> None:
        self._streams = folder / "stdout", folder / "stderr"
        arguments = [str(word) for word in words], *map(str, self._streams), largest_file
        self.process = _server().Process(target=_command, args=arguments)
        self.process.start()

    def wait_until(self, reached: Callable[[], bool]) -> None:
        """Wait for something that the command does; fail if it ends before."""
        until = time.monotonic() + TIMEOUT_S
        while not reached():
            assert self.process.is_alive(), f"ended too early: {self.end()}"
            assert time.monotonic() < until, "took too long"
            time.sleep(0.002)

    def signal(self, number: int) -> Ran:
        """Send a signal, and see the command end soon."""
        os.kill(self.process.pid, number)
        started = time.monotonic()
        ran = self.end()
        assert time.monotonic() - started < SOON_S
        return ran

    def end(self) -> Ran:
        self.process.join(TIMEOUT_S)
        if self.process.is_alive():
            self.process.kill()
            pytest.fail("the command hangs")
        status = self.process.exitcode
        self.process.close()
        return Ran(status, *(path.read_text(encoding="utf-8") for path in self._streams))


def _server() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "radarseq.evaluation.evaluate",
            "radarseq.training.train",
            "radarseq.captures.conversion.import_dataset",
        ]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # two test workers share two cores
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        forkserver.ensure_running()
    return context


def _command(words: list[str], stdout: str, stderr: str, largest_file: int) -> None:
    """Be the process of a command: what the shell does, then what the console script does."""
    for number, name in ((1, stdout), (2, stderr)):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if largest_file:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    sys.argv = ["radarseq", *words]
    from radarseq.cli import main

    main()


class Cli:
    """Commands as processes; their output goes to files in a folder of its own."""

    def __init__(self, base: Path) -> None:
        self._base, self._count = base, 0

    def start(self, *words: object, largest_file: int = 0) -> Started:
        self._count += 1
        folder = self._base / str(self._count)
        folder.mkdir(parents=True)
        return Started(folder, words, largest_file)

    def __call__(self, *words: object, largest_file: int = 0) -> Ran:
        ran = self.start(*words, largest_file=largest_file).end()
        assert "Traceback" not in ran.stdout + ran.stderr, ran.stderr
        return ran

    def good(self, *words: object) -> Ran:
        ran = self(*words)
        assert ran.status == 0, ran.stderr
        return ran

    def fails(self, status: int, *words: object, names: tuple[object, ...]) -> str:
        """Return what a command says that must fail, having looked for all of ``names`` in it."""
        ran = self(*words)
        said = ran.stdout + ran.stderr
        assert ran.status == status, said
        assert [str(name) for name in names if str(name) not in said] == [], said
        assert words[0] == "validate" or "radarseq: " in ran.stderr or "Usage: " in ran.stderr
        return said


@pytest.fixture(scope="session")
def cli(tmp_path_factory) -> Cli:
    return Cli(tmp_path_factory.mktemp("commands"))


@pytest.fixture(scope="session")
def recipe(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "tiny.toml"
    path.write_text(RECIPE)
    return path


@pytest.fixture(scope="session")
def tiny(cli, recipe, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "tiny"
    cli.good("simulate", recipe, "--examples", 400, "--rows-per-shard", 100, "--out", path)
    return path


@pytest.fixture(scope="session")
def run(cli, tiny, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "straight"
    cli.good("train", tiny, *TRAINED, "--out", path)
    return path


@pytest.fixture(scope="session")
def captures(cli, tiny, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("captures") / "good"
    cli.good("export", tiny, "--out", path)
    return path


@pytest.fixture(scope="session")
def digest(cli, recipe, tmp_path_factory) -> str:
    """Return the digest of the many small shards, made without a disturbance."""
    out = tmp_path_factory.mktemp("undisturbed") / "data"
    return json.loads(cli.good("simulate", recipe, *SHARDED, "--out", out, "--json").stdout)[
        "digest"
    ]


@pytest.fixture
def damaged(tiny, tmp_path) -> Path:
    """Return a copy of the tiny dataset, for a test to damage."""
    return Path(shutil.copytree(tiny, tmp_path / "damaged"))


@pytest.fixture
def places(recipe, tiny, run, captures, tmp_path) -> dict[str, Path]:
    out, absent = tmp_path / "out", tmp_path / "absent"
    return {
        "recipe": recipe,
        "data": tiny,
        "run": run,
        "captures": captures,
        "out": out,
        "absent": absent,
    }


def filled(text: str, places: dict[str, Path]) -> str:
    """Return a text with the places named in it; a pattern's own {label} stays."""
    for name, path in places.items():
        text = text.replace(f"{{{name}}}", str(path))
    return text


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def weights(run: Path) -> tuple[str, str, bytes]:
    """Return what must be the same of two runs with the same settings."""
    checkpoints = run / "checkpoints"
    return (
        sha256(checkpoints / "best" / "model.safetensors"),
        sha256(checkpoints / "last" / "model.safetensors"),
        (run / "metrics.csv").read_bytes(),
    )


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


# --- Recipes


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (
            "objects_per_class = 20",
            "objects_per_clas = 20",
            ["unknown key 'objects_per_clas'", "did you mean 'objects_per_class'?"],
        ),
        (
            "pulse_interval_s = 2e-3",
            "pulse_intervall_s = 2e-3",
            ["'radar.pulse_intervall_s'", "did you mean 'pulse_interval_s'?"],
        ),
        (
            "height_m = [",
            "hight_m = [",
            ["'objects[1].hight_m'", "did you mean 'height_m'?"],
        ),
        ("steps = 32", 'steps = "many"', ["radar.steps", "'many'", "integer"]),
        ("steps = 32", "steps = 32.5", ["radar.steps", "32.5", "integer"]),
        ("steps = 32", "steps = 1", ["steps", "2 to 65536", "got 1"]),
        ("[0.05, 0.3]", "[0.3, 0.05]", ["objects[0]", "radius_m", "0.3", "0.05"]),
        ("[0.05, 0.3]", "0.3", ["objects[0].radius_m", "0.3"]),
        ("2e-3", "-2e-3", ["pulse_interval_s must be", "got -0.002"]),
        ("2e-3", "nan", ["radar.pulse_interval_s", "finite", "nan"]),
        ('shape = "plate"', 'shape = "plait"', ["objects[1].shape", "'plait'", "'plate'", "cone"]),
        ('shape = "plate"', "", ["objects[1].shape", "sphere, plate"]),
        ('name = "plate"', 'name = "rod"', ["share a name", "rod"]),
        ("objects_per_class = 20", "objects_per_class = 2", ["objects_per_class", "at least"]),
        ("[radar]", "radar = 5\n[other]", ["'other'", "radar"]),
        ("[radar]", "[radar", ["not valid TOML", "line 5"]),
    ],
)
def test_a_faulty_recipe_names_the_key_and_what_it_expects(cli, tmp_path, old, new, names):
    assert old in RECIPE
    path = tmp_path / "faulty.toml"
    path.write_text(RECIPE.replace(old, new, 1))
    for command in (("simulate", path, "--out", tmp_path / "out"), ("inspect", path)):
        cli.fails(2, *command, names=(path, *names))
    assert not (tmp_path / "out").exists()


def test_a_recipe_names_all_its_faults_at_once(cli, tmp_path):
    path = tmp_path / "faulty.toml"
    path.write_text(RECIPE.replace("steps = 32", "steps = 1.5").replace("radius_m", "radius_cm"))
    cli.fails(2, "simulate", path, "--out", tmp_path / "out", names=("radar.steps", "radius_cm"))


def test_a_recipe_that_is_not_text_is_refused(cli, tmp_path):
    path = tmp_path / "faulty.toml"
    path.write_bytes(b"name = '\xff\xfe'")
    cli.fails(2, "simulate", path, "--out", tmp_path / "out", names=(path, "recipe"))


def test_an_aliasing_recipe_warns_and_the_warning_stays(cli, tmp_path):
    path, out = tmp_path / "aliasing.toml", tmp_path / "out"
    path.write_text(RECIPE.replace("2e-3", "20e-3"))
    ran = cli.good("simulate", path, "--examples", 200, "--out", out)
    assert "warning: objects.plate: " in ran.stderr
    assert "aliases" in ran.stderr
    assert "warning" not in ran.stdout
    for place in (path, out):
        kept = json.loads(cli.good("inspect", place, "--json").stdout)["warnings"]
        (warning,) = (text for text in kept if "objects.plate" in text)
        assert "pulse_interval_s" in warning
    trained = cli.good("train", out, "--epochs", 1, *TRAINED[:4], "--out", tmp_path / "run")
    assert "warning: objects.plate: " in trained.stderr


# --- Arguments


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("simulate {recipe} --examples 0 --out {out}", ["examples is 0", "1 or more"]),
        ("simulate {recipe} --examples -5 --out {out}", ["examples is -5", "1 or more"]),
        ("simulate {recipe} --examples many --out {out}", ["--examples", "integer"]),
        ("simulate {recipe} --seed -1 --out {out}", ["seed is -1", "0 to 2^64 - 1"]),
        (
            "simulate {recipe} --seed 18446744073709551616 --out {out}",
            ["seed is 18446744073709551616", "0 to 2^64 - 1"],
        ),
        ("simulate {recipe} --workers 0 --out {out}", ["workers is 0", "1 or more"]),
        ("simulate {recipe} --rows-per-shard -1 --out {out}", ["rows_per_shard is -1"]),
        ("simulate {recipe}", ["--out"]),
        ("simulate {absent} --out {out}", ["{absent}", "No such file", "recipe"]),
        ("simulate {data} --out {out}", ["{data}", "recipe"]),
        ("train {data} --device gpu --out {out}", ["'gpu'", "auto, cpu, cuda"]),
        ("train {data} --device cuda --out {out}", ["'cuda'", "--device cpu"]),
        ("evaluate {run} {data} --device gpu --out {out}", ["'gpu'", "auto, cpu, cuda"]),
        ("evaluate {run} {data} --device cuda --out {out}", ["'cuda'", "--device cpu"]),
        ("train {data} --model tcn --out {out}", ["model", "'tcn'", "'wavenet', 'lstm'"]),
        ("train {data} --task sort --out {out}", ["task", "'sort'", "'both', 'classify'"]),
        ("train {data} --set nonsense=1 --out {out}", ["'nonsense'", "known settings", "stacks"]),
        ("train {data} --set stacks=abc --out {out}", ["stacks", "'abc'", "integer"]),
        ("train {data} --set stacks=0 --out {out}", ["stacks is 0", "1 or more"]),
        ("train {data} --set stacks --out {out}", ["--set stacks", "KEY=VALUE"]),
        ("train {data} --set dropout=NaN --out {out}", ["dropout", "nan"]),
        ("train {data} --set epochs=1e400 --out {out}", ["epochs", "inf"]),
        ("train {data} --set dilations=[] --out {out}", ["dilations"]),
        ('train {data} --set features=["mood"] --out {out}', ["features", "mood", "'iq'"]),
        ("train {data} --epochs 0 --out {out}", ["epochs is 0", "1 or more"]),
        ("train {data} --batch-size 0 --out {out}", ["batch_size is 0", "1 or more"]),
        ("train {data} --learning-rate -1 --out {out}", ["learning_rate is -1", "above 0"]),
        ("train {data} --learning-rate nan --out {out}", ["learning_rate is nan", "above 0"]),
        ("train {data} --seed -1 --out {out}", ["seed is -1", "0 or more"]),
        ("train {data} --seed 99999999999999999999 --out {out}", ["seed", "99999999999999999999"]),
        ("train {recipe} --seed 99999999999999999999 --out {out}", ["seed", "9999999999999999999"]),
        ("train {absent}.toml --out {out}", ["{absent}.toml", "No such file"]),
        ("evaluate {run} {data} --split tset --out {out}", ["'tset'", "'test'"]),
        ("evaluate {run} {captures} --name {{lable}}.npz --out {out}", ["{lable}", "{label}"]),
        ("evaluate {run} {data} {captures} --out {out}", ["not both"]),
        ("export {data} --limit 0 --out {out}", ["limit is 0", "at least 1"]),
        ("export {data} --split tset --out {out}", ["'tset'", "'test'"]),
        ("import {captures} --train-fraction 2 --out {out}", ["train_fraction is 2", "0 and 1"]),
        ("import {captures} --axis depth --out {out}", ["'depth'", "slow_time"]),
        ("import {captures} --seed -1 --out {out}", ["seed is -1", "0 or more"]),
        ("simulat {recipe} --out {out}", ["simulat"]),
        ("simulate {recipe} --out {out} --sed 3", ["--sed"]),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_why(cli, places, words, names):
    given = words.format(**places).split()
    cli.fails(2, *given, names=tuple(filled(name, places) for name in names))
    assert not places["out"].exists() or content(places["out"]) == {}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("train {absent} --out {out}", ["{absent}", "no such file or folder"]),
        ("train {captures} --out {out}", ["{captures}", "manifest.json", "dataset"]),
        ("evaluate {absent} {data} --out {out}", ["{absent}", "checkpoint", "radarseq train"]),
        ("evaluate {data} {data} --out {out}", ["{data}"]),
        ("evaluate {run} {absent} --out {out}", ["{absent}", "Check the path"]),
        ("evaluate {run} {data} --beside {absent} --out {out}", ["{absent}", "radarseq train"]),
        ("export {absent} --out {out}", ["{absent}", "no such file or folder"]),
        ("import {absent} --out {out}", ["{absent}", "Check the path"]),
        ("import {absent}.npz --out {out}", ["{absent}.npz", "Check the path"]),
        ("inspect {absent}", ["{absent}", "no such file or folder"]),
        ("validate {absent}", ["{absent}", "no such file or folder"]),
    ],
)
def test_what_is_not_there_is_named(cli, places, words, names):
    given = words.format(**places).split()
    said = cli.fails(4, *given, names=tuple(filled(name, places) for name in names))
    assert "Errno" not in said


WRITING = [
    "simulate {recipe} --examples 100 --out {out}",
    "import {captures} --out {out}",
    "train {data} --epochs 1 --out {out}",
    "evaluate {run} {data} --out {out}",
    "export {data} --out {out}",
]


@pytest.mark.parametrize("words", WRITING)
def test_a_folder_with_something_in_it_is_left_alone(cli, places, words):
    out = places["out"]
    (out / "sub").mkdir(parents=True)
    (out / "thesis.txt").write_text("years of work")
    (out / "sub" / "old.part").write_text("not ours")
    before = content(out)
    cli.fails(2, *words.format(**places).split(), names=(out, "not empty", "another folder"))
    assert content(out) == before


@pytest.mark.parametrize("words", WRITING)
def test_a_file_in_the_place_of_the_folder_is_left_alone(cli, places, words):
    places["out"].write_text("years of work")
    words = words.format(**places).split()
    cli.fails(2, *words, names=(places["out"], "is a file", "another"))
    assert places["out"].read_text() == "years of work"


def test_a_folder_below_a_file_cannot_be_made(cli, recipe, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    ran = cli("simulate", recipe, "--examples", 10, "--out", out)
    assert ran.status in (1, 2)
    assert f"{out}: Not a directory" in ran.stderr


# --- Datasets


def command_on(kind: str, data: Path, run: Path, out: Path) -> tuple[object, ...]:
    return {
        "validate": ("validate", data),
        "inspect": ("inspect", data),
        "train": ("train", data, "--out", out),
        "evaluate": ("evaluate", run, data, "--out", out),
        "export": ("export", data, "--out", out),
    }[kind]


@pytest.mark.parametrize("kind", ["validate", "train", "evaluate", "inspect", "export"])
@pytest.mark.parametrize("damage", [truncate, flip_a_byte, Path.unlink])
def test_a_damaged_shard_is_named(cli, damaged, run, tmp_path, kind, damage):
    damage(damaged / "shard-00002.h5")
    said = cli.fails(
        4, *command_on(kind, damaged, run, tmp_path / "out"), names=(damaged / "shard-00002.h5",)
    )
    assert "shard-00001.h5" not in said
    assert "Make the dataset again" in said or kind == "validate"


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
    said = cli.fails(4, "evaluate", run, data, "--out", tmp_path / "out", names=tuple(names))
    assert "Train a model on such data" in said or "same classes" in said
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


# --- Checkpoints


def a_run_like(run: Path, out: Path) -> Path:
    return Path(shutil.copytree(run, out))


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
    said = cli.fails(4, *words, names=(last / "state.pt", "refused"))
    assert not victim.exists()
    assert "will likely succeed" not in said  # torch's own advice: load it with the safety off


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


# --- Recordings


def evaluate_captures(run: Path, folder: Path, out: Path) -> tuple[object, ...]:
    return ("evaluate", run, folder, "--name", "{label}_{group}.npz", "--out", out)


@pytest.mark.parametrize("command", ["evaluate", "import"])
def test_no_recordings_are_an_error(cli, run, tmp_path, command):
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "notes.txt").write_text("nothing here")
    words = (command, *([run] if command == "evaluate" else []), folder)
    cli.fails(4, *words, "--out", tmp_path / "out", names=("no recordings", "Check the paths"))


@pytest.mark.parametrize("command", ["evaluate", "import"])
def test_recordings_that_are_all_bad_are_an_error(cli, run, tmp_path, command):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "one.npz").write_bytes(b"PK\x03\x04 and no more")
    np.savez(folder / "two.npz", rx=np.full((2, 32), np.nan + 0j))
    words = (command, *([run] if command == "evaluate" else []), folder)
    cli.fails(
        4, *words, "--out", tmp_path / "out", names=("one.npz", "two.npz", "no finite sample")
    )


def with_one_bad(captures: Path, folder: Path) -> Path:
    shutil.copytree(captures, folder)
    (folder / "plate_bad.npz").write_bytes(next(captures.iterdir()).read_bytes()[:300])
    return folder


def test_one_bad_recording_does_not_stop_the_rest(cli, run, captures, tmp_path):
    folder, out = with_one_bad(captures, tmp_path / "captures"), tmp_path / "out"
    ran = cli(*evaluate_captures(run, folder, out))
    assert ran.status == 3, ran.stderr
    assert "failed: " in ran.stderr
    assert "plate_bad.npz" in ran.stderr
    assert "plate_bad.npz" in (out / "failures.csv").read_text()
    assert "plate_bad.npz" in (out / "report.html").read_text()
    summary = (out / "summary.csv").read_text()
    assert "plate/bad" not in summary
    assert summary.count("\n") == 1 + len(list(captures.iterdir()))
    cli.good("validate", out)


def test_one_bad_recording_does_not_stop_an_import(cli, captures, tmp_path):
    folder, out = with_one_bad(captures, tmp_path / "captures"), tmp_path / "out"
    ran = cli("import", folder, "--name", "{label}_{group}.npz", "--out", out, "--json")
    assert ran.status == 3, ran.stderr
    assert "plate_bad.npz" in ran.stderr
    told = json.loads(ran.stdout)
    assert [Path(path).name for path, _, _ in told["failures"]] == ["plate_bad.npz"]
    cli.good("validate", out)


ODD_NAMES = [b"new\nline_1.npz", b"<b>bold<script>_2.npz", b"rod_\xff\xfe.npz", b"a'\"&_3.npz"]


@pytest.fixture
def odd(captures, tmp_path) -> Path:
    """Return a folder of captures, one of them bad, whose names no program likes."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for name, source in zip(ODD_NAMES, sorted(captures.iterdir()), strict=False):
        shutil.copy(source, os.fsencode(folder) + b"/" + name)
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xfd<i>\n_9.npz")).write_bytes(b"no zip")
    return folder


def test_odd_file_names_are_judged_and_escaped(cli, run, odd, tmp_path):
    out = tmp_path / "out"
    ran = cli(*evaluate_captures(run, odd, out), "--json")
    assert ran.status == 3, ran.stderr
    json.loads(ran.stdout)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<b>bold" not in page
    assert "<i>" not in page
    assert "bold&lt;script&gt;" in page
    assert "rod/\\xff\\xfe" in (out / "summary.csv").read_text(encoding="utf-8")
    assert "bad\\xfd<i>" in (out / "failures.csv").read_text(encoding="utf-8")
    cli.good("validate", out)


@pytest.mark.parametrize("extra", [(), ("--json",)], ids=["text", "json"])
def test_odd_file_names_are_imported(cli, odd, tmp_path, extra):
    ran = cli("import", odd, "--out", tmp_path / "out", *extra)
    assert ran.status == 3, ran.stderr
    assert "bad\\xfd<i>" in ran.stderr
    cli.good("validate", tmp_path / "out")


def test_folders_whose_names_are_not_text_work_throughout(cli, recipe, tmp_path):
    base = Path(os.fsdecode(os.fsencode(tmp_path) + b"/data\xff"))
    data, run = base / "data", base / "run"
    cli.good("simulate", recipe, "--examples", 200, "--out", data, "--json")
    cli.good("inspect", data, "--json")
    cli.good("validate", data)
    cli.good("train", data, "--epochs", 1, *TRAINED[:4], "--out", run)
    cli.good("evaluate", run, data, "--out", base / "out")
    cli.good("validate", base / "out")
    cli.good("export", data, "--out", base / "captures", "--json")
    cli.good(*evaluate_captures(run, base / "captures", base / "judged"))
    cli.good("train", data, "--epochs", 2, "--resume", "--out", run)


# --- Signals, kills, a full disk, two at once


def shards(folder: Path) -> list[Path]:
    return sorted(folder.glob("shard-*.h5"))


def has_more_than(folder: Path, count: int) -> Callable[[], bool]:
    return lambda: len(shards(folder)) > count


def stops_cleanly(ran: Ran, status: int) -> None:
    assert ran.status == status, ran
    assert "Traceback" not in ran.stderr
    assert "--resume" in ran.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_simulation_resumes_to_the_same_bytes(
    cli, recipe, tmp_path, digest, number, status
):
    out = tmp_path / "out"
    words = ("simulate", recipe, *SHARDED, "--out", out)
    command = cli.start(*words)
    command.wait_until(has_more_than(out, 5))
    stops_cleanly(command.signal(number), status)
    kept = {path: path.stat().st_mtime_ns for path in shards(out)}
    assert not list(out.rglob("*.part"))
    cli.fails(2, *words, names=(out, "not empty", "--resume"))
    assert json.loads(cli.good(*words, "--resume", "--json").stdout)["digest"] == digest
    assert sum(path.stat().st_mtime_ns != kept[path] for path in kept) <= 1
    assert not (out / "manifest.unfinished.json").exists()
    assert json.loads(cli.good(*words, "--resume", "--json").stdout)["digest"] == digest


def test_a_killed_simulation_resumes_to_the_same_bytes(cli, recipe, tmp_path, digest):
    out, chance = tmp_path / "out", random.Random(0)
    words = ("simulate", recipe, *SHARDED, "--out", out, "--resume")
    for workers in (1, 2, 4):  # threads: what kills one kills them all
        command = cli.start(*words, "--workers", workers)
        command.wait_until(has_more_than(out, len(shards(out)) + chance.randrange(12)))
        time.sleep(chance.random() * 0.02)
        assert command.signal(signal.SIGKILL).status == -signal.SIGKILL
        for path in shards(out):
            open_dataset(path)  # raises if it is not whole
        assert not (out / "manifest.json").exists()
    (out / "shard-00059.h5.part").write_bytes(b"half of")
    assert json.loads(cli.good(*words, "--json").stdout)["digest"] == digest
    assert not list(out.rglob("*.part"))
    cli.good("validate", out)


def test_another_simulation_does_not_take_over_what_is_there(cli, recipe, tmp_path):
    out = tmp_path / "out"
    command = cli.start("simulate", recipe, *SHARDED, "--out", out)
    command.wait_until(has_more_than(out, 2))
    command.signal(signal.SIGKILL)
    words = ("simulate", recipe, *SHARDED[:-1], "8", "--out", out, "--resume")
    cli.fails(2, *words, names=(out, "another dataset", "'seed': 7", "'seed': 8"))


def test_two_simulations_do_not_share_a_folder(cli, recipe, tmp_path):
    out = tmp_path / "out"
    words = ("simulate", recipe, "--examples", 200_000, *SHARDED[2:], "--out", out)
    first = cli.start(*words)
    first.wait_until(has_more_than(out, 1))
    for extra in ((), ("--resume",)):
        cli.fails(2, *words, *extra, names=(out, "another process", "another folder"))
    first.signal(signal.SIGTERM)
    for path in shards(out):
        open_dataset(path)


def checkpoint_written(run: Path) -> Callable[[], bool]:
    return (run / "checkpoints" / "last" / "manifest.json").exists


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
)
def test_an_interrupted_training_resumes_to_the_same_weights(
    cli, tiny, run, tmp_path, number, status
):
    out = tmp_path / "run"
    command = cli.start("train", tiny, *TRAINED, "--out", out)
    command.wait_until(checkpoint_written(out))
    ran = command.signal(number)
    if status > 0:
        stops_cleanly(ran, status)
    assert ran.status == status, ran
    cli.good("validate", out)
    cli.good("train", tiny, "--out", out, "--resume")
    assert weights(out) == weights(run)
    assert not list(out.rglob("*.part"))
    assert not list(out.rglob("*.old"))


def test_a_checkpoint_that_stepped_aside_is_put_back(cli, run, tiny, tmp_path):
    """A kill between the two renames of a replacement leaves ``last.old`` and no ``last``."""
    other = a_run_like(run, tmp_path / "run")
    last = other / "checkpoints" / "last"
    last.rename(last.with_name("last.old"))
    ran = cli.good("train", tiny, "--out", other, "--resume")
    assert "nothing to do" in ran.stdout  # and not all epochs once more
    assert weights(other) == weights(run)


def test_an_interrupted_evaluation_can_be_run_again(cli, run, tiny, tmp_path):
    words = ("evaluate", run, tiny, "--out", tmp_path / "out")
    command = cli.start(*words)
    command.wait_until((tmp_path / "out" / ".lock").exists)
    ran = command.signal(signal.SIGINT)
    assert ran.status == 130, ran
    assert "Traceback" not in ran.stderr
    cli.good(*words)
    cli.good("evaluate", run, tiny, "--out", tmp_path / "undisturbed")
    assert content(tmp_path / "out") == content(tmp_path / "undisturbed")


def is_disk_full(ran: Ran, folder: Path) -> None:
    assert ran.status == 1, ran
    assert str(folder) in ran.stderr, ran.stderr
    assert "File too large" in ran.stderr


def test_a_full_disk_stops_a_simulation_and_it_resumes(cli, recipe, tiny, tmp_path):
    out = tmp_path / "out"
    words = ("simulate", recipe, "--examples", 400, "--rows-per-shard", 100, "--out", out)
    ran = cli(*words, largest_file=50_000)  # a shard has about 100,000 bytes
    assert shards(out) == []
    assert not list(out.rglob("*.part"))
    assert not (out / "manifest.json").exists()
    cli.good(*words, "--resume")
    assert open_dataset(out).digest == open_dataset(tiny).digest
    is_disk_full(ran, out)


def test_a_full_disk_stops_a_training_and_the_last_checkpoint_is_good(cli, run, tiny, tmp_path):
    out = tmp_path / "run"
    command = cli.start("train", tiny, *TRAINED, "--out", out)
    command.wait_until(checkpoint_written(out))
    command.signal(signal.SIGTERM)
    before = content(out / "checkpoints" / "last")
    largest = len(before["model.safetensors"]) // 2
    ran = cli("train", tiny, "--out", out, "--resume", largest_file=largest)
    assert content(out / "checkpoints" / "last") == before
    assert not list(out.rglob("*.part"))
    cli.good("validate", out)
    cli.good("train", tiny, "--out", out, "--resume")
    assert weights(out) == weights(run)
    is_disk_full(ran, out)


def test_a_full_disk_stops_an_evaluation(cli, run, tiny, tmp_path):
    out = tmp_path / "out"
    cli.good("evaluate", run, tiny, "--out", tmp_path / "first")  # what is kept beside the run
    ran = cli("evaluate", run, tiny, "--out", out, largest_file=5_000)
    assert [path.name for path in out.iterdir() if path.name == "metrics.json"] == []
    assert not list(out.rglob("*.part"))
    is_disk_full(ran, out)


def test_a_folder_that_cannot_be_written_is_named(cli, recipe):
    ran = cli("simulate", recipe, "--examples", 10, "--out", "/proc/radarseq")
    assert ran.status == 1
    assert "/proc/radarseq" in ran.stderr


def test_the_export_that_these_tests_judge_is_what_it_says(captures):
    """Guards the tests above: good captures are good, with the axis and interval of the model."""
    for path in captures.iterdir():
        capture = read_capture(path, ReadOptions())
        assert (capture.sample_axis, capture.sample_interval_s) == ("slow_time", 2e-3)
