"""Recordings in a batch: any number of workers, any interruption, the same bytes."""

import csv
import shutil

import h5py
import numpy as np
import pytest
from datasets_made import content
from paths import SHARED

from radarseq.cli.evaluation_text import as_text
from radarseq.errors import OutputError
from radarseq.evaluation.pipelines import recording_evaluator
from radarseq.inference.predictor import load

NAME = "{label}_{group}.npz"
NOISE = SHARED / "digital_rf" / "rf@1567105700.000.h5"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """So that every recording of more than two windows comes in several blocks."""
    monkeypatch.setattr(recording_evaluator, "_BLOCK_BYTES", 2 * 32 * 8)


def table(folder, name="summary.csv"):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("workers", [2, 4])
def test_the_bytes_are_the_same_for_any_number_of_workers(
    judged, space_run, captures, tmp_path, plainly, workers
):
    other = plainly(space_run, captures, tmp_path / "many", name=NAME, workers=workers)
    assert content(other.folder) == content(judged.folder)
    assert other.metrics == judged.metrics


class Stop(BaseException):
    """What a signal raises."""


def test_an_interrupted_batch_resumes_where_it_was(
    judged, space_run, captures, tmp_path, plainly, monkeypatch
):
    def stop_after_five(done, _):
        if done >= 5:
            raise Stop

    out = tmp_path / "resumed"
    with pytest.raises(Stop):
        plainly(space_run, captures, out, name=NAME, progress=stop_after_five)
    parts = sorted(path.name for path in (out / "parts").glob("*.json"))
    assert 3 <= len(parts) < 12
    assert not list(out.rglob("*.part"))
    (out / "parts" / parts[1].replace("json", "rows")).write_bytes(b"damaged")
    with pytest.raises(OutputError, match="differs in options"):
        plainly(space_run, captures, out, name="{label}_{group}", resume=True)
    with monkeypatch.context() as patched:
        patched.setattr("radarseq.inference.predictor.set_engine", lambda *_: "fused")
        with pytest.raises(OutputError, match="differs in engine"):
            plainly(space_run, captures, out, name=NAME, resume=True)
    again = []
    real = recording_evaluator.RecordingEvaluator.evaluate

    def counted(self, recording, *rest):
        again.append(recording.group)
        return real(self, recording, *rest)

    monkeypatch.setattr(recording_evaluator.RecordingEvaluator, "evaluate", counted)
    resumed = plainly(space_run, captures, out, name=NAME, resume=True)
    assert len(again) == 13 - len(parts) + 1  # those that were missing, and the damaged one
    assert content(resumed.folder) == content(judged.folder)
    finished = plainly(space_run, captures, out, name=NAME, resume=True)
    assert (finished.captures, finished.failures) == (judged.captures, judged.failures)
    assert len(again) == 13 - len(parts) + 1
    with pytest.raises(OutputError, match="finished evaluation with other settings"):
        plainly(space_run, captures, out, name=NAME, resume=True, false_reject=0.2)
    monkeypatch.setattr("radarseq.inference.predictor.set_engine", lambda *_: "fused")
    with pytest.raises(OutputError, match="finished evaluation with other settings"):
        plainly(space_run, captures, out, name=NAME, resume=True)


def test_without_resume_an_interrupted_batch_begins_anew(
    judged, space_run, captures, tmp_path, plainly
):
    out = tmp_path / "anew"
    shutil.copytree(judged.folder, out)
    (out / "metrics.json").rename(out / ".unfinished")  # the mark of a killed evaluation
    (out / "parts").mkdir()
    (out / "parts" / "00000.json").write_text("{}")
    again = plainly(space_run, captures, out, name=NAME)
    assert content(again.folder) == content(judged.folder)


def test_the_windows_are_those_of_the_model_and_the_track_ends_in_the_decision(
    judged, space_run, captures
):
    model = load(space_run, device="cpu")
    exponent = judged.metrics["captures"]["fusion_weight"]["exponent"]
    with h5py.File(judged.folder / "predictions.h5") as file:
        stored = {name: column[()] for name, column in file.items()}
        groups = [str(name) for name in file.attrs["group_names"]]
        names = [str(name) for name in file.attrs["class_names"]]
    assert {len(column) for column in stored.values()} == {
        sum(r["windows"] for r in judged.captures)
    }
    for row in judged.captures:
        own = stored["group"] == groups.index(row["capture"])
        with np.load(captures / (row["capture"].replace("/", "_") + ".npz")) as file:
            found = model.predict(file["rx"], file["tx"])
        np.testing.assert_allclose(stored["probability"][own], found.probabilities, atol=1e-6)
        np.testing.assert_allclose(stored["echo"][own], found.echo, rtol=1e-4, atol=1e-7)
        assert stored["row"][own].tolist() == list(range(len(found.label)))
        if row["decision"] != "unknown":
            last = stored["posterior"][own][-1]
            assert names[last.argmax()] == row["decision"]
            assert last.max() == pytest.approx(row["probability"], rel=1e-5)
    assert 0.0 <= exponent <= 1.0


