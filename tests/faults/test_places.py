"""Inputs that are absent and output folders that cannot be used, through the command line."""

from pathlib import Path

import pytest
from datasets_made import content


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
        ("evaluate {run} {data} --compare {absent} --out {out}", ["{absent}", "radarseq train"]),
        ("export {absent} --out {out}", ["{absent}", "no such file or folder"]),
        ("import {absent} --out {out}", ["{absent}", "Check the path"]),
        ("import {absent}.npz --out {out}", ["{absent}.npz", "Check the path"]),
        ("inspect {absent}", ["{absent}", "no such file or folder"]),
        ("validate {absent}", ["{absent}", "no such file or folder"]),
    ],
)
def test_what_is_not_there_is_named(cli, places, words, names):
    given = words.format(**places).split()
    shown = cli.fails(4, *given, names=tuple(filled(name, places) for name in names))
    assert "Errno" not in shown


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


def test_a_folder_that_cannot_be_written_is_named(cli, recipe):
    ran = cli("simulate", recipe, "--examples", 10, "--out", "/proc/radarseq")
    assert ran.status == 1
    assert "/proc/radarseq" in ran.stderr
