"""Training data of a run: a stored dataset or a recipe's fresh pairs, checked before training."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import SPLIT_NAMES, Examples, Header
from radarseq.dataset.simulate import header_of, to_examples
from radarseq.errors import DatasetError, UsageError
from radarseq.inference.task_targets import TASKS, check_symbols_known, spec_of, task_examples
from radarseq.models.input_spec import InputSpec
from radarseq.models.settings import ModelSettings
from radarseq.recipes.recipe import read_recipe
from radarseq.storage.atomic import sha256_of
from radarseq.training.data.augmentation import AugmentedBatches
from radarseq.training.data.batches import (
    Batch,
    BatchSource,
    FreshBatches,
    LocalBatches,
    StoredBatches,
    as_batch,
    simulated_batch,
)
from radarseq.training.data.cuda_pairs import on_device
from radarseq.training.distributed import SINGLE_PROCESS, ProcessGroup
from radarseq.training.settings import AUGMENTATIONS, TrainSettings
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator


@dataclass(frozen=True)
class TrainingData:
    """Batches to train on, rows to validate on, and facts about them.

    Attributes:
        source: Of the batches.
        validation: Rows that are not trained on; None where there are none.
        header: Of the data.
        spec: Inputs and outputs of a network for them.
        facts: Path, digest and kind, for the checkpoint.
        examples: Number of examples in an epoch.
        class_counts: Training examples of each class; of fresh pairs, those of a sample.
        notes: Information for the user.
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


def load_training_data(
    data: Path,
    model: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
    process_group: ProcessGroup = SINGLE_PROCESS,
) -> TrainingData:
    """Return the training data of a dataset or a recipe; of each batch, this process's rows.

    Raises:
        DatasetError: If the dataset is damaged, or lacks what the task needs.
        RecipeError: If the recipe is not valid.
        UsageError: If the settings do not fit these data.
    """
    if data.suffix == ".toml":
        # Augmentation draws for whole batches: each process simulates all rows of these.
        own = SINGLE_PROCESS if settings.augments else process_group
        loaded = _fresh(data, model, settings, device, own)
    else:
        own, loaded = SINGLE_PROCESS, _stored(data, model, settings, device)
    process_group.check_batches(loaded.examples, settings.examples_per_iteration)
    if settings.time_stretch and model.task != "classify" and loaded.spec.target:
        raise UsageError(
            f"time_stretch = {settings.time_stretch:g} changes the pace of the input, and the "
            f"target of task {model.task!r} would have to change with it. Leave time_stretch out, "
            "or use task=classify"
        )
    if loaded.spec.symbols and settings.augments:
        raise UsageError(
            f"{', '.join(AUGMENTATIONS[:-1])} and {AUGMENTATIONS[-1]} change samples; the input is "
            "made of symbols. Leave these settings out"
        )
    source = AugmentedBatches(loaded.source, settings) if settings.augments else loaded.source
    return replace(
        loaded, source=source if own == process_group else LocalBatches(source, process_group)
    )


def _stored(
    data: Path, model: ModelSettings, settings: TrainSettings, device: torch.device
) -> TrainingData:
    dataset = open_dataset(data)
    examples = dataset.load()
    if not _is_training(examples).any():
        raise DatasetError(f"{data}: no example is in the train split")
    _check_classes(examples, data, model)
    examples = task_examples(examples, model)
    training = examples.part("train")
    validation = examples.part("validation") if "split" in examples else examples.take(slice(0))
    spec = spec_of(training, model)
    check_symbols_known(validation, spec, f"{data}: the validation rows")
    label = training["label"] if "label" in training else np.zeros(0, np.int64)
    padding = 0.0
    if "length" in training:
        padding = 1 - float(np.mean(training["length"])) / training.input.shape[1]
    source = StoredBatches(
        as_batch(training, device, np.flatnonzero(_is_training(examples))),
        batch_size=settings.examples_per_iteration,
        seed=settings.seed,
        redraw_noise=settings.redraw_noise and model.task != "forecast",
        by_length=settings.by_length,
    )
    return TrainingData(
        source,
        as_batch(validation, device) if len(validation) else None,
        dataset.header,
        spec,
        {"path": str(data), "digest": dataset.digest, "kind": "stored"},
        len(training),
        np.bincount(label[label >= 0], minlength=spec.classes if "label" in training else 0),
        padding=padding,
    )


def _is_training(examples: Examples) -> np.ndarray:
    if "split" not in examples:
        return np.ones(len(examples), bool)
    return examples["split"] == SPLIT_NAMES.index("train")


def _check_classes(examples: Examples, data: Path, model: ModelSettings) -> None:
    """Refuse training rows of a single class, or without a class that other rows have."""
    if "label" not in examples or not model.classifies:
        return
    label, trains = examples["label"], _is_training(examples)
    trained = np.unique(label[trains & (label >= 0)])
    names = examples.header.class_names
    missing = np.setdiff1d(label[~trains & (label >= 0)], trained)
    if len(missing):
        raise DatasetError(
            f"{data}: no training row is of class {', '.join(names[c] for c in missing)}, which "
            "validation or test rows have, so that it could never be predicted. Split otherwise, "
            "or leave these rows out"
        )
    if len(trained) == 1 and len(names) > 1:
        raise DatasetError(
            f"{data}: all training rows are of class {names[trained[0]]}; there are no classes to "
            "distinguish. Add rows of another class, or train with task=echo"
        )


def _fresh(
    path: Path,
    model: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
    process_group: ProcessGroup,
) -> TrainingData:
    recipe = read_recipe(path)
    if TASKS[model.task].make_target is not None:
        raise UsageError(
            f"task {model.task!r} cannot be trained on fresh pairs; simulate a dataset and train "
            "on it"
        )
    try:
        generate, generate_validation = (
            PairGenerator(recipe.scene, seed=settings.seed, domain=domain)
            for domain in (FRESH_TRAIN, FRESH_VALIDATION)
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    header = header_of(recipe, settings.seed)
    spec = spec_of(to_examples(generate(0, 1), header), model)
    simulate, notes = on_device(generate, device)
    source = FreshBatches(
        simulate,
        batch_size=settings.examples_per_iteration,
        pairs_per_epoch=settings.pairs_per_epoch,
        device=device,
        process_group=process_group,
    )
    validation = simulated_batch(generate_validation, 0, settings.validation_pairs, device)
    assert validation.label is not None
    return TrainingData(
        source,
        validation,
        header,
        spec,
        {"path": str(path), "digest": sha256_of(recipe.text.encode()), "kind": "fresh"},
        len(source) * settings.examples_per_iteration,
        np.bincount(validation.label.cpu().numpy(), minlength=spec.classes),
        notes,
    )
