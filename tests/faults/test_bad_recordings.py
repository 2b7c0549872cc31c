"""Bad recordings and odd file names, through the command line."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from small_runs import TRAINED

from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


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
    info = json.loads(ran.stdout)
    assert [Path(path).name for path, _, _ in info["failures"]] == ["plate_bad.npz"]
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
    cli.good(*evaluate_captures(run, base / "captures", base / "evaluated"))
    cli.good("train", data, "--epochs", 2, "--resume", "--out", run)


def test_the_export_that_these_tests_judge_is_what_it_says(captures):
    """Guards the tests above: good captures are good, with the axis and interval of the model."""
    for path in captures.iterdir():
        capture = read_capture(path, ReadOptions())
        assert (capture.sample_axis, capture.sample_interval_s) == ("slow_time", 2e-3)
