"""Files that an earlier version wrote are still read, to the value; see golden/README.md."""

import hashlib
import json
import shutil

import h5py
import numpy as np
import pytest
from paths import ROOT

from radarseq.artifacts.inspection import inspect
from radarseq.artifacts.validation import validate
from radarseq.captures.readers.registry import read_capture
from radarseq.dataset.read import open_dataset
from radarseq.inference.predictor import load
from radarseq.training.train import train

GOLDEN = ROOT / "tests" / "golden"
# Of the numbers themselves, whatever the file around them: taken when the files were written.
COLUMNS = {
    "group": "e5ad0c80b28986ea",
    "label": "e9be453a7d14fcf8",
    "rx": "e3d60f5a5b32f6a7",
    "target": "3a397b4df7ecb72e",
    "tx": "7cb9397bbd64151d",
}


@pytest.mark.parametrize(
    ("name", "files"), [("data", 3), ("run", 8), ("captures", 2), ("evaluation", 4)]
)
def test_what_was_valid_is_valid(name, files):
    found = validate(GOLDEN / name)
    assert found.issues == ()
    assert found.checked == files


def test_a_dataset_holds_the_same_numbers():
    examples = open_dataset(GOLDEN / "data").load()
    digests = {n: hashlib.sha256(examples[n].tobytes()).hexdigest()[:16] for n in COLUMNS}
    assert digests == COLUMNS
    assert examples.header.class_names == ("rod", "plate")
    assert examples.header.recipe == (GOLDEN / "golden.toml").read_text()


def test_a_model_says_the_same():
    """To the rounding of another processor; the same data, the same weights, the same words."""
    examples = open_dataset(GOLDEN / "data").load()
    prediction = load(GOLDEN / "run", device="cpu").predict_examples(examples)
    with h5py.File(GOLDEN / "evaluation" / "predictions.h5") as file:
        expected = {name: file[name][()] for name in ("probability", "decision", "echo")}
    assert np.allclose(prediction.probabilities, expected["probability"], rtol=0, atol=1e-6)
    assert np.array_equal(prediction.label, expected["decision"])
    scale = np.abs(expected["echo"]).max()
    assert np.allclose(prediction.echo, expected["echo"], rtol=0, atol=1e-6 * scale)
    assert inspect(GOLDEN / "evaluation")["data"]["digest"] == open_dataset(GOLDEN / "data").digest


def test_an_ensemble_is_still_one(tmp_path):
    """Of the golden run, twice: the same scores over another temperature, and the same echo."""
    for name in ("first", "second"):
        shutil.copytree(GOLDEN / "run", tmp_path / name)
    shutil.copy(GOLDEN / "ensemble.json", tmp_path)
    assert validate(tmp_path).issues == ()
    examples = open_dataset(GOLDEN / "data").load()
    alone, together = load(GOLDEN / "run", device="cpu"), load(tmp_path, device="cpu")
    assert (together.name, together.temperature) == ("ensemble of 2 rnn", 1.25)
    one, two = alone.predict_examples(examples), together.predict_examples(examples)
    assert np.allclose(one.echo, two.echo, rtol=1e-6, atol=0)
    odds = one.probabilities ** (alone.temperature / together.temperature)
    assert np.allclose(two.probabilities, odds / odds.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_run_goes_on(tmp_path, monkeypatch):
    for name in ("data", "run"):
        shutil.copytree(GOLDEN / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)  # the run names its data by a relative path
    before = (tmp_path / "run" / "metrics.csv").read_text()
    result = train("data", "run", resume=True, epochs=2, device="cpu")
    assert result.epochs == 2
    assert (tmp_path / "run" / "metrics.csv").read_text().startswith(before)


def test_captures_are_the_rows_of_their_objects():
    examples = open_dataset(GOLDEN / "data").load()
    for path in sorted((GOLDEN / "captures").iterdir()):
        capture = read_capture(path)
        label, group = path.stem.split("_")
        rows = examples["group"] == int(group)
        assert np.array_equal(capture.samples, examples["rx"][rows])
        assert np.array_equal(capture.tx, examples["tx"][rows])
        assert {examples.header.class_names[n] for n in examples["label"][rows]} == {label}
        assert (capture.sample_axis, capture.sample_interval_s) == ("slow_time", 2e-3)


@pytest.mark.parametrize(
    ("name", "file", "version"),
    [("data", "manifest.json", 1), ("run/checkpoints/last", "manifest.json", 1)],
)
def test_the_version_is_where_it_is_said_to_be(name, file, version):
    content = json.loads((GOLDEN / name / file).read_text())
    assert content["format_version"] == version


def test_the_page_on_files_reads_them_without_us(tmp_path, monkeypatch):
    """Its two pieces of Python, run where the files are."""
    page = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    seal, column = (block.split("```")[0] for block in page.split("```python\n")[1:])
    monkeypatch.chdir(GOLDEN / "data")
    exec(seal, {})
    monkeypatch.chdir(GOLDEN)
    found = {}
    exec(column.replace("DATA/", "data/"), found)
    first = open_dataset(GOLDEN / "data" / "shard-00000.h5").load()
    assert np.array_equal(found["rx"], first["rx"])


def test_the_golden_files_are_small():
    files = [p for p in GOLDEN.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert sum(p.stat().st_size for p in files) < 105_000  # the metrics hold curves and intervals
