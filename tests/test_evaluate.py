"""Evaluation: what is written agrees with the predictions, twice the same, and misfits stop."""

import csv
import json
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch

from radarseq.baselines import classifiers
from radarseq.captures.conversion.export import export
from radarseq.cli.evaluation_text import as_text
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import (
    CaptureError,
    CheckpointError,
    DatasetError,
    MismatchError,
    OutputError,
    UsageError,
)
from radarseq.evaluation import evaluate as judge
from radarseq.evaluation.evaluate import evaluate
from radarseq.evaluation.metrics.classification import class_metrics, mean_db, relative_error
from radarseq.inference.predictor import load
from radarseq.training.train import train

WRITTEN = (
    "failures.csv",
    "metrics.json",
    "predictions.h5",
    "report.h5",
    "report.html",
    "summary.csv",
)
NAME = "{label}_{group}.npz"


@pytest.fixture
def judged(space_evaluation):
    """The shared evaluation of the test split, an LSTM beside."""
    return space_evaluation


@pytest.fixture
def drawn():
    """For tests that need the real report; elsewhere it takes most of the time."""


@pytest.fixture(autouse=True)
def quick(request, monkeypatch):
    """Fewer trees, as in ``space_evaluation``, and no figures."""
    real = classifiers.HistGradientBoostingClassifier

    def few_trees(**settings):
        return real(**settings | {"max_iter": 5})

    monkeypatch.setattr(classifiers, "HistGradientBoostingClassifier", few_trees)
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(judge, "draw", lambda *_: None)


@pytest.fixture(scope="module")
def captures(space, tmp_path_factory):
    """The objects of the test split as recordings."""
    folder = tmp_path_factory.mktemp("captures") / "c"
    export(space, folder)
    return folder


@pytest.fixture(scope="module")
def test_rows(space_examples):
    return space_examples.part("test")


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def predictions(folder):
    with h5py.File(folder / "predictions.h5", "r") as file:
        return {name: column[()] for name, column in file.items()}


# --- what is written


def test_everything_is_written(judged):
    assert {p.name for p in judged.folder.iterdir() if p.is_file()} == set(WRITTEN)
    assert all((judged.folder / name).stat().st_size > 0 for name in WRITTEN)
    on_disk = json.loads((judged.folder / "metrics.json").read_text())
    assert {k: v for k, v in on_disk.items() if k not in ("files", "seal")} == judged.metrics
    assert on_disk["kind"] == "radarseq evaluation"


def test_the_predictions_are_those_of_the_model_row_by_row(judged, space_run, test_rows):
    stored, model = predictions(judged.folder), load(space_run).predict_examples(test_rows)
    assert np.array_equal(stored["probability"], model.probabilities)
    assert np.array_equal(stored["decision"], model.label)
    assert np.array_equal(stored["echo"], model.echo)
    for name in ("label", "group"):
        assert np.array_equal(stored[name], test_rows[name])
    assert np.array_equal(stored["snr_db"], test_rows["parameters/snr_db"])


def test_the_metrics_follow_from_the_predictions(judged, test_rows):
    stored, metrics = predictions(judged.folder), judged.metrics
    assert metrics["data"]["examples"] == len(stored["label"]) == len(test_rows)
    part = metrics["classification"]
    assert part["model"] == class_metrics(stored["probability"], stored["label"])
    assert part["model"]["accuracy"] == (stored["decision"] == stored["label"]).mean()
    assert np.trace(part["confusion"]) == (stored["decision"] == stored["label"]).sum()
    counts = np.bincount(stored["label"], minlength=4)
    assert np.sum(part["confusion"], axis=1).tolist() == counts.tolist()
    echo = metrics["echo"]
    error = np.abs(stored["echo"] - test_rows["target"]) ** 2
    energy = (np.abs(test_rows["target"]) ** 2).sum(axis=1)
    expected = 10 * np.log10((error.sum(axis=1) / energy).mean())
    assert echo["model"]["error_db"] == pytest.approx(expected, abs=1e-4)
    copied = mean_db(relative_error(test_rows["rx"], test_rows["target"]))
    assert echo["baselines"]["copy"]["error_db"] == copied
    assert sum(b["examples"] for b in part["by_snr"]) == len(test_rows)
    for part_bin in part["by_snr"]:
        rows = (stored["snr_db"] >= part_bin["low_db"]) & (stored["snr_db"] < part_bin["high_db"])
        right = (stored["decision"] == stored["label"])[rows].mean()
        assert part_bin["accuracy"]["model"] == pytest.approx(right)


