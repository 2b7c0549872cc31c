"""What a run trains on: a stored dataset or a recipe's fresh pairs, checked before any step."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import SPLIT_NAMES, Examples, Header
from radarseq.dataset.simulate import header_of, to_examples
from radarseq.errors import DatasetError, UsageError
from radarseq.inference.task_targets import check_symbols_known, spec_of, task_examples
from radarseq.models.input_spec import InputSpec
from radarseq.models.settings import ModelSettings
from radarseq.recipes.recipe import Recipe, read_recipe
from radarseq.storage.atomic import sha256_of
from radarseq.training.data.augmentation import AugmentedBatches
from radarseq.training.data.batches import (
    Batch,
    BatchSource,
    FreshBatches,
    PartOfBatches,
    StoredBatches,
    as_batch,
    simulated_batch,
)
from radarseq.training.data.cuda_pairs import on_device
from radarseq.training.distributed import ALONE, ProcessGroup
from radarseq.training.settings import TrainSettings
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator


@dataclass(frozen=True)
class TrainingData:
    """Training data: where batches come from, and what is true of them.

    Attributes:
        source: Of the batches.
        validation: Rows that do not train; None where there are none.
        header: Of the data.
        spec: What a network must take and give.
        facts: Path, digest and kind, for the checkpoint.
        examples: In an epoch.
        class_counts: Training examples of each class; of fresh pairs, those of a sample.
        notes: What a user should know.
        padding: Share of the training steps that are padding.
    """

    source: BatchSource
    validation: Batch | None
    header: Header
    spec: InputSpec
    facts: dict[str, Any]
    examples: int
    class_counts: np.ndarray
    notes: tuple[str, ...] = ()
    padding: float = 0.0


def prepare(
    data: Path,
    model: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
    group: ProcessGroup = ALONE,
) -> TrainingData:
    """Return the training data of a dataset or a recipe; of each batch, this process's rows.

    Raises:
        DatasetError: If the dataset is damaged, or lacks what the task needs.
        RecipeError: If the recipe is not valid.
        UsageError: If the settings cannot be carried out on these data.
    """
    prepared = (_fresh if data.suffix == ".toml" else _stored)(data, model, settings, device, group)
    group.check_batches(prepared.examples, settings.examples_per_iteration)
    if settings.speed and model.task != "classify" and prepared.spec.target:
        raise UsageError(
            f"speed = {settings.speed:g} changes the pace of the input, and the target of task "
            f"{model.task!r} would have to change with it. Leave speed out, or use task=classify"
        )
    if prepared.spec.symbols and settings.augments:
        raise UsageError(
            "noise, dropped, spikes, saturation, occlusion and speed change samples; the input is "
            "made of symbols. Leave these settings out"
        )
    return prepared


def _stored(
    data: Path,
    model: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
    group: ProcessGroup,
) -> TrainingData:
    dataset = open_dataset(data)
    examples = dataset.load()
    if not _is_training(examples).any():
        raise DatasetError(f"{data}: no example is in the train split")
    _check_classes(examples, data, model)
    examples = task_examples(examples, model)
    training = examples.part("train")
    held_out = examples.part("validation") if "split" in examples else examples.take(slice(0))
    spec = spec_of(training, model)
    check_symbols_known(held_out, spec, f"{data}: the validation rows")
    rows = np.flatnonzero(_is_training(examples))
    source = StoredBatches(
        as_batch(training, device, rows),
        batch_size=settings.examples_per_iteration,
        seed=settings.seed,
        redraw_noise=settings.redraw_noise and model.task != "forecast",
        by_length=settings.by_length,
    )
    return TrainingData(
        _shared(AugmentedBatches(source, settings) if settings.augments else source, group),
        as_batch(held_out, device) if len(held_out) else None,
        dataset.header,
        spec,
        {"path": str(data), "digest": dataset.digest, "kind": "stored"},
        len(training),
        _class_counts(training, spec),
        padding=_padding(training),
    )


def _padding(training: Examples) -> float:
    """Return the share of the training steps that are padding."""
    if "length" not in training:
        return 0.0
    return 1 - float(np.mean(training["length"])) / training.input.shape[1]


def _shared(source: BatchSource, group: ProcessGroup) -> BatchSource:
    return source if group.count == 1 else PartOfBatches(source, group)


def _is_training(examples: Examples) -> np.ndarray:
    if "split" not in examples:
        return np.ones(len(examples), bool)
    return examples["split"] == SPLIT_NAMES.index("train")


def _class_counts(training: Examples, spec: InputSpec) -> np.ndarray:
    if "label" not in training:
        return np.zeros(0, np.int64)
    label = training["label"]
    return np.bincount(label[label >= 0], minlength=spec.classes)


def _check_classes(examples: Examples, data: Path, model: ModelSettings) -> None:
    """Refuse labels of which training sees one class alone, or not one that is judged."""
    if "label" not in examples or model.task not in ("both", "classify"):
        return
    label, trains = examples["label"], _is_training(examples)
    seen = np.unique(label[trains & (label >= 0)])
    names = examples.header.class_names
    unseen = np.setdiff1d(label[~trains & (label >= 0)], seen)
    if len(unseen):
        raise DatasetError(
            f"{data}: no training row is of class {', '.join(names[c] for c in unseen)}, which "
            "validation or test rows are of, so that it could never be decided on. Split "
            "otherwise, or leave these rows out"
        )
    if len(seen) == 1 and len(names) > 1:
        raise DatasetError(
            f"{data}: all training rows are of class {names[seen[0]]}; there is nothing to tell "
            "apart. Add rows of another class, or train with task=echo"
        )


def _fresh(
    path: Path,
    model: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
    group: ProcessGroup,
) -> TrainingData:
    recipe: Recipe = read_recipe(path)
    if model.task not in ("both", "classify", "echo"):
        raise UsageError(
            f"task {model.task!r} is not made from fresh pairs; simulate a dataset and train on it"
        )
    try:
        generate, judge = (
            PairGenerator(recipe.scene, seed=settings.seed, domain=domain)
            for domain in (FRESH_TRAIN, FRESH_VALIDATION)
        )
    except ValueError as fault:
        raise UsageError(str(fault)) from fault
    header = header_of(recipe, settings.seed)
    spec = spec_of(to_examples(generate(0, 1), header), model)
    simulate, notes = on_device(generate, device)
    source = FreshBatches(
        simulate,
        batch_size=settings.examples_per_iteration,
        pairs_per_epoch=settings.pairs_per_epoch,
        device=device,
        # Faults are drawn for whole batches: of these, each process simulates all.
        group=ALONE if settings.augments else group,
    )
    validation = simulated_batch(judge, 0, settings.validation_pairs, device)
    assert validation.label is not None
    return TrainingData(
        _shared(AugmentedBatches(source, settings), group) if settings.augments else source,
        validation,
        header,
        spec,
        {"path": str(path), "digest": sha256_of(recipe.text.encode()), "kind": "fresh"},
        len(source) * settings.examples_per_iteration,
        np.bincount(validation.label.cpu().numpy(), minlength=spec.classes),
        notes,
    )
