"""The page of an evaluation drawn again from its folder: the same, or a clear refusal."""

import json
import shutil

import pytest

from radarseq.artifacts.validation import validate
from radarseq.cli import main
from radarseq.errors import EXIT_DATA, DataError, EvaluationError
from radarseq.evaluation.output.folder import write_metrics
from radarseq.evaluation.page.redraw import read_rows, redraw
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


def test_rows_come_back_with_their_types(tmp_path):
    path = tmp_path / "summary.csv"
    path.write_text("capture,windows,label,probability\n0012,3,,0.25\n")
    row = {"capture": "0012", "windows": 3, "label": None, "probability": 0.25}
    assert read_rows(path) == [row]
    path.write_text("capture,windows\nx,many\n")
    with pytest.raises(EvaluationError, match=r"summary\.csv: not the table"):
        read_rows(path)
