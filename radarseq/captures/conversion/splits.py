"""Splits the rows of imported recordings into training, validation and test.

A split is by object or recording, or by time within a recording: never row by row, because the
same object would then be in both parts. Only validation rows are drawn one by one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radarseq.dataset.row_operations import rank_in_group
from radarseq.dataset.schema import SPLIT_NAMES, Examples
from radarseq.errors import CaptureError, UsageError

TRAIN, VALIDATION, TEST = range(3)
DEFAULT_TRAIN_FRACTION = 0.7
MIN_GROUPS = 3  # per class: with fewer, one object would decide the score of a class


@dataclass(frozen=True, kw_only=True)
class SplitRule:
    """Rule by which rows are split; at most one of the first three is given.

    Attributes:
        train_rows: This number of rows from the start is for training, the rest for test.
        train_fraction: This part of each group from its start is for training, the rest for test.
        test_group: Names of the groups that are for test; the part after the label is enough.
        validation: Share of the training rows for validation: the last of each group if the split
            is along time, else rows drawn from each class.
        seed: Of random choices.

    Without any of the three, groups are drawn for test if each class has three or more of them,
    else the first 70 % of each group is for training.

    Raises:
        UsageError: If a value does not fit, or several rules are given.
    """

    train_rows: int | None = None
    train_fraction: float | None = None
    test_group: tuple[str, ...] = ()
    validation: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        """Check each value by itself."""
        keys = ("train_rows", "train_fraction", "test_group")
        given = [key for key in keys if getattr(self, key) not in (None, ())]
        if len(given) > 1:
            raise UsageError(f"{' and '.join(given)} are both given; expected one of them")
        if self.train_rows is not None and self.train_rows < 1:
            raise UsageError(f"train_rows is {self.train_rows}; expected at least 1")
        if self.train_fraction is not None and not 0 < self.train_fraction < 1:
            raise UsageError(f"train_fraction is {self.train_fraction}; expected between 0 and 1")
        if not 0 <= self.validation < 1:
            raise UsageError(f"validation is {self.validation}; expected 0 or more, below 1")
        if self.seed < 0:
            raise UsageError(f"seed is {self.seed}; expected 0 or more")


def assign_split(examples: Examples, rule: SplitRule) -> NDArray[np.uint8]:
    """Return the split of each row: 0 train, 1 validation, 2 test.

    Args:
        examples: With ``group``, and with ``label`` where there are labels.
        rule: The rule.

    Raises:
        UsageError: If a group does not exist, or there are no more than ``train_rows`` rows.
        CaptureError: If training or test is left without rows, or a class without training rows.
    """
    generator = np.random.default_rng(rule.seed)
    fraction = rule.train_fraction
    if rule.train_rows is not None:
        if rule.train_rows >= len(examples):
            raise UsageError(
                f"train_rows is {rule.train_rows}, but there are {len(examples)} usable rows: "
                "none is left for test. Choose fewer"
            )
        train = np.arange(len(examples)) < rule.train_rows
    elif rule.test_group:
        train = ~np.isin(examples["group"], _named_groups(examples, rule.test_group))
    elif fraction is None and _has_many_groups(examples):
        train = ~np.isin(examples["group"], _draw_groups(examples, generator))
    else:
        fraction = DEFAULT_TRAIN_FRACTION if fraction is None else fraction
        train = _first_of_each(examples["group"], fraction)
    split = np.where(train, TRAIN, TEST).astype(np.uint8)
    if fraction is None:
        split[_draw_rows(examples, train, rule.validation, generator)] = VALIDATION
    else:
        rows = np.flatnonzero(train)
        early = _first_of_each(examples["group"][rows], 1 - rule.validation)
        split[rows[~early]] = VALIDATION
    _check(examples, split)
    return split


def _first_of_each(group: NDArray[np.int64], fraction: float) -> NDArray[np.bool_]:
    """Return whether a row is among the first ``fraction`` of its group's rows, in their order."""
    _, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    return rank_in_group(group) < np.floor(sizes * fraction + 0.5)[inverse]


def _named_groups(examples: Examples, wanted: tuple[str, ...]) -> list[int]:
    names = examples.header.group_names
    selected: list[int] = []
    for name in wanted:
        found = [i for i, full in enumerate(names) if name in (full, full.rsplit("/", 1)[-1])]
        if not found:
            listed = ", ".join(sorted({full.rsplit("/", 1)[-1] for full in names})[:12])
            raise UsageError(
                f"test_group {name!r}: no recording belongs to it; expected one of {listed}. The "
                "{group} of the name pattern gives the group"
            )
        selected += found
    return selected


def _classes_of_groups(examples: Examples) -> dict[int, set[int]]:
    label = examples["label"] if "label" in examples else np.zeros(len(examples), np.int32)
    classes: dict[int, set[int]] = {}
    for group, name in np.unique(np.stack([examples["group"], label]), axis=1).T.tolist():
        classes.setdefault(group, set()).add(name)
    return classes


def _has_many_groups(examples: Examples) -> bool:
    """Return whether whole groups can be drawn: one class in each, and enough for each class."""
    classes = list(_classes_of_groups(examples).values())
    counts = [classes.count({name}) for name in set().union(*classes)]
    return all(len(names) == 1 for names in classes) and min(counts) >= MIN_GROUPS


def _draw_groups(examples: Examples, generator: np.random.Generator) -> list[int]:
    classes = _classes_of_groups(examples)
    drawn: list[int] = []
    for name in sorted(set().union(*classes.values())):
        groups = sorted(group for group, names in classes.items() if names == {name})
        count = max(1, round(len(groups) * (1 - DEFAULT_TRAIN_FRACTION)))
        drawn += generator.permutation(groups)[:count].tolist()
    return drawn


def _draw_rows(
    examples: Examples,
    train: NDArray[np.bool_],
    share: float,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the same share of each class's training rows, drawn without replacement."""
    label = examples["label"] if "label" in examples else np.zeros(len(examples), np.int32)
    drawn = [np.zeros(0, np.int64)]
    for name in np.unique(label[train]):
        rows = generator.permutation(np.flatnonzero(train & (label == name)))
        drawn.append(rows[: int(np.floor(len(rows) * share + 0.5))])
    return np.concatenate(drawn)


def _check(examples: Examples, split: NDArray[np.uint8]) -> None:
    for part in (TRAIN, TEST):
        if not (split == part).any():
            raise CaptureError(
                f"the {SPLIT_NAMES[part]} part has none of the {len(examples)} rows. "
                "Choose another split, or give more recordings"
            )
    if "label" not in examples:
        return
    for index, name in enumerate(examples.header.class_names):
        rows = examples["label"] == index
        if not (rows & (split == TRAIN)).any():
            raise CaptureError(
                f"class {name!r} has {rows.sum()} rows, but none of them is for training. Choose "
                "another split, or leave the class out"
            )