def test_the_summary_has_a_row_for_each_object(judged, test_rows):
    stored, rows = predictions(judged.folder), rows_of(judged.folder / "summary.csv")
    assert [row["capture"] for row in rows] == [f"object {g}" for g in np.unique(stored["group"])]
    assert sum(int(row["windows"]) for row in rows) == len(test_rows)
    names, right = test_rows.header.class_names, 0
    for row in rows:
        windows = stored["group"] == int(row["capture"].split()[1])
        assert row["label"] == names[stored["label"][windows][0]]
        hits = stored["decision"][windows] == stored["label"][windows]
        assert float(row["window_accuracy"]) == hits.mean()
        unknown = stored["is_unknown"][windows].sum()
        assert int(row["unknown_windows"]) == unknown
        assert (row["decision"] == "unknown") == (2 * unknown > windows.sum())
        if windows.sum() == 1 and not unknown:
            assert row["decision"] == names[stored["decision"][windows][0]]
            probability = stored["probability"][windows].max()
            assert float(row["probability"]) == pytest.approx(probability, rel=1e-6)
        right += row["decision"] == row["label"]
    part = judged.metrics["captures"]
    assert (part["captures"], part["labelled"]) == (len(rows), len(rows))
    assert part["accuracy"] == right / len(rows)
    assert part["unknown_decided"] == sum(row["decision"] == "unknown" for row in rows)
    low, high = part["accuracy_interval"]
    assert low < part["accuracy"] < high
    assert rows_of(judged.folder / "failures.csv") == []


def test_the_baselines_and_the_other_run_stand_beside(judged):
    part, echo = judged.metrics["classification"], judged.metrics["echo"]
    assert set(part["baselines"]) == {"lstm", "majority class", "gradient boosting"}
    assert set(echo["baselines"]) == {"lstm", "copy", "causal LMMSE", "LMMSE"}
    for verdict in (part["verdict"], echo["verdict"]):
        assert "wavenet" in verdict
        assert "lstm" in verdict
    full, causal, copied = (
        echo["baselines"][who]["error_db"] for who in ("LMMSE", "causal LMMSE", "copy")
    )
    assert full < causal < copied


def test_the_other_runs_metrics_are_those_it_has_alone(judged, lstm_run, space, tmp_path):
    alone = evaluate(lstm_run, space, tmp_path / "e", device="cpu").metrics
    for key in ("classification", "echo"):
        assert alone[key]["model"] == judged.metrics[key]["baselines"]["lstm"]


def test_the_same_again_gives_the_same_bytes(judged, space_run, lstm_run, space, tmp_path, drawn):
    again = evaluate(space_run, space, tmp_path / "e", beside=[lstm_run], device="cpu")
    one, other = (
        {str(p.relative_to(f)): p.read_bytes() for p in f.rglob("*") if p.is_file()}
        for f in (again.folder, judged.folder)
    )
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []


def test_the_table_shows_model_baselines_and_verdict(judged):
    text = as_text(judged.metrics, judged.captures)
    accuracy = f"{judged.metrics['classification']['model']['accuracy']:.1%}"
    for word in ("wavenet", "lstm", "gradient boosting", "LMMSE", accuracy, "captures"):
        assert word in text
    assert judged.metrics["classification"]["verdict"] in text


@pytest.mark.parametrize("split", ["train", "validation", "all"])
def test_another_split_is_judged_where_asked(space_run, space, space_examples, tmp_path, split):
    result = evaluate(space_run, space, tmp_path / "e", split=split, device="cpu")
    assert result.metrics["data"]["split"] == split
    assert result.metrics["data"]["examples"] == len(space_examples.part(split))


