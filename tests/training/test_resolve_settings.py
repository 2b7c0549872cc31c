"""Settings and tasks that fit the data, and those that are refused by name."""

import math
from typing import get_args

import pytest
from small_runs import columns_of

from radarseq.errors import DatasetError, RecipeError
from radarseq.inference import task_targets
from radarseq.models.settings import ModelName, ModelSettings
from radarseq.training.resolve_settings import fit_task, resolve_settings
from radarseq.training.train import train


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"epoch": 3}, "unknown setting 'epoch'"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 1.5}, "epochs"),
        ({"model": "transformer"}, "model"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"learning_rate": math.nan}, "learning_rate"),
        ({"warmup": 1.0}, "warmup is 1.0"),
        ({"features": ("magic",)}, "magic"),
        ({"seed": -1}, "seed is -1"),
        ({"patience": -1}, "patience is -1"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(tmp_path, toy_data, wrong, word):
    with pytest.raises(RecipeError, match=word):
        train(toy_data, tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()


def test_each_model_has_its_own_width_unless_one_is_asked_for():
    widths = {m: resolve_settings({"model": m})[0].width for m in get_args(ModelName)}
    expected = {"wavenet": 32, "lstm": 64, "gru": 72, "rnn": 128, "conv_gru": 64, "resnet": 64}
    assert widths == expected
    assert resolve_settings({"model": "lstm", "width": 5})[0].width == 5


@pytest.mark.parametrize(
    ("names", "task", "word"),
    [
        (("rx", "label"), "echo", "needs a target sequence"),
        (("rx", "label"), "both", "needs a target sequence"),
        (("rx", "target"), "classify", "needs labels of two or more classes; the data have 0"),
        (("rx", "target"), "both", "needs labels"),
        (("rx",), None, "needs labels"),
    ],
)
def test_a_task_that_the_data_cannot_serve_is_refused(space_examples, names, task, word):
    spec = task_targets.spec_of(columns_of(space_examples, *names))
    with pytest.raises(DatasetError, match=word):
        fit_task(ModelSettings(task=task or "both"), spec, explicit=task is not None)


def test_an_asked_task_is_taken(space_examples):
    spec = task_targets.spec_of(space_examples)
    for task in ("both", "echo", "classify"):
        assert fit_task(ModelSettings(task=task), spec, explicit=True).task == task


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"ema": 1.0}, "ema is 1.0"),
        ({"label_smoothing": -0.1}, "label_smoothing is -0.1"),
        ({"dropped": 2.0}, "dropped is 2.0"),
        ({"class_weights": "some"}, "class_weights"),
    ],
)
def test_settings_out_of_range_are_refused(toy_data, tmp_path, wrong, word):
    with pytest.raises(RecipeError, match=word):
        train(toy_data, tmp_path / "run", **wrong)
