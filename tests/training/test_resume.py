"""An interrupted run ends as an unbroken one, or says what it cannot go on with."""

import numpy as np
import pytest
import torch
from small_runs import RESULTS, SMALL, WEIGHTS, everything, interrupted, results

from radarseq.dataset.schema import Examples
from radarseq.dataset.write import write_dataset
from radarseq.errors import CheckpointError, OutputError
from radarseq.inference.checkpoint import load_state
from radarseq.training.optimisation import train_step
from radarseq.training.train import train


def test_an_interrupted_run_ends_as_an_unbroken_one(source, tmp_path):
    data, more = source
    settings = {"epochs": 4, "model": "lstm", "layers": 2, "dropout": 0.3} | more
    settings["input_dropout"] = 0.2
    whole = train(data, tmp_path / "whole", **SMALL, **settings)
    broken = interrupted(data, tmp_path / "broken", **settings)
    assert results(broken, WEIGHTS) != results(whole.run, WEIGHTS)
    rows = []
    resumed = train(data, broken, resume=True, device="cpu", on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [3, 4]
    assert results(broken) == results(whole.run)
    assert resumed.metrics == whole.metrics
    states = [load_state(run / "checkpoints/last") for run in (whole.run, broken)]
    assert states[0]["progress"] == states[1]["progress"]
    moments = [state["optimiser"]["state"] for state in states]
    assert all(
        torch.equal(one[key], moments[1][index][key])
        for index, one in moments[0].items()
        for key in one
    )


@pytest.mark.parametrize("more", [{}, {"model": "resnet", "ema": 0.9}])
def test_an_interrupted_run_leaves_every_other_file_the_same(toy_data, tmp_path, more):
    train(toy_data, tmp_path / "whole", epochs=3, **SMALL, **more)
    broken = interrupted(toy_data, tmp_path / "broken", epochs=3, **more)
    train(toy_data, broken, resume=True, device="cpu")
    one, other = (everything(tmp_path / n, but=("environment.json",)) for n in ("whole", "broken"))
    assert one == other


def test_resuming_to_more_epochs_keeps_the_schedule(source, tmp_path):
    data, more = source
    train(data, tmp_path / "short", epochs=2, **SMALL, **more)
    train(data, tmp_path / "short", epochs=4, resume=True, device="cpu")
    train(data, tmp_path / "long", epochs=4, schedule_epochs=2, **SMALL, **more)
    names = (*RESULTS, "config.toml", "checkpoints/best/manifest.json")
    assert results(tmp_path / "short", names) == results(tmp_path / "long", names)


def test_a_finished_run_has_nothing_left_to_resume(toy_data, tmp_path):
    first = train(toy_data, tmp_path / "run", epochs=2, **SMALL)
    before = everything(tmp_path / "run", but=("config.toml",))
    again = train(toy_data, tmp_path / "run", resume=True, device="cpu")
    assert again.sequences_per_s == 0
    assert first.sequences_per_s > 0
    assert (again.epochs, again.metrics) == (2, first.metrics)
    assert everything(tmp_path / "run", but=("config.toml",)) == before


def test_a_run_stopped_before_its_first_checkpoint_starts_again(toy_data, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(train_step, "batch_loss", stop)
        with pytest.raises(KeyboardInterrupt):
            train(toy_data, tmp_path / "run", epochs=2, **SMALL)
    assert not (tmp_path / "run/checkpoints").exists()
    train(toy_data, tmp_path / "run", resume=True, device="cpu")
    train(toy_data, tmp_path / "whole", epochs=2, **SMALL)
    assert results(tmp_path / "run") == results(tmp_path / "whole")


def test_a_run_killed_between_two_renames_goes_on_from_its_checkpoint(toy_data, tmp_path):
    run = interrupted(toy_data, tmp_path / "run", epochs=3)
    (run / "checkpoints/last").rename(run / "checkpoints/last.old")
    rows = []
    train(toy_data, run, resume=True, device="cpu", on_epoch=rows.append)
    assert [row["epoch"] for row in rows] == [3]


@pytest.mark.parametrize(
    "changed",
    [{"seed": 1}, {"model": "lstm"}, {"learning_rate": 1.0}, {"dilations": (1, 2)}, {"dropout": 0}],
)
def test_another_setting_is_refused_by_name(toy_data, tmp_path, changed):
    train(toy_data, tmp_path / "run", epochs=1, **SMALL)
    before = everything(tmp_path / "run")
    with pytest.raises(OutputError, match=next(iter(changed))):
        train(toy_data, tmp_path / "run", resume=True, epochs=2, device="cpu", **changed)
    assert everything(tmp_path / "run") == before


def test_the_same_settings_may_be_repeated(toy_data, tmp_path):
    train(toy_data, tmp_path / "run", epochs=1, dilations=(1, 2), **SMALL)
    train(toy_data, tmp_path / "run", resume=True, epochs=2, dilations=(1, 2), **SMALL)
    assert len((tmp_path / "run/metrics.csv").read_text().splitlines()) == 3


def test_other_data_are_refused_by_name(toy, toy_data, space, tmp_path):
    data = tmp_path / "data"
    write_dataset(data, toy)
    train(data, tmp_path / "run", epochs=1, **SMALL)
    with pytest.raises(OutputError, match=f"trained on {data}, not on {space}"):
        train(space, tmp_path / "run", resume=True, epochs=2, device="cpu")
    before = everything(tmp_path / "run")
    for path in data.iterdir():
        path.unlink()
    data.rmdir()
    write_dataset(data, toy.take(np.arange(len(toy))[::-1]))
    with pytest.raises(OutputError, match="no longer those that this run was trained on"):
        train(data, tmp_path / "run", resume=True, epochs=2, device="cpu")
    assert everything(tmp_path / "run") == before


def test_there_must_be_a_run_to_resume(toy_data, tmp_path):
    with pytest.raises(CheckpointError, match="no run to resume") as caught:
        train(toy_data, tmp_path / "none", resume=True)
    assert caught.value.exit_code == 4
    (tmp_path / "none").mkdir(exist_ok=True)
    (tmp_path / "none/config.toml").write_bytes(b"\xff[")
    with pytest.raises(CheckpointError, match="not as radarseq wrote it"):
        train(toy_data, tmp_path / "none", resume=True)


STATE_FILES = (
    "checkpoints/best/model.safetensors",
    "checkpoints/last/model.safetensors",
    "checkpoints/last/state.pt",
    "metrics.csv",
    "metrics.json",
)


def all_results(folder):
    return {name: (folder / name).read_bytes() for name in STATE_FILES}


@pytest.mark.parametrize("source", ["stored", "fresh"])
def test_averages_and_faults_survive_an_interruption_bit_for_bit(
    source, toy_data, plate_recipe, tmp_path
):
    data = toy_data if source == "stored" else plate_recipe
    settings = SMALL | {"ema": 0.9, "dropped": 0.1, "spikes": 0.05, "occlusion": 0.5}
    settings |= {"saturation": 0.2, "class_weights": "balanced", "label_smoothing": 0.1}
    settings |= {"pairs_per_epoch": 128, "validation_pairs": 64, "epochs": 4}
    train(data, tmp_path / "whole", **settings)

    def stop(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "broken", on_epoch=stop, **settings)
    train(data, tmp_path / "broken", resume=True, device="cpu")
    assert all_results(tmp_path / "whole") == all_results(tmp_path / "broken")
    assert (
        all_results(tmp_path / "whole")[STATE_FILES[0]]
        != all_results(tmp_path / "whole")[STATE_FILES[1]]
    )


def worsening(toy, tmp_path):
    """Data whose validation labels are wrong, so that patience runs out."""
    held_out = toy["split"] == 1
    label = np.where(held_out, 1 - toy["label"], toy["label"]).astype(np.int32)
    columns = {"x": toy["x"], "split": toy["split"], "label": label}
    write_dataset(tmp_path / "data", Examples(toy.header, columns))
    return tmp_path / "data"


def test_a_run_that_patience_stopped_goes_on_when_more_epochs_are_asked_for(toy, tmp_path):
    data, folder = worsening(toy, tmp_path), tmp_path / "run"
    stopped = train(data, folder, epochs=8, patience=2, **SMALL)
    assert stopped.epochs < 8
    again = train(data, folder, resume=True, device="cpu")
    assert again.epochs == stopped.epochs
    assert any("resume it with more epochs than 8" in note for note in again.notes)
    more = train(data, folder, resume=True, epochs=20, device="cpu")
    assert more.epochs == stopped.epochs + 2  # it waits anew, as long as patience lasts
    assert train(data, folder, resume=True, device="cpu").epochs == more.epochs
    at_once = train(
        data, tmp_path / "b", epochs=more.epochs, schedule_epochs=8, patience=0, **SMALL
    )
    assert at_once.epochs == more.epochs
    assert all_results(folder)[STATE_FILES[1]] == all_results(tmp_path / "b")[STATE_FILES[1]]


def test_going_on_after_patience_may_itself_be_interrupted(toy, tmp_path):
    data = worsening(toy, tmp_path)
    for name in ("a", "b"):
        train(data, tmp_path / name, epochs=8, patience=2, **SMALL)
    train(data, tmp_path / "a", resume=True, epochs=20, device="cpu")

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "b", resume=True, epochs=20, device="cpu", on_epoch=stop)
    train(data, tmp_path / "b", resume=True, device="cpu")
    assert all_results(tmp_path / "a") == all_results(tmp_path / "b")