def test_two_runs_of_one_kind_are_told_apart(space_run, space, tmp_path):
    twin = shutil.copytree(space_run, tmp_path / "twin")
    metrics = evaluate(space_run, space, tmp_path / "e", beside=[twin], device="cpu").metrics
    name = f"wavenet ({twin})"
    assert metrics["classification"]["baselines"][name] == metrics["classification"]["model"]
    assert name in metrics["classification"]["verdict"]


def test_a_set_without_labels_has_no_classification(space_run, test_rows, tmp_path):
    columns = {n: test_rows[n] for n in ("rx", "tx", "target")}
    write_dataset(tmp_path / "d", Examples(test_rows.header, columns))
    result = evaluate(space_run, tmp_path / "d", tmp_path / "e", device="cpu")
    assert "classification" not in result.metrics
    assert "echo" in result.metrics
    assert result.captures == []


def test_training_rows_of_one_class_do_not_stop_the_judging(space_run, space_examples, tmp_path):
    rows = (space_examples["split"] == 2) | (space_examples["label"] == 1)
    write_dataset(tmp_path / "d", space_examples.take(rows))
    result = evaluate(space_run, tmp_path / "d", tmp_path / "e", device="cpu")
    assert "classification" in result.metrics


# --- what does not fit


def other_header(examples, **changed):
    return Examples(replace(examples.header, **changed), examples.columns)


def shorter(examples):
    cut = ("tx", "rx", "target")
    columns = {n: v[:, :16].copy() if n in cut else v for n, v in examples.columns.items()}
    return Examples(examples.header, columns)


def without_code(examples):
    return Examples(examples.header, {n: v for n, v in examples.columns.items() if n != "tx"})


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (shorter, "sequences of 16 steps, the model has 32"),
        (lambda e: other_header(e, sample_axis="fast_time"), "'fast_time', .* has 'slow_time'"),
        (lambda e: other_header(e, sample_interval_s=1e-3), "interval_s 0.001, .* has 0.002"),
        (without_code, "no tx, the model needs it"),
        (
            lambda e: without_code(other_header(e, sample_axis="step", sample_interval_s=1.0)),
            "sample_axis 'step'.*; sample_interval_s 1,.*; no tx",
        ),
    ],
)
def test_data_of_another_kind_are_refused(space_run, test_rows, tmp_path, change, word):
    write_dataset(tmp_path / "d", change(test_rows))
    with pytest.raises(MismatchError, match=word) as caught:
        evaluate(space_run, tmp_path / "d", tmp_path / "e", device="cpu")
    assert caught.value.exit_code == 4
    assert not list((tmp_path / "e").iterdir())


def test_other_classes_are_refused(space_run, test_rows, tmp_path):
    names = ("sphere", "plate", "cone", "cylinder")  # the same, in another order
    write_dataset(tmp_path / "d", other_header(test_rows, class_names=names))
    with pytest.raises(DatasetError, match="classes are sphere, plate, cone, cylinder; the model"):
        evaluate(space_run, tmp_path / "d", tmp_path / "e", device="cpu")


def test_an_empty_split_a_full_folder_and_a_missing_run_are_refused(
    space_run, space, test_rows, tmp_path
):
    write_dataset(tmp_path / "d", test_rows)
    with pytest.raises(DatasetError, match="no example is in the train split"):
        evaluate(space_run, tmp_path / "d", tmp_path / "e", split="train", device="cpu")
    with pytest.raises(UsageError, match="split is 'dev'"):
        evaluate(space_run, tmp_path / "d", tmp_path / "e", split="dev", device="cpu")
    (tmp_path / "e/mine").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        evaluate(space_run, space, tmp_path / "e", device="cpu")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        evaluate(tmp_path / "none", space, tmp_path / "f", device="cpu")
    assert not (tmp_path / "f").exists()


def test_a_run_with_other_classes_cannot_stand_beside(space_run, space, toy, tmp_path):
    write_dataset(tmp_path / "d", toy)
    train(tmp_path / "d", tmp_path / "toy", epochs=1, width=4, skip=4, device="cpu")
    with pytest.raises(DatasetError, match="knows the classes down, up"):
        evaluate(space_run, space, tmp_path / "e", beside=[tmp_path / "toy"], device="cpu")