def test_a_capture_of_a_class_that_the_model_lacks_counts_apart(judged):
    (row,) = (row for row in judged.captures if row["capture"] == "brick/901")
    part = judged.metrics["captures"]
    assert row["label"] == "brick"
    assert row["window_accuracy"] is None
    assert (part["labelled"], part["unknown_labelled"]) == (12, 1)
    assert part["unknown_found"] == (row["decision"] == "unknown")
    right = [r["decision"] == r["label"] for r in judged.captures if r["label"] != "brick"]
    assert part["accuracy"] == np.mean(right)
    assert np.sum(part["confusion"]) == 12
    assert "of other classes" in as_text(judged.metrics, judged.captures)


def test_the_tables_load_without_massaging(judged):
    rows = table(judged.folder)
    assert len(rows) == len(judged.captures) == 13
    for row, expected in zip(rows, judged.captures, strict=True):
        assert list(row) == list(expected)
        assert int(row["windows"]) == expected["windows"]
        assert row["file"].endswith(".npz")
    with h5py.File(judged.folder / "predictions.h5") as file:
        for column in file.values():
            assert column.ndim in (1, 2)
            assert column.dtype.kind in "iufc"
            assert column.chunks is None  # one plain array
    (failure,) = table(judged.folder, "failures.csv")
    assert failure["capture"].endswith("cone_900.npz")
    assert judged.metrics["batch"] == {"files": 14, "evaluated": 13, "failed": 1}


def test_windows_that_overlap_count_less(space_run, captures, tmp_path, plainly):
    def exponent(**options):
        settings = {"name": NAME, **options}
        result = plainly(space_run, captures, tmp_path / str(len(options)), options=settings)
        return result.metrics["captures"]["fusion_weight"]["exponent"]

    assert exponent(hop=8) == pytest.approx(exponent() / 4)


def test_unfit_windows_are_told_by_capture(space_run, tmp_path, plainly):
    generator = np.random.default_rng(0)
    rx = generator.normal(size=(8, 32)) + 1j * generator.normal(size=(8, 32))
    rx[1:3], rx[5, 4] = 0.0, np.nan
    np.savez(
        tmp_path / "a.npz",
        rx=rx.astype(np.complex64),
        tx=np.ones((8, 32), np.complex64),
        sample_interval_s=2e-3,
        carrier_hz=77e9,
        sample_axis="slow_time",
    )
    result = plainly(space_run, tmp_path / "a.npz", tmp_path / "e")
    (row,) = result.captures
    assert (row["windows"], row["skipped"]) == (5, 3)
    assert row["skipped_reasons"] == "all zero 2; not finite 1"
    assert result.metrics["quality"] == {
        "windows": 8, "evaluated": 5, "skipped": {"all zero": 2, "not finite": 1}, "captures": 1,
    }  # fmt: skip
    assert any("another carrier" in text for text in result.metrics["data"]["warnings"])


@pytest.mark.skipif(not NOISE.exists(), reason=f"the recording is not there: {NOISE.name}")
def test_a_recording_of_noise_is_judged_unknown(space_run, captures, tmp_path, plainly):
    """Receiver noise at 440 MHz, taken as if it were the echo, at several levels."""
    with h5py.File(NOISE) as file:
        raw = file["rf_data"][()].reshape(-1)
    noise = (raw["r"] + 1j * raw["i"])[1:9985].reshape(-1, 32)  # sample 0 is a fault
    with np.load(sorted(captures.glob("sphere_*.npz"))[0]) as file:
        keys = ("sample_interval_s", "carrier_hz", "sample_axis")
        tx, known = file["tx"][0], {key: file[key] for key in keys}
    for level in (1e-4, 1e-2):
        rx = (level * noise).astype(np.complex64)
        about = known | {"rx": rx, "tx": np.tile(tx, (len(rx), 1))}
        np.savez(tmp_path / f"noise_{level}.npz", **about)
    result = plainly(space_run, sorted(tmp_path.glob("*.npz")), tmp_path / "e", false_reject=0.1)
    assert [row["decision"] for row in result.captures] == ["unknown", "unknown"]
