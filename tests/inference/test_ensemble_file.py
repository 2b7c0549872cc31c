"""Files of ensembles: runs that are gone or altered, and content that is refused."""

import shutil

import pytest
from small_runs import RUNS

from radarseq.artifacts.validation import validate
from radarseq.errors import CheckpointError
from radarseq.inference.build_ensemble import form_ensemble
from radarseq.inference.ensemble_file import load_ensemble
from radarseq.inference.predictor import load
from radarseq.storage.sealed import read_json, write_json
from radarseq.training.train import train


def test_a_run_that_was_trained_on_since_is_another_one(copied, space):
    train(space, copied / "seed-1", resume=True, epochs=3, device="cpu")
    with pytest.raises(
        CheckpointError, match=r"seed-1: its weights are not those.*trained further"
    ):
        load(copied)
    assert not validate(copied).is_valid
    form_ensemble(copied, RUNS, device="cpu")
    assert load(copied).name == "ensemble of 3 wavenet"


def test_a_run_that_is_gone_is_named(copied):
    shutil.rmtree(copied / "seed-2")
    with pytest.raises(CheckpointError, match=r"seed-2: no checkpoint here .*--seeds again"):
        load(copied)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kind": "radarseq run"},
            "kind is 'radarseq run'; this version reads 'radarseq ensemble'",
        ),
        ({"format_version": 2}, "format_version is 2; this version reads 1"),
        ({"members": {}}, "0 runs; an ensemble has 2 to 15"),
        ({"members": {"seed-0": ""}}, "1 runs; an ensemble has 2 to 15"),
        ({"members": ["seed-0", "seed-1"]}, "lists no runs"),
        ({"members": {"seed-0": "", "../elsewhere": ""}}, "outside its folder; refused"),
        ({"members": {"seed-0": "", "..": ""}}, "outside its folder; refused"),
        ({"members": {"seed-0": "", "": ""}}, "outside its folder; refused"),
        ({"temperature": 0.0}, "expected above 0"),
    ],
)
def test_a_file_that_makes_no_ensemble_is_refused(copied, change, message):
    path = copied / "ensemble.json"
    content = read_json(path, CheckpointError)
    content.pop("seal", None)
    write_json(path, content | change)
    with pytest.raises(CheckpointError, match=message):
        load_ensemble(copied)


def test_an_altered_file_is_refused(copied):
    path = copied / "ensemble.json"
    path.write_bytes(path.read_bytes().replace(b'"temperature": ', b'"temperature": 1'))
    with pytest.raises(CheckpointError, match="altered"):
        load(copied)
    assert not validate(copied).is_valid


def test_runs_that_do_not_answer_as_one_yet_are_explained(copied):
    (copied / "ensemble.json").unlink()
    with pytest.raises(CheckpointError, match=r"Name one of its runs, such as .*seed-0"):
        load(copied)