def test_damaged_data_are_refused_before_anything_is_written(space_run, space, tmp_path):
    data = shutil.copytree(space, tmp_path / "d")
    shard = data / "shard-00001.h5"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"shard-00001\.h5"):
        evaluate(space_run, data, tmp_path / "e", device="cpu")
    assert not list((tmp_path / "e").iterdir())


# --- recordings


def by_group(stored, groups):
    return {g: stored["probability"][stored["group"] == i] for i, g in enumerate(groups)}


def test_recordings_are_judged_as_the_rows_they_were_made_from(
    space_run, captures, judged, tmp_path
):
    result = evaluate(space_run, captures, tmp_path / "e", name=NAME, device="cpu")
    stored, original = predictions(result.folder), predictions(judged.folder)
    with h5py.File(result.folder / "predictions.h5") as file:
        found = by_group(stored, list(file.attrs["group_names"]))
    names = result.metrics["data"]["class_names"]
    groups = np.unique(original["group"])
    assert len(found) == len(groups)
    for group in groups:
        rows = original["group"] == group
        windows = found[f"{names[original['label'][rows][0]]}/{group}"]
        np.testing.assert_allclose(windows, original["probability"][rows], rtol=0, atol=1e-6)
    model = result.metrics["classification"]["model"]
    for key, value in judged.metrics["classification"]["model"].items():
        assert model[key] == pytest.approx(value, abs=1e-6), key
    assert result.metrics["captures"]["accuracy"] == judged.metrics["captures"]["accuracy"]
    assert set(result.metrics["classification"]["baselines"]) >= {"gradient boosting"}
    assert result.failures == []


def a_recording(path, **changed):
    """Write a recording like those of the captures, but for what is changed."""
    generator = np.random.default_rng(0)
    rx = generator.normal(size=(4, 32)) + 1j * generator.normal(size=(4, 32))
    content = {
        "rx": rx.astype(np.complex64),
        "tx": np.ones((4, 32), np.complex64),
        "sample_interval_s": 2e-3,
        "carrier_hz": 10e9,
        "sample_axis": np.array("slow_time"),
    } | changed
    np.savez(path, **content)


def test_a_bad_recording_is_named_and_the_rest_is_judged(space_run, captures, tmp_path):
    folder = tmp_path / "c"
    folder.mkdir()
    good = sorted(captures.iterdir())[:5]
    for path in good:
        shutil.copy(path, folder)
    (folder / "cone_901.npz").write_bytes(b"not a zip")
    (folder / "cone_902.npz").write_bytes(good[0].read_bytes()[:-30])
    a_recording(folder / "cone_903.npz", rx=np.full((4, 32), np.nan, np.complex64))
    a_recording(folder / "cone_904.npz", rx=np.zeros((4, 32), np.complex64))
    short = np.ones((4, 31), np.complex64)
    a_recording(folder / "cone_905.npz", rx=short + np.arange(31, dtype=np.complex64), tx=short)
    (folder / "misnamed.npz").write_bytes(good[0].read_bytes())
    result = evaluate(space_run, folder, tmp_path / "e", name=NAME, device="cpu")
    bad = {f"cone_90{i}.npz" for i in range(1, 6)} | {"misnamed.npz"}
    rows = rows_of(result.folder / "failures.csv")
    assert {row["capture"].rpartition("/")[2] for row in rows} == bad
    assert all(row["reason"] and row["hint"] for row in rows)
    assert rows == result.failures
    assert len(rows_of(result.folder / "summary.csv")) == len(good)
    whole = evaluate(space_run, good, tmp_path / "f", name=NAME, device="cpu")
    one, other = predictions(result.folder), predictions(whole.folder)
    assert np.array_equal(one["probability"], other["probability"])


