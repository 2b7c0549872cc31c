"""Imports recordings as a dataset, split into training, validation and test."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from radarseq.captures.conversion.splits import SplitRule, assign_split
from radarseq.captures.conversion.stack_examples import stack_examples
from radarseq.captures.errors import Failure
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions
from radarseq.dataset.schema import SPLIT_NAMES, UNKNOWN_LABEL, Examples
from radarseq.dataset.write import write_dataset

UNLABELLED = "unlabelled"


@dataclass(frozen=True)
class ImportResult:
    """Content of an imported dataset.

    Attributes:
        path: The dataset's folder.
        rows: Rows in it.
        counts: For each class, its rows in train, validation and test.
        rejected: Windows that were not fit for use, by reason.
        failures: Recordings that could not be used.
    """

    path: Path
    rows: int
    counts: dict[str, dict[str, int]]
    rejected: dict[str, int]
    failures: list[Failure]


def import_(
    paths: Iterable[Path | str] | Path | str,
    out: Path | str,
    *,
    options: ReadOptions = AS_WRITTEN,
    train_rows: int | None = None,
    train_fraction: float | None = None,
    test_group: str | Iterable[str] | None = None,
    validation: float = 0.15,
    seed: int = 0,
) -> ImportResult:
    """Write recordings as a dataset, and return its content and what was not used.

    Args:
        paths: Files and folders, or one of them.
        out: The dataset's folder; made if absent.
        options: How to read the recordings; stored in the dataset as its recipe.
        train_rows: See ``SplitRule``, for this and the next four.
        train_fraction: At most one of these three.
        test_group: One name, or several.
        validation: Share of the training rows.
        seed: Of random choices.

    Raises:
        UsageError: If a value does not fit; OutputError if ``out`` is not empty.
        CaptureError: If no recording can be used, or two disagree.
    """
    names = (test_group,) if isinstance(test_group, str) else tuple(test_group or ())
    rule = SplitRule(
        train_rows=train_rows,
        train_fraction=train_fraction,
        test_group=names,
        validation=validation,
        seed=seed,
    )
    listed = [paths] if isinstance(paths, str | Path) else paths
    stack = stack_examples([Path(path) for path in listed], options)
    out, examples = Path(out), stack.examples
    split = assign_split(examples, rule)
    warnings = examples.header.warnings
    if options.steps and 0 < options.hop <= (options.steps - 1) * options.stride:
        warnings += (f"windows overlap (hop {options.hop}): neighbours share samples",)
    examples = Examples(
        replace(examples.header, warnings=warnings), {**examples.columns, "split": split}
    )
    write_dataset(out, examples)
    return ImportResult(out, len(examples), _counts(examples), stack.rejected, stack.failures)


def _counts(examples: Examples) -> dict[str, dict[str, int]]:
    names = dict(enumerate(examples.header.class_names)) if "label" in examples else {}
    label = examples["label"] if names else np.full(len(examples), UNKNOWN_LABEL)
    if (label == UNKNOWN_LABEL).any():
        names[UNKNOWN_LABEL] = UNLABELLED
    split = examples["split"]
    return {
        name: {
            part: int(((label == index) & (split == code)).sum())
            for code, part in enumerate(SPLIT_NAMES)
        }
        for index, name in names.items()
    }
