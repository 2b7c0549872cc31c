"""Checking every byte: valid things are valid, and each fault is told once, by name."""

import os
import shutil

import numpy as np
import pytest

from radarseq.artifacts.kind import Kind
from radarseq.artifacts.validation import validate
from radarseq.captures.conversion.export import export
from radarseq.errors import DataError
from radarseq.evaluation.evaluate import evaluate
from radarseq.storage.output_folder import UNFINISHED_MARK
from radarseq.storage.sealed import write_json
from radarseq.training.train import train


@pytest.fixture
def evaluation(space_evaluation):
    return space_evaluation.folder


@pytest.fixture
def copy_of(tmp_path):
    def copied(path):
        return shutil.copytree(path, tmp_path / "copy")

    return copied


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_valid_things_are_valid(space, space_run, space_recipe, evaluation, tmp_path):
    export(space, tmp_path / "c", limit=4)
    for path, kind, checked in (
        (space, Kind.DATASET, 4),
        (space / "shard-00001.h5", Kind.DATASET, 2),
        (space_run, Kind.RUN, None),
        (space_run / "checkpoints/best", Kind.CHECKPOINT, 2),
        (space_run / "checkpoints/last", Kind.CHECKPOINT, 3),
        (evaluation, Kind.EVALUATION, None),
        (space_recipe, Kind.RECIPE, 1),
        (tmp_path / "c", Kind.CAPTURE, 4),
        (next((tmp_path / "c").iterdir()), Kind.CAPTURE, 1),
    ):
        found = validate(path)
        assert found.is_valid, found.issues
        assert (found.kind, found.path) == (kind, path)
        assert found.checked == checked or (checked is None and found.checked >= 5)


@pytest.mark.slow
def test_every_bad_shard_of_a_dataset_is_told(space, copy_of):
    data = copy_of(space)
    spoil(data / "shard-00000.h5")
    (data / "shard-00002.h5").unlink()
    found = validate(data)
    assert not found.is_valid
    assert len(found.issues) == 2
    assert str(data / "shard-00000.h5") in found.issues[0]
    assert str(data / "shard-00002.h5") in found.issues[1]
    assert found.checked == 4


def test_a_dataset_that_cannot_be_opened_is_one_fault(space, copy_of):
    data = copy_of(space)
    write_json(data / "manifest.json", {"kind": "radarseq dataset", "format_version": 9})
    (fault,) = validate(data).issues
    assert "format_version is 9" in fault
    (data / "manifest.json").rename(data / "manifest.unfinished.json")
    (fault,) = validate(data).issues
    assert "not finished" in fault


@pytest.mark.parametrize("name", ["model.safetensors", "state.pt", "manifest.json"])
def test_every_bad_checkpoint_of_a_run_is_told(space_run, copy_of, name):
    run = copy_of(space_run)
    (run / "checkpoints/last" / name).write_bytes(b"")
    (run / "checkpoints/best/model.safetensors").unlink()
    faults = validate(run).issues
    assert len(faults) == 2
    assert str(run / "checkpoints/best/model.safetensors") in faults[0]
    assert str(run / "checkpoints/last" / name) in faults[1]


def test_a_run_without_checkpoints_is_told(space_run, copy_of):
    run = copy_of(space_run)
    shutil.rmtree(run / "checkpoints")
    (fault,) = validate(run).issues
    assert "a run without a checkpoint" in fault


def test_a_run_whose_best_checkpoint_stepped_aside_is_checked_with_it(space_run, copy_of):
    run = copy_of(space_run)
    (run / "checkpoints/best").rename(run / "checkpoints/best.old")
    assert validate(run).checked == sum(path.is_file() for path in run.rglob("*"))


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.json", "config.toml"])
def test_altered_records_of_a_run_are_told(space_run, copy_of, name):
    run = copy_of(space_run)
    content = (run / name).read_text()
    (run / name).write_text(content.replace("0", "1", 1))
    assert (run / name).read_text() != content
    assert not validate(run).is_valid