def test_bad_rows_of_a_good_recording_are_left_out_and_counted(space_run, tmp_path):
    generator = np.random.default_rng(0)
    rx = (generator.normal(size=(6, 32)) + 1j).astype(np.complex64)
    rx[1, 3], rx[4] = np.nan, 0
    a_recording(tmp_path / "cone_1.npz", rx=rx, tx=np.ones((6, 32), np.complex64))
    path = tmp_path / "cone_1.npz"
    result = evaluate(space_run, path, tmp_path / "e", name=NAME, device="cpu")
    assert sum(result.metrics["data"]["left_out"].values()) == 2
    assert predictions(result.folder)["row"].tolist() == [0, 2, 3, 5]
    assert "left out" in as_text(result.metrics, result.captures)


def test_recordings_without_labels_are_decided_on_and_not_scored(
    space_run, captures, tmp_path, drawn
):
    result = evaluate(space_run, captures, tmp_path / "e", device="cpu")
    assert "classification" not in result.metrics
    assert result.metrics["captures"]["accuracy"] is None
    rows = rows_of(result.folder / "summary.csv")
    assert [row["capture"] for row in rows] == [path.name for path in sorted(captures.iterdir())]
    assert all(row["label"] == row["window_accuracy"] == "" for row in rows)
    names = result.metrics["data"]["class_names"]
    assert all(row["decision"] in (*names, "unknown") for row in rows)
    assert all(row["nearest"] in names for row in rows)
    assert (result.folder / "report.html").exists()


def test_recordings_of_another_interval_are_refused(space_run, tmp_path):
    a_recording(tmp_path / "cone_1.npz", sample_interval_s=1e-3)
    with pytest.raises(MismatchError, match=r"sample_interval_s 0\.001"):
        evaluate(space_run, tmp_path / "cone_1.npz", tmp_path / "e", device="cpu")


def test_recordings_that_all_fail_are_an_error(space_run, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"garbage")
    with pytest.raises(CaptureError, match=r"a\.npz") as caught:
        evaluate(space_run, tmp_path / "a.npz", tmp_path / "e", device="cpu")
    assert caught.value.exit_code == 4


def test_datasets_and_recordings_are_not_mixed(space_run, space, captures, tmp_path):
    with pytest.raises(UsageError, match="not both"):
        evaluate(space_run, [space, captures], tmp_path / "e", device="cpu")


@pytest.mark.parametrize("gone", ["absent", "changed"])
def test_without_the_training_data_no_baseline_is_made_up(space, captures, tmp_path, gone):
    data = shutil.copytree(space, tmp_path / "d")
    train(data, tmp_path / "run", epochs=1, width=8, skip=16, device="cpu")
    rows = open_dataset(data).load().take(slice(50))
    shutil.rmtree(data)
    if gone == "changed":
        write_dataset(data, rows)
    result = evaluate(tmp_path / "run", captures, tmp_path / "e", name=NAME, device="cpu")
    part = result.metrics["classification"]
    assert part["baselines"] == {}
    assert "no baseline could be fitted" in part["verdict"]


# --- a loaded model


@pytest.fixture(scope="module")
def model(space_run):
    return load(space_run, device="cpu")


