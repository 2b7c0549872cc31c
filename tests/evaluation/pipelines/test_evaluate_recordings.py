"""Evaluation of recordings: as the rows they were made from, and the bad ones named."""

import shutil

import h5py
import numpy as np
import pytest
from small_runs import predictions, rows_of

from radarseq.baselines import classifiers
from radarseq.captures.conversion.export import export
from radarseq.cli.evaluation_text import as_text
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset
from radarseq.errors import CaptureError, MismatchError, UsageError
from radarseq.evaluation.evaluate import evaluate
from radarseq.inference.predictor import load
from radarseq.training.train import train

pytestmark = pytest.mark.usefixtures("quick")

NAME = "{label}_{group}.npz"


@pytest.fixture
def judged(space_evaluation):
    """The shared evaluation of the test split, an LSTM beside."""
    return space_evaluation


@pytest.fixture(scope="module")
def captures(space, tmp_path_factory):
    """The objects of the test split as recordings."""
    folder = tmp_path_factory.mktemp("captures") / "c"
    export(space, folder)
    return folder


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


def test_a_class_baseline_is_one_entry_of_the_table(
    space, space_run, captures, tmp_path, plainly, monkeypatch
):
    fit = classifiers.fit_class_baselines

    def with_another(training):
        return fit(training) | {"even": classifiers.Majority(np.full(4, 1 / 4))}

    monkeypatch.setattr(classifiers, "fit_class_baselines", with_another)
    for data, name in ((space, ""), (captures, NAME)):
        result = plainly(space_run, data, tmp_path / f"e{name[:1]}", name=name)
        found = result.metrics["classification"]["baselines"]
        assert list(found) == ["majority class", "gradient boosting", "even"]
        assert found["even"]["log_loss"] == pytest.approx(np.log(4))


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
    assert sum(result.metrics["data"]["skipped"].values()) == 2
    assert predictions(result.folder)["row"].tolist() == [0, 2, 3, 5]
    assert "skipped" in as_text(result.metrics, result.captures)


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


@pytest.mark.slow
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


def sequence_run(folder, x, task, **settings):
    """Return a small model of sequences ``x (n, step)`` that looks ahead."""
    columns = {"x": x[..., None].astype(np.float32), "split": (np.arange(len(x)) % 3).astype("u1")}
    write_dataset(folder / "d", Examples(Header(sample_axis="step"), columns))
    settings |= {"epochs": 1, "width": 4, "skip": 4, "task": task, "device": "cpu"}
    train(folder / "d", folder / "run", **settings)
    return folder / "run"


def test_the_last_steps_of_a_recording_are_the_truth_of_its_forecast(tmp_path):
    generator = np.random.default_rng(0)
    x = np.sin(0.4 * np.arange(24) + generator.uniform(0, 6, (90, 1)))
    x += 0.05 * generator.normal(size=x.shape)
    run = sequence_run(tmp_path, x, "forecast", horizon=2)
    own = x[:20, :22].astype(np.float32)
    np.save(tmp_path / "a.npy", own)
    result = evaluate(run, tmp_path / "a.npy", tmp_path / "e", device="cpu")
    part = result.metrics["forecast"]
    error = own[:, 19:20] - own[:, 20:].astype(np.float64)
    assert part["baselines"]["naive"]["mse"] == pytest.approx((error**2).mean(), rel=1e-6)
    assert {"naive", "drift", "linear"} < set(part["baselines"])
    changed = own.copy()
    changed[:, 20:] += 1.0  # the model must not see the truth
    length = np.full(20, 20)
    one, other = (
        load(run, device="cpu").predict(v[..., None], length=length) for v in (own, changed)
    )
    assert np.array_equal(one.echo[:, 19], other.echo[:, 19])
    forecast = one.echo[:, 19].astype(np.float64)
    assert part["model"]["mse"] == pytest.approx(((forecast - own[:, 20:]) ** 2).mean(), rel=1e-5)


def test_the_next_symbols_of_a_recording_stand_in_it(tmp_path):
    start = np.random.default_rng(0).integers(0, 4, (90, 1))
    symbols = ((start + np.arange(25)) % 4).astype(np.float32)
    run = sequence_run(tmp_path, symbols, "next_symbol")
    np.save(tmp_path / "a.npy", symbols[:20, :24])
    result = evaluate(run, tmp_path / "a.npy", tmp_path / "e", device="cpu")
    assert set(result.metrics["symbols"]["baselines"]) == {"persistence", "counts"}
    # Of 23 steps with a next one; the counts look back three steps, and the first three cannot.
    counts = result.metrics["symbols"]["baselines"]["counts"]
    assert counts["accuracy"] == pytest.approx(20 / 23)
