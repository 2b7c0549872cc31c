"""Evaluation of datasets: what is written agrees with the predictions, and misfits stop."""

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from small_runs import predictions, rows_of

from radarseq.cli.evaluation_text import as_text
from radarseq.dataset.schema import Examples
from radarseq.dataset.write import write_dataset
from radarseq.errors import CheckpointError, DatasetError, MismatchError, OutputError, UsageError
from radarseq.evaluation.evaluate import evaluate
from radarseq.evaluation.metrics.classification import class_metrics, mean_db, relative_error
from radarseq.inference.predictor import load
from radarseq.training.train import train

pytestmark = pytest.mark.usefixtures("quick")

WRITTEN = (
    "failures.csv",
    "metrics.json",
    "predictions.h5",
    "report.h5",
    "report.html",
    "summary.csv",
)


@pytest.fixture
def judged(space_evaluation):
    """The shared evaluation of the test split, an LSTM beside."""
    return space_evaluation


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
    assert part["model"] == asdict(class_metrics(stored["probability"], stored["label"]))
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
        echo["baselines"][method]["error_db"] for method in ("LMMSE", "causal LMMSE", "copy")
    )
    assert full < causal < copied


def test_the_other_runs_metrics_are_those_it_has_alone(judged, lstm_run, space, tmp_path):
    alone = evaluate(lstm_run, space, tmp_path / "e", device="cpu").metrics
    for key in ("classification", "echo"):
        assert alone[key]["model"] == judged.metrics[key]["baselines"]["lstm"]


def test_the_same_again_gives_the_same_bytes(judged, space_run, lstm_run, space, tmp_path, drawn):
    again = evaluate(space_run, space, tmp_path / "e", compare=[lstm_run], device="cpu")
    one, other = (
        {str(p.relative_to(f)): p.read_bytes() for p in f.rglob("*") if p.is_file()}
        for f in (again.folder, judged.folder)
    )
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name]] == []


def test_the_table_shows_model_baselines_and_verdict(judged):
    text = as_text(judged.metrics, judged.captures)
    accuracy = f"{100 * judged.metrics['classification']['model']['accuracy']:.1f} %"
    for word in ("wavenet", "lstm", "gradient boosting", "LMMSE", accuracy, "objects"):
        assert word in text
    assert judged.metrics["classification"]["verdict"] in text


@pytest.mark.parametrize("split", ["train", "validation", "all"])
def test_another_split_is_judged_where_asked(space_run, space, space_examples, tmp_path, split):
    result = evaluate(space_run, space, tmp_path / "e", split=split, device="cpu")
    assert result.metrics["data"]["split"] == split
    assert result.metrics["data"]["examples"] == len(space_examples.part(split))


def test_two_runs_of_one_kind_are_told_apart(space_run, space, tmp_path):
    twin = shutil.copytree(space_run, tmp_path / "twin")
    metrics = evaluate(space_run, space, tmp_path / "e", compare=[twin], device="cpu").metrics
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
        evaluate(space_run, space, tmp_path / "e", compare=[tmp_path / "toy"], device="cpu")


def test_damaged_data_are_refused_before_anything_is_written(space_run, space, tmp_path):
    data = shutil.copytree(space, tmp_path / "d")
    shard = data / "shard-00001.h5"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DatasetError, match=r"shard-00001\.h5"):
        evaluate(space_run, data, tmp_path / "e", device="cpu")
    assert not list((tmp_path / "e").iterdir())