def test_a_model_predicts_many(model, test_rows):
    rx, tx = test_rows["rx"][:7], test_rows["tx"][:7]
    many = model.predict(rx, tx)
    assert many.probabilities.shape == (7, 4)
    assert many.probabilities.dtype == np.float32
    assert many.echo.shape == (7, 32)
    assert many.echo.dtype == np.complex64
    np.testing.assert_allclose(many.probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert np.array_equal(many.label, many.probabilities.argmax(axis=1))
    listed = model.predict(rx.astype(np.complex128).tolist(), tx[0])
    same_code = model.predict(rx, tx[:1].repeat(7, axis=0))
    assert np.array_equal(listed.probabilities, same_code.probabilities)


@pytest.fixture
def every_warning():
    """Torch gives most of its warnings once a process."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.parametrize("name", ["rx", "tx"])
def test_arrays_that_may_not_be_written_are_read(model, test_rows, name, every_warning):
    columns = {n: test_rows[n][:7].copy() for n in ("rx", "tx")}
    expected = model.predict(columns["rx"], columns["tx"])
    columns[name].flags.writeable = False
    found = model.predict(columns["rx"], columns["tx"])
    assert np.array_equal(found.probabilities, expected.probabilities)


def test_a_model_predicts_one(model, test_rows, every_warning):
    rx, tx = test_rows["rx"][:7].copy(), test_rows["tx"][:7].copy()
    many, one = model.predict(rx, tx), model.predict(rx[2], tx[2])
    assert one.probabilities.shape == (1, 4)
    np.testing.assert_allclose(one.probabilities[0], many.probabilities[2], rtol=0, atol=1e-6)


def test_batches_do_not_show(model, test_rows, monkeypatch):
    whole = model.predict_examples(test_rows)
    monkeypatch.setattr("radarseq.inference.predictor.BATCH_SIZE", 13)
    pieces = model.predict_examples(test_rows)
    np.testing.assert_allclose(pieces.probabilities, whole.probabilities, rtol=0, atol=1e-6)


def test_samples_that_do_not_fit_the_model_are_refused(model, test_rows):
    rx, tx = test_rows["rx"][:4].copy(), test_rows["tx"][:4]
    for wrong in (rx[:, :31], rx.T, rx[0, :31], rx[..., None, None], np.complex64(1)):
        with pytest.raises(MismatchError, match=r"expected samples \(n, 32\)"):
            model.predict(wrong, tx)
    for wrong in (rx.real, rx[..., None].repeat(2, 2)):
        with pytest.raises(MismatchError, match="expected"):
            model.predict(wrong, tx)
    for wrong in (None, tx[:, :31], tx[:3], tx[0, :31]):
        with pytest.raises(MismatchError, match="tx"):
            model.predict(rx, wrong)
    for bad in (np.nan, np.inf, complex(0, -np.inf)):
        rx[2, 5] = bad
        with pytest.raises(MismatchError, match="not finite, first in row 2"):
            model.predict(rx, tx)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_code_that_is_not_finite_is_refused(model, test_rows, bad):
    rx, tx = test_rows["rx"][:4], test_rows["tx"][:4].copy()
    tx[2, 5] = bad
    with pytest.raises(MismatchError, match="row 2"):
        model.predict(rx, tx)


def test_no_rows_give_no_rows(model):
    none = np.zeros((0, 32), np.complex64)
    found = model.predict(none, none)
    assert found.probabilities.shape == (0, 4)


def test_samples_beyond_float32_are_refused_in_words(model):
    with pytest.raises(MismatchError, match="finite"):
        model.predict(np.full((1, 32), 1e300 + 0j), np.ones(32))


def test_lengths_reach_the_network(toy, tmp_path):
    header = Header(sample_axis="step", class_names=("down", "up"))
    length = np.full(len(toy), 5, np.int32)
    columns = {"x": toy["x"], "label": toy["label"], "length": length, "split": toy["split"]}
    write_dataset(tmp_path / "d", Examples(header, columns))
    train(tmp_path / "d", tmp_path / "run", epochs=1, width=4, features=("iq",), device="cpu")
    model = load(tmp_path / "run")
    changed = toy["x"][:6].copy()
    changed[:, 5:] = 100.0
    one, other = (model.predict(x, length=length[:6]) for x in (toy["x"][:6], changed))
    assert np.array_equal(one.probabilities, other.probabilities)
    assert not np.array_equal(model.predict(changed).probabilities, one.probabilities)


def test_a_table_of_several_classes_is_not_decided_on_as_one_capture(toy, tmp_path):
    header = Header(
        sample_axis="step", class_names=toy.header.class_names, group_names=("table.csv",)
    )
    group = np.zeros(len(toy), np.int64)
    columns = {"x": toy["x"], "label": toy["label"], "split": toy["split"], "group": group}
    write_dataset(tmp_path / "d", Examples(header, columns))
    train(tmp_path / "d", tmp_path / "run", epochs=1, width=4, features=("iq",), device="cpu")
    result = evaluate(tmp_path / "run", tmp_path / "d", tmp_path / "e", split="all")
    (row,) = result.captures
    assert row["decision"] is row["probability"] is row["label"] is None
    part = result.metrics["classification"]["model"]
    assert row["window_accuracy"] == pytest.approx(part["accuracy"])
    assert "table.csv: rows of several classes" in as_text(result.metrics, result.captures)
