"""Rows of recordings split into training, validation and test."""

import numpy as np
import pytest
from recordings import noise

from radarseq.captures.conversion.splits import SplitRule, assign_split
from radarseq.dataset.schema import Examples, Header
from radarseq.errors import CaptureError, UsageError


def made_examples(labels: list[int], groups: list[int]) -> Examples:
    names = tuple(f"c{i}" for i in range(max(labels) + 1))
    group_names = tuple(f"c/{i}" for i in range(max(groups) + 1))
    header = Header(sample_axis="step", class_names=names, group_names=group_names)
    columns = {
        "rx": noise(len(labels), 4),
        "label": np.array(labels, np.int32),
        "group": np.array(groups, np.int64),
    }
    return Examples(header, columns)


def test_the_first_rows_train_and_validation_is_drawn_from_each_class():
    examples = made_examples([0, 1] * 50, [0] * 100)
    split = assign_split(examples, SplitRule(train_rows=80, validation=0.25, seed=3))
    assert (split[80:] == 2).all()
    assert not (split[:80] == 2).any()
    assert [(split[i::2] == 1).sum() for i in (0, 1)] == [10, 10]
    again = assign_split(examples, SplitRule(train_rows=80, validation=0.25, seed=3))
    other = assign_split(examples, SplitRule(train_rows=80, validation=0.25, seed=4))
    assert (split == again).all()
    assert (split != other).any()


def test_a_fraction_is_taken_along_time_of_each_recording():
    groups = [0, 1] * 10 + [0] * 10  # interleaved: 20 rows of 0, 10 rows of 1
    examples = made_examples(groups, groups)
    split = assign_split(examples, SplitRule(train_fraction=0.7, validation=0.2))
    assert split[np.array(groups) == 0].tolist() == [0] * 11 + [1] * 3 + [2] * 6
    assert split[np.array(groups) == 1].tolist() == [0] * 6 + [1] * 1 + [2] * 3
    assert 1 not in assign_split(examples, SplitRule(train_fraction=0.7, validation=0))


def test_groups_are_for_test_by_name():
    groups = np.repeat(range(6), 5).tolist()
    examples = made_examples([int(g > 2) for g in groups], groups)
    split = assign_split(examples, SplitRule(test_group=("1", "c/4")))
    assert set(np.array(groups)[split == 2]) == {1, 4}
    with pytest.raises(
        UsageError, match="test_group '9': no recording belongs to it; expected one of 0"
    ):
        assign_split(examples, SplitRule(test_group=("9",)))


def test_without_a_rule_whole_groups_are_drawn_where_there_are_enough():
    groups = np.repeat(range(8), 10).tolist()
    labels = [int(g > 3) for g in groups]
    split = assign_split(made_examples(labels, groups), SplitRule())
    tested = {g for g, s in zip(groups, split, strict=True) if s == 2}
    assert len(tested) == 2
    assert {int(g > 3) for g in tested} == {0, 1}
    assert all((split[np.array(groups) == g] == 2).all() for g in tested)
    few = assign_split(made_examples([0] * 10 + [1] * 10, [0] * 10 + [1] * 10), SplitRule())
    assert few.tolist() == ([0] * 6 + [1] + [2] * 3) * 2


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"train_rows": 5, "train_fraction": 0.5}, "train_rows and train_fraction are both given"),
        ({"train_rows": 0}, "train_rows is 0"),
        ({"train_rows": 20}, "there are 20 usable rows"),
        ({"train_fraction": 1.0}, "train_fraction is 1.0"),
        ({"validation": 1.0}, "validation is 1.0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_split_that_cannot_be_is_a_usage_error(rule, word):
    with pytest.raises(UsageError, match=word):
        assign_split(made_examples([0, 1] * 10, [0] * 20), SplitRule(**rule))


def test_a_class_without_training_rows_is_an_error():
    examples = made_examples([0] * 10 + [1] * 10, [0] * 20)
    with pytest.raises(CaptureError, match="class 'c1' has 10 rows, but none of them is for train"):
        assign_split(examples, SplitRule(train_rows=10))
    with pytest.raises(CaptureError, match="the test part has none"):
        assign_split(made_examples([0, 0], [0, 1]), SplitRule(train_fraction=0.9))
