"""Runs that answer as one: the mean of their answers, never worse in log loss than they are."""

import json
import shutil

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from small_runs import RUNS, SMALL, log_loss, text

from radarseq.artifacts.gate_figure import draw_example_gates
from radarseq.artifacts.inspection import inspect
from radarseq.artifacts.validation import validate
from radarseq.captures.conversion.export import export
from radarseq.cli import app
from radarseq.dataset.read import open_dataset
from radarseq.errors import CheckpointError, UsageError
from radarseq.inference.build_ensemble import form_ensemble
from radarseq.inference.predictor import load
from radarseq.storage.sealed import read_json
from radarseq.training.seeds import train_seeds
from radarseq.training.train import train


@pytest.fixture(scope="module")
def members(formed):
    """Each run as a model of its own."""
    return [load(formed / name, device="cpu") for name in RUNS]


def test_the_answer_is_the_mean_of_the_members_answers(formed, members, space_examples):
    rows = space_examples.part("test")
    together = load(formed, device="cpu")
    found, alone = text(together, rows), [text(member, rows) for member in members]
    logits = np.mean([one.extra for one in alone], axis=0)
    assert found.extra == pytest.approx(logits, abs=1e-6)
    odds = np.exp(log_softmax(logits.astype(float) / together.temperature, axis=1))
    assert found.probabilities == pytest.approx(odds, abs=1e-6)
    echo = np.mean([one.echo for one in alone], axis=0)
    assert np.abs(found.echo - echo).max() < 1e-6 * np.abs(echo).max()
    assert together.name == "ensemble of 3 wavenet"


def test_hidden_values_stand_side_by_side(formed, members, space_examples):
    rows = space_examples.part("test").take(slice(5))
    together = load(formed, device="cpu")
    found = together.predict_examples(rows, extra_output=lambda _, hidden: hidden).extra
    alone = [m.predict_examples(rows, extra_output=lambda _, hidden: hidden).extra for m in members]
    assert found.shape == (5, together.hidden_values)
    assert found == pytest.approx(np.concatenate(alone, axis=1), abs=1e-6)


def test_the_mean_score_is_never_worse_than_the_members_on_average(formed, members, space_examples):
    """The log loss is convex in the scores: Jensen's inequality holds on any rows."""
    rows = space_examples.part("test")
    together = log_loss(text(load(formed, device="cpu"), rows).extra, rows["label"])
    alone = [log_loss(text(member, rows).extra, rows["label"]) for member in members]
    assert together < np.mean(alone)


def test_the_temperature_is_that_of_the_ensemble_on_validation(formed, space_examples):
    rows = space_examples.part("validation")
    together = load(formed, device="cpu")
    logits = text(together, rows).extra
    losses = {t: log_loss(logits / t, rows["label"]) for t in np.geomspace(0.05, 20, 2001)}
    assert together.temperature == pytest.approx(min(losses, key=losses.__getitem__), rel=5e-3)
    assert together.temperature != load(formed / "seed-0", device="cpu").temperature


def test_an_ensemble_streams_what_it_says_of_the_whole(toy_data, tmp_path):
    settings = SMALL | {"task": "classify", "epochs": 1, "features": ("iq", "level")}
    train_seeds(toy_data, tmp_path / "runs", seeds=2, **settings)
    form_ensemble(tmp_path / "runs", RUNS[:2], device="cpu")
    together = load(tmp_path / "runs", device="cpu")
    rows = open_dataset(toy_data).load().take(slice(4))
    stream = together.stream(4)
    for step in range(rows.steps):
        output = stream.step(torch.from_numpy(rows.input[:, step]))
    assert output.logits.numpy() == pytest.approx(text(together, rows).extra, abs=1e-6)


def test_an_evaluation_judges_the_ensemble_beside_a_member(formed, space, tmp_path, plainly):
    judged = plainly(formed, space, tmp_path / "e", compare=[formed / "seed-0"])
    models = judged.metrics["classification"]
    assert judged.metrics["model"]["name"] == "ensemble of 3 wavenet"
    assert judged.metrics["model"]["seed"] == [0, 1, 2]
    alone = plainly(formed / "seed-0", space, tmp_path / "alone")
    member = alone.metrics["classification"]["model"]["accuracy"]
    assert models["baselines"]["wavenet"]["accuracy"] == member
    kept = read_json(formed / "calibration.json", CheckpointError)
    assert kept["weights_sha256"] == load(formed, device="cpu").weights_sha256


def test_recordings_are_judged_alike_by_any_number_of_workers(formed, space, tmp_path, plainly):
    export(space, tmp_path / "captures", limit=6)
    name = "{label}_{group}.npz"
    one = plainly(formed, tmp_path / "captures", tmp_path / "one", name=name)
    two = plainly(formed, tmp_path / "captures", tmp_path / "two", name=name, workers=2)
    assert one.captures == two.captures
    assert len(one.captures) == 6


def test_an_ensemble_says_what_it_is(formed):
    info = inspect(formed)
    assert info["kind"] == "ensemble"
    assert info["runs"] == [str(formed / name) for name in RUNS]
    assert info["parameters"] == 3 * inspect(formed / "seed-0")["parameters"]
    assert info["training"]["seed"] == [0, 1, 2]
    assert "metrics" not in info  # those of one run are not the ensemble's
    assert validate(formed).is_valid


def test_gates_are_those_of_a_member(formed, space, tmp_path):
    with pytest.raises(UsageError, match=r"ensemble of 3 wavenet.*name one of its runs.*seed-0"):
        draw_example_gates(formed, space, 0, tmp_path / "gates.png")


def test_a_run_of_other_settings_does_not_answer_with_the_others(copied, space):
    shutil.rmtree(copied / "seed-1")
    train(space, copied / "seed-1", epochs=1, **SMALL | {"width": 16})
    with pytest.raises(CheckpointError, match=r"seed-1: other settings of the model than .*seed-0"):
        form_ensemble(copied, RUNS)


def test_a_run_on_other_data_does_not_answer_with_the_others(copied, toy_data):
    shutil.rmtree(copied / "seed-2")
    train(toy_data, copied / "seed-2", epochs=1, task="classify", **SMALL)
    with pytest.raises(CheckpointError, match="seed-2: other "):
        form_ensemble(copied, RUNS)


def test_the_command_makes_an_ensemble_of_its_seeds(toy_data, tmp_path, capsys):
    words = f"train {toy_data} --out {tmp_path / 'runs'} --task classify --epochs 1 --device cpu"
    small = "--set width=8 --set skip=16 --seeds 2 --json"
    app(f"{words} {small}".split(), standalone_mode=False)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["ensemble"] == "ensemble of 2 wavenet"
    assert f"radarseq evaluate {tmp_path / 'runs'} DATA evaluates them as one model" in printed.err
    assert load(tmp_path / "runs").manifest["training"]["seed"] == [0, 1]


def test_the_command_goes_on_where_an_ensemble_cannot_be_had(toy_data, tmp_path, capsys):
    words = f"train {toy_data} --out {tmp_path / 'runs'} --task classify --epochs 1 --device cpu"
    app(f"{words} --set width=8 --seeds 1".split(), standalone_mode=False)
    assert not (tmp_path / "runs" / "ensemble.json").exists()
    capsys.readouterr()
    app(f"{words} --seeds 2 --resume --json".split(), standalone_mode=False)  # of another width
    printed = capsys.readouterr()
    assert json.loads(printed.out)["ensemble"] is None
    assert "no ensemble" in printed.err
