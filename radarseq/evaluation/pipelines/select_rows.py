"""Selection of the rows of a dataset to evaluate, and of objects that the model does not know."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from radarseq.captures.conversion.stack_examples import stack_examples
from radarseq.captures.options.read_options import ReadOptions
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import MANIFEST_NAME, UNFINISHED_NAME, UNKNOWN_LABEL, Examples
from radarseq.errors import DatasetError, UsageError
from radarseq.evaluation.decisions.ood_threshold import UnknownObjects
from radarseq.inference.predictor import Predictor
from radarseq.inference.resampling import resample_rows
from radarseq.inference.training_rows import TrainingRows, training_rows_in


@dataclass(frozen=True)
class RowSelection:
    """Rows of a dataset, by their use.

    Attributes:
        digest: Digest of the dataset.
        examples: The rows to evaluate.
        known: The rows to fit baselines and thresholds on; None without any.
        unknown: The rows of classes that the model does not know; None without any.
    """

    digest: str
    examples: Examples
    known: TrainingRows | None
    unknown: UnknownObjects | None


def is_dataset(path: Path) -> bool:
    """Return whether a path is a dataset's folder, finished or not."""
    return (path / MANIFEST_NAME).exists() or (path / UNFINISHED_NAME).exists()


def select_rows(
    predictor: Predictor,
    path: Path,
    split: str,
    unknown_class: Sequence[str],
    *,
    resample: bool = False,
) -> RowSelection:
    """Return the rows of a dataset that the model is evaluated on.

    Args:
        predictor: The model.
        path: The dataset.
        split: Split to evaluate.
        unknown_class: Classes of the dataset that the model was not trained on.
        resample: Whether to bring the dataset to the model's sampling interval.

    Raises:
        DatasetError: If the dataset is damaged, has other classes, or the split has no rows.
        UsageError: If an unknown class is not in the dataset, or is one of the model's.
    """
    dataset = open_dataset(path)
    examples = dataset.load()
    if resample:
        examples = resample_rows(examples, predictor)
    examples = predictor.prepare(examples)
    unknown = None
    if unknown_class:
        examples, unknown = _separate_unknown(predictor, examples, path, unknown_class)
    names = examples.header.class_names
    if "label" in examples and names != predictor.class_names:
        raise DatasetError(
            f"the dataset's classes are {', '.join(names)}; the model knows "
            f"{', '.join(predictor.class_names)}. Evaluate it on data with the same classes, or "
            "name those that it was not trained on with --unknown-class"
        )
    part = examples.part(split)
    if not len(part):
        raise DatasetError(f"{path}: no example is in the {split} split; choose another --split")
    known = training_rows_in(examples) if "split" in examples else None
    return RowSelection(dataset.digest, part, known, unknown)


def _separate_unknown(
    predictor: Predictor, examples: Examples, path: Path, unknown_class: Sequence[str]
) -> tuple[Examples, UnknownObjects]:
    """Return the rows of known classes, with the model's labels, and the other rows."""
    names, known = examples.header.class_names, predictor.class_names
    for name in unknown_class:
        if name not in names:
            raise UsageError(
                f"unknown_class {name!r} is not in {path}, whose classes are {', '.join(names)}"
            )
        if name in known:
            raise UsageError(
                f"unknown_class {name!r} is one that the model was trained on; expected one of "
                f"{', '.join(n for n in names if n not in known) or 'none: it knows them all'}"
            )
    if set(names) - set(unknown_class) != set(known):
        return examples, UnknownObjects(
            str(path), [], examples
        )  # the caller refuses them, with all the names
    index = np.array([known.index(n) if n in known else UNKNOWN_LABEL for n in names])
    label = np.where(examples["label"] >= 0, index[examples["label"]], UNKNOWN_LABEL)
    is_unknown = np.isin(examples["label"], [names.index(name) for name in unknown_class])
    relabelled = Examples(
        replace(examples.header, class_names=known),
        examples.columns | {"label": label.astype(np.int32)},
    )
    unknown = UnknownObjects(str(path), list(unknown_class), examples.take(is_unknown))
    return relabelled.take(~is_unknown), unknown


def unknown_objects(
    predictor: Predictor, paths: Sequence[Path], options: ReadOptions
) -> UnknownObjects:
    """Return the objects of a dataset, or in recordings, that the model does not know.

    Rows of classes that it knows are skipped.

    Raises:
        UsageError: If it knows them all.
        DatasetError: If the dataset is damaged.
        CaptureError: If no recording can be read.
    """
    if len(paths) == 1 and is_dataset(paths[0]):
        examples = open_dataset(paths[0]).load()
    else:
        examples = stack_examples(paths, options).examples
    source = ", ".join(str(path) for path in paths)
    names, classes = examples.header.class_names, []
    if "label" in examples:
        known = [i for i, name in enumerate(names) if name in predictor.class_names]
        examples = examples.take(~np.isin(examples["label"], known))
        classes = [names[i] for i in np.unique(examples["label"]) if i >= 0]
    if not len(examples):
        raise UsageError(
            f"unknown {source}: every row is of a class that the model was trained on "
            f"({', '.join(predictor.class_names)}); expected other objects"
        )
    return UnknownObjects(source, classes, examples)
