"""Targets that are made from the columns of a dataset, and data that do not serve a task."""

from typing import get_args

import numpy as np
import pytest
from signals import forecasting, sequences

from radarseq.dataset.schema import Examples
from radarseq.errors import DatasetError
from radarseq.inference.task_targets import TASKS, spec_of, task_examples
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings, Task


def test_the_target_is_the_later_input_one_step_ahead_after_the_other():
    x = np.arange(2 * 6 * 2).reshape(2, 6, 2)
    ready = forecasting(x, horizon=2, length=np.array([6, 4], np.int32))
    assert ready.input.shape == (2, 4, 2)
    assert ready["length"].tolist() == [4, 2]
    for step in range(4):
        expected = np.concatenate((x[0, step + 1], x[0, step + 2]))
        assert np.array_equal(ready["target"][0, step], expected)
    spec = spec_of(ready, ModelSettings(task="forecast"))
    assert (spec.horizon, spec.target_channels, spec.steps) == (2, 4, 4)


def test_a_code_is_taken_off_what_is_to_be_foreseen(space_examples):
    ready = task_examples(
        Examples(space_examples.header, {n: space_examples[n] for n in ("rx", "tx")}),
        ModelSettings(task="forecast", horizon=3),
    )
    decoded = space_examples["rx"] * space_examples["tx"].conj()
    np.testing.assert_allclose(ready["target"][:, 5, 2], decoded[:, 8], rtol=1e-5)
    assert ready["tx"].shape == (600, 29)


@pytest.mark.parametrize(
    ("task", "columns", "word"),
    [
        ("forecast", {}, "they are 4 steps long, expected 5 or more"),
        ("forecast", {"length": np.array([4, 3], np.int32)}, "row 1 is 3 steps long"),
        ("next_symbol", {}, "'x' holds 0.5 in row 1, step 2; expected whole numbers from 0 on"),
        ("step_label", {}, "needs a target that holds a class at each step"),
        ("step_label", {"target": np.full((2, 4), -2, np.float32)}, "holds -2.0 in row 0, step 0"),
    ],
)
def test_data_that_do_not_serve_the_task_are_refused(task, columns, word):
    x = np.zeros((2, 4, 1))
    x[1, 2] = 0.5
    with pytest.raises(DatasetError, match=word):
        task_examples(sequences(x, **columns), ModelSettings(task=task, horizon=4))


def test_the_network_of_a_spec_with_labels_alone_has_no_sequence(toy):
    from radarseq.inference.task_targets import spec_of

    assert Network(ModelSettings(task="classify"), spec_of(toy)).sequence is None


@pytest.mark.parametrize("task", get_args(Task))
def test_the_heads_of_a_task_are_those_of_its_network(task):
    settings, heads = ModelSettings(task=task), TASKS[task].heads
    assert settings.classifies == ("class" in heads)
    assert settings.gives_sequence == ("sequence" in heads)
    assert settings.gives_symbols == ("symbols" in heads)