@pytest.mark.parametrize("is_finished", [True, False])
def test_every_flipped_bit_of_the_records_of_a_run_is_told(space_run, copy_of, is_finished):
    run = copy_of(space_run)
    if not is_finished:
        (run / "metrics.json").unlink()
    assert validate(run).is_valid
    generator = np.random.default_rng(0)
    for path in (p for p in run.iterdir() if p.is_file()):
        content = path.read_bytes()
        for position in generator.integers(0, 8 * len(content), 12):
            damaged = bytearray(content)
            damaged[position // 8] ^= 1 << position % 8
            path.write_bytes(damaged)
            assert any(str(path) in fault for fault in validate(run).issues), (path, position)
        path.write_bytes(content)


def test_a_history_that_is_one_epoch_behind_is_that_of_a_killed_run(space_run, copy_of):
    run = copy_of(space_run)
    (run / "metrics.json").unlink()
    rows = (run / "metrics.csv").read_text().splitlines(keepends=True)
    (run / "metrics.csv").write_text("".join(rows[:-1]))
    assert validate(run).is_valid
    (run / "metrics.csv").write_text("".join(rows[:-2]))
    (fault,) = validate(run).issues
    assert f"{run / 'metrics.csv'}: altered or truncated" in fault


@pytest.mark.parametrize("name", ["metrics.csv", "metrics.json", "config.toml"])
def test_what_validation_refuses_is_not_used(space, space_run, copy_of, tmp_path, name):
    run = copy_of(space_run)
    spoil(run / name)
    assert not validate(run).is_valid
    with pytest.raises(DataError, match=name):
        if name == "config.toml":
            train(space, run, epochs=3, resume=True, device="cpu")
        else:
            evaluate(run, space, tmp_path / "e", device="cpu")


@pytest.mark.parametrize("name", ["predictions.h5", "summary.csv", "report.html", "failures.csv"])
def test_every_altered_file_of_an_evaluation_is_told(evaluation, copy_of, name):
    folder = copy_of(evaluation)
    spoil(folder / name)
    (fault,) = validate(folder).issues
    assert f"{folder / name}: altered or truncated" in fault
    (folder / name).unlink()
    (fault,) = validate(folder).issues
    assert f"{folder / name}: missing" in fault


def test_all_altered_files_of_an_evaluation_are_told_together(evaluation, copy_of):
    folder = copy_of(evaluation)
    for name in ("predictions.h5", "summary.csv", "report.html"):
        spoil(folder / name)
    assert len(validate(folder).issues) == 3


def test_every_file_of_an_evaluation_is_vouched_for(evaluation, copy_of):
    folder = copy_of(evaluation)
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert any(str(path) in fault for fault in validate(folder).issues), path
        path.write_bytes(content)
    assert validate(folder).is_valid


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "plots/../../secret"])
def test_an_evaluation_vouches_for_nothing_outside(evaluation, copy_of, name):
    folder = copy_of(evaluation)
    write_json(folder / "metrics.json", {"kind": "radarseq evaluation", "files": {name: "0"}})
    (fault,) = validate(folder).issues
    assert "outside its folder; refused" in fault


def test_altered_metrics_of_an_evaluation_are_told(evaluation, copy_of):
    folder = copy_of(evaluation)
    path = folder / "metrics.json"
    content = path.read_text()
    path.write_text(content.replace('"accuracy": 0.', '"accuracy": 0.9', 1))
    assert path.read_text() != content
    assert not validate(folder).is_valid


def test_a_recipe_is_told_of_all_its_faults(space_recipe, tmp_path):
    text = space_recipe.read_text().replace("steps = 32", "stepz = 32").replace('"p4"', "4")
    (tmp_path / "r.toml").write_text(text)
    (fault,) = validate(tmp_path / "r.toml").issues
    assert "stepz" in fault
    assert "radar.code" in fault


def test_every_bad_recording_is_told(space, tmp_path):
    export(space, tmp_path / "c", limit=4)
    bad = sorted((tmp_path / "c").iterdir())[1:3]
    for path in bad:
        path.write_bytes(path.read_bytes()[:-50])
    found = validate(tmp_path / "c")
    assert found.checked == 4
    assert len(found.issues) == 2
    assert all(str(path) in fault for path, fault in zip(bad, found.issues, strict=True))


def test_every_flipped_bit_and_truncation_of_an_exported_capture_is_told(space, tmp_path):
    """Also in the archive's own directory, which no checksum of zip guards."""
    (path,) = export(space, tmp_path / "c", limit=1)
    content, generator = path.read_bytes(), np.random.default_rng(0)
    at = [
        *generator.integers(0, 8 * len(content), 150),
        *range(8 * len(content) - 900, 8 * len(content), 3),
    ]
    for position in at:
        damaged = bytearray(content)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        assert any(str(path) in fault for fault in validate(path).issues), position
    for size in generator.integers(0, len(content), 50):
        path.write_bytes(content[:size])
        assert not validate(path).is_valid, size
    path.write_bytes(content)
    assert validate(path).is_valid
    with np.load(path) as members:  # and for every other program it is a plain archive
        assert members["rx"].dtype == np.complex64


def test_what_an_export_left_when_it_was_killed_is_not_valid(space, tmp_path):
    export(space, tmp_path / "c", limit=4)
    (tmp_path / "c" / UNFINISHED_MARK).touch()
    (fault,) = validate(tmp_path / "c").issues
    assert "was not finished" in fault


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (fault,) = validate(tmp_path / "pipe").issues
    assert "neither a file nor a folder" in fault


def test_nothing_is_not_valid_data(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        validate(tmp_path / "none")


def test_an_empty_folder_is_not_valid(tmp_path):
    try:
        found = validate(tmp_path)
    except DataError:
        return
    assert not found.is_valid
