"""The page of an evaluation drawn again from its folder: the same, or a clear refusal."""

import json
import shutil

import h5py
import numpy as np
import pytest
from report_samples import EPOCHS, make_pictures

from radarseq.artifacts.validation import validate
from radarseq.cli import main
from radarseq.errors import EXIT_DATA, DataError, EvaluationError
from radarseq.evaluation.output.folder import write_metrics
from radarseq.evaluation.page.redraw import read_rows, redraw
from radarseq.evaluation.page.saved_data import read_report_data, write_report_data
from radarseq.evaluation.page.tracks import rows_by_capture, with_tracks
from radarseq.report import ReportContent, capture_view
from radarseq.storage.sealed import read_json


@pytest.fixture
def evaluation(space_evaluation, tmp_path):
    """A copy of the shared evaluation, to be harmed."""
    return shutil.copytree(space_evaluation.folder, tmp_path / "evaluation")


def command(monkeypatch, *arguments):
    """Run the command line; return its exit status."""
    monkeypatch.setattr("sys.argv", ["radarseq", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0


def test_the_page_comes_out_the_same_without_model_and_data(evaluation, monkeypatch, capsys):
    page = evaluation / "report.html"
    before, sealed = page.read_bytes(), (evaluation / "metrics.json").read_bytes()
    page.write_text("<p>")
    next((evaluation / "plots").iterdir()).unlink()
    (evaluation / "notes.txt").write_text("somebody's own")
    assert not validate(evaluation).is_valid
    assert command(monkeypatch, "report", evaluation, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(page)}
    assert page.read_bytes() == before
    assert (evaluation / "metrics.json").read_bytes() == sealed
    assert b'id="capture-views"' in before
    assert validate(evaluation).is_valid


def test_the_command_ends_in_the_status_of_the_fault(evaluation, monkeypatch, capsys):
    (evaluation / "summary.csv").unlink()
    assert command(monkeypatch, "report", evaluation) == EXIT_DATA
    assert "summary.csv: missing" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["summary.csv", "predictions.h5", "failures.csv", "report.h5"])
@pytest.mark.parametrize("harm", ["missing", "altered"])
def test_a_harmed_file_is_named_and_the_page_stays(evaluation, name, harm):
    page = (evaluation / "report.html").read_bytes()
    if harm == "missing":
        (evaluation / name).unlink()
    else:
        with (evaluation / name).open("ab") as file:
            file.write(b"x")
    with pytest.raises(EvaluationError, match=f"{name}: {harm}") as raised:
        redraw(evaluation)
    assert raised.value.exit_code == EXIT_DATA
    assert (evaluation / "report.html").read_bytes() == page


def test_harmed_metrics_are_refused(evaluation):
    path = evaluation / "metrics.json"
    path.write_text(path.read_text().replace('"accuracy": 0.', '"accuracy": 1.', 1))
    with pytest.raises(DataError, match=r"metrics\.json: not as radarseq wrote it"):
        redraw(evaluation)


def test_a_folder_of_another_kind_is_refused(space, space_run):
    for folder, kind in ((space, "dataset"), (space_run, "run")):
        with pytest.raises(EvaluationError, match=f"is a {kind}; expected an evaluation folder"):
            redraw(folder)


@pytest.mark.parametrize("keep", [True, False])
def test_vouched_for_but_malformed_is_refused_and_older_is_drawn(evaluation, keep):
    """An evaluation of before there was report.h5 has a page without pictures."""
    metrics = read_json(evaluation / "metrics.json", EvaluationError)
    del metrics["files"]
    if keep:
        (evaluation / "report.h5").write_bytes(b"no HDF5")
    else:
        (evaluation / "report.h5").unlink()
    write_metrics(evaluation, metrics)
    if keep:
        with pytest.raises(EvaluationError, match=r"report\.h5: not what radarseq evaluate wrote"):
            redraw(evaluation)
    else:
        assert 'id="capture-views"' not in redraw(evaluation).read_text(encoding="utf-8")


def test_what_is_shown_comes_back_as_it_was_written(tmp_path):
    random = np.random.default_rng(0)
    samples = random.normal(size=(90, 16, 2)).view(np.complex128)[..., 0]
    views = [capture_view(samples), None, capture_view(samples[:3], rows=np.array([4, 9, 11]))]
    shown = ReportContent(make_pictures(snr_db=[4.2, None]), EPOCHS, views)
    write_report_data(tmp_path, shown)
    found = read_report_data(tmp_path)
    for name in ("tx", "rx", "target", "predicted"):
        np.testing.assert_array_equal(getattr(found.pictures, name), getattr(shown.pictures, name))
    assert found.pictures.snr_db == [4.2, None]
    assert found.pictures.label == ["cone"] * 2
    assert found.epochs[1]["loss"] == 0.9
    assert np.isnan(found.epochs[1]["validation_loss"])
    assert found.views[1] is None
    for before, after in ((views[0], found.views[0]), (views[2], found.views[2])):
        assert after.rows.tolist() == before.rows.tolist()
        np.testing.assert_array_equal(after.level, before.level)
        np.testing.assert_array_equal(after.phase, before.phase)
        assert (after.low, after.high) == (before.low, before.high)


@pytest.mark.parametrize("at_once", [7, 1 << 20])
def test_a_track_is_the_posterior_of_the_capture_s_own_windows(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr("radarseq.evaluation.page.tracks._ROWS_AT_ONCE", at_once)
    random = np.random.default_rng(1)
    group = random.integers(0, 2, size=40)
    posterior = random.dirichlet(np.ones(3), size=40)
    rank = np.array([np.sum(group[:i] == group[i]) for i in range(40)])
    kept = rank != 2  # the third window of each was not judged
    names = ["b.npy", "a.npy"]
    with h5py.File(tmp_path / "predictions.h5", "w") as file:
        columns = {"group": group, "row": rank, "posterior": posterior}
        for name, values in columns.items():
            file[name] = values[kept]
        file.attrs.create("group_names", names, dtype=h5py.string_dtype())
    counts = np.bincount(group)
    views = [capture_view(np.ones((counts[g], 4), complex)) for g in (1, 0)]
    both = with_tracks(tmp_path / "predictions.h5", ["a.npy", "b.npy"], views)
    for view, its in zip(both, (1, 0), strict=True):
        expected = np.rint(254 * posterior[group == its])
        expected[2] = 255
        np.testing.assert_array_equal(view.posterior, expected)


def test_objects_of_a_dataset_are_found_by_number(tmp_path):
    group, probability = np.array([5, 3, 5]), np.array([[1.0, 0], [0.5, 0.5], [0, 1.0]])
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["group"], file["probability"] = group, probability
        file.attrs.create("group_names", np.array([], object), dtype=h5py.string_dtype())
    views = [None, capture_view(np.ones((2, 4), complex))]
    found = with_tracks(tmp_path / "p.h5", ["object 3", "object 5"], views)
    assert found[1].posterior.tolist() == [[254, 0], [0, 254]]
    rows = {name: its.tolist() for name, its in rows_by_capture(group, ()).items()}
    assert rows == {"object 3": [1], "object 5": [0, 2]}


def test_rows_come_back_with_their_types(tmp_path):
    path = tmp_path / "summary.csv"
    path.write_text("capture,windows,label,probability\n0012,3,,0.25\n")
    row = {"capture": "0012", "windows": 3, "label": None, "probability": 0.25}
    assert read_rows(path) == [row]
    path.write_text("capture,windows\nx,many\n")
    with pytest.raises(EvaluationError, match=r"summary\.csv: not the table"):
        read_rows(path)
