"""A training run: from data to a run folder with its best and last checkpoint."""

import time
from collections.abc import Callable, Container
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from radarseq.device import choose_device
from radarseq.models.engines.select import check_engine
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.system import trim_heap
from radarseq.training.data.training_data import load_training_data
from radarseq.training.distributed import join_process_group
from radarseq.training.history import EpochRow
from radarseq.training.optimisation.batch_size import (
    choose_batch_size,
    explain_data_out_of_memory,
    explain_out_of_memory,
)
from radarseq.training.optimisation.loop import Progress, ValidationResult, run_epochs
from radarseq.training.optimisation.precision import (
    backend_precision,
    check_precision,
    set_precision,
)
from radarseq.training.optimisation.trainer import Trainer, build_trainer
from radarseq.training.resolve_settings import fit_settings, resolve_settings
from radarseq.training.resume import read_resumed_settings, restore
from radarseq.training.run_folder import RunFolder
from radarseq.training.settings import TrainSettings

_MEASURED_EXAMPLES = 64  # on which memory is measured
_MUCH_PADDING = 0.3  # of the training steps: less needs no note


@dataclass(frozen=True)
class TrainResult:
    """Result of a training run.

    Attributes:
        run: The run folder.
        device: The device that it was trained on.
        epochs: Number of epochs done, those before a resumption included.
        best_epoch: The epoch of the best checkpoint.
        metrics: The best epoch's row of ``metrics.csv``.
        parameters: Number of weights of the network.
        receptive_field: Samples that a sequence output depends on; None without limit.
        sequences_per_s: Training rate of this call; 0 if no epoch was left to train.
        notes: Information for the user.
    """

    run: Path
    device: str
    epochs: int
    best_epoch: int
    metrics: EpochRow
    parameters: int
    receptive_field: int | None
    sequences_per_s: float
    notes: tuple[str, ...]


@trim_heap
def train(
    data: Path | str,
    out: Path | str,
    *,
    device: str = "auto",
    resume: bool = False,
    on_epoch: Callable[[EpochRow], None] | None = None,
    **settings: Any,
) -> TrainResult:
    """Train a model on a dataset, or on fresh pairs straight from a recipe.

    The same data, settings and machine give the same weights, bit for bit, also when the run was
    interrupted and resumed. Several processes started by ``torchrun`` train one network together,
    with the weights of one process but for rounding.

    Args:
        data: A dataset's folder, or a recipe (``.toml``) for endless fresh pairs.
        out: The run folder to write; new or empty, unless ``resume``.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: Continue a run from its last checkpoint, also to more ``epochs``; patience then
            starts anew.
        on_epoch: Called with each epoch's row of metrics.
        **settings: Fields of ``ModelSettings`` and ``TrainSettings``, such as ``model="lstm"``,
            ``task="classify"``, ``epochs=50``, ``seed=3``.

    Raises:
        RecipeError: If a setting is unknown or does not fit, or the recipe is not valid.
        OutputError: If the run folder is in use or not empty.
        DatasetError: If the dataset is damaged or lacks what the task needs.
        CheckpointError: If there is nothing to resume, or it is damaged.
        DeviceError: If the device is absent.
        DeviceMemoryError: If the device has too little memory for the batch.
        ProcessGroupError: If another process of the run has failed.
        DivergedError: If the loss is no longer a number; ``diverged.json`` in the run folder then
            lists the examples of the batch.
    """
    data, folder, torch_device = Path(data), RunFolder(Path(out)), choose_device(device)
    process_group = join_process_group(torch_device)
    if resume:
        settings = process_group.on_all_ranks(
            lambda: read_resumed_settings(folder.path, data, settings)
        )
    model, training = resolve_settings(settings)
    check_precision(training.precision, torch_device)
    check_engine(training.engine, torch_device)
    with ExitStack() as stack:
        lock = folder.lock(resume=resume) if process_group.is_rank_zero else nullcontext()
        process_group.on_all_ranks(lambda: stack.enter_context(lock))
        stack.enter_context(torch.random.fork_rng())
        stack.enter_context(backend_precision(training.precision, torch_device))
        if training.batch_size == "auto":
            largest = partial(_largest_batch, data, model, training, settings, torch_device)
            training = replace(training, batch_size=process_group.on_rank_zero(largest))
        with explain_data_out_of_memory(torch_device):
            load = partial(load_training_data, data, model, training, torch_device, process_group)
            training_data = process_group.on_all_ranks(load)
        model = fit_settings(model, training_data.spec, settings)
        trainer = build_trainer(training_data, model, training, torch_device, process_group)
        run = Run(folder, trainer, torch_device, on_epoch)
        if process_group.on_rank_zero(folder.recover) and resume:
            process_group.on_all_ranks(lambda: restore(folder.last, trainer, run.progress))
        if process_group.is_rank_zero:
            folder.write_config(data, model, training)
        return run.train()


def _largest_batch(
    data: Path,
    model: ModelSettings,
    training: TrainSettings,
    explicit: Container[str],
    device: torch.device,
) -> int:
    """Return the batch size for the memory that is free now."""
    training = replace(training, batch_size=_MEASURED_EXAMPLES)
    training_data = load_training_data(data, model, training, device)
    network = Network(fit_settings(model, training_data.spec, explicit), training_data.spec).to(
        device
    )
    set_precision(network, training.precision)
    measured = training_data.source.sample().take(slice(_MEASURED_EXAMPLES))
    return choose_batch_size(network, measured, training_data.examples, device)


@dataclass(frozen=True)
class Run:
    """A run from its first or its resumed epoch on.

    Attributes:
        folder: Its files; rank 0 writes them.
        trainer: Its network, data and optimiser.
        device: The device that it is trained on.
        on_epoch: Called on rank 0 with each epoch's row of metrics.
        progress: Its epochs so far.
    """

    folder: RunFolder
    trainer: Trainer
    device: torch.device
    on_epoch: Callable[[EpochRow], None] | None
    progress: Progress = field(default_factory=Progress)

    def train(self) -> TrainResult:
        """Train the epochs that are left and write the end of the run."""
        trainer, progress = self.trainer, self.progress
        network, source = trainer.network, trainer.data.source
        before, started = progress.epoch, time.perf_counter()
        with explain_out_of_memory(
            network,
            lambda: source.sample().take(slice(_MEASURED_EXAMPLES)),
            trainer.settings.examples_per_iteration,
        ):
            run_epochs(trainer, progress, self._save_epoch, self._save_diverged)
        epochs = progress.epoch - before
        rate = epochs * trainer.data.examples / (time.perf_counter() - started)
        if trainer.process_group.is_rank_zero:
            self.folder.write_end(
                progress, self.device, trainer.process_group, rate, has_trained=epochs > 0
            )
        return TrainResult(
            self.folder.path,
            str(self.device),
            progress.epoch,
            progress.best_epoch,
            progress.history[progress.best_epoch - 1],
            sum(p.numel() for p in network.parameters()),
            network.receptive_field,
            rate,
            _notes(trainer, progress, has_trained=epochs > 0),
        )

    def _save_diverged(
        self, epoch: int, iteration: int, index: Tensor | None, value: float
    ) -> None:
        if self.trainer.process_group.is_rank_zero:
            self.folder.write_diverged(epoch, iteration, index, value)

    def _save_epoch(self, is_best: bool, validation: ValidationResult | None) -> None:
        if self.trainer.process_group.is_rank_zero:
            self.folder.save_epoch(self.trainer, self.progress, validation, is_best=is_best)
            if self.on_epoch:
                self.on_epoch(self.progress.history[-1])


def _notes(trainer: Trainer, progress: Progress, *, has_trained: bool) -> tuple[str, ...]:
    """Return information for the user on the data and on settings that could suit them better."""
    network, settings, data = trainer.network, trainer.settings, trainer.data
    notes = [note for note in (trainer.note, trainer.step.note) if note]
    samples, steps = network.receptive_field, data.spec.steps
    if samples is not None and samples < steps:
        more = "strides" if network.settings.model == "resnet" else "dilations or stacks"
        notes.append(
            f"the receptive field, {samples} samples, is shorter than the sequence, {steps}: the "
            f"output at a step cannot depend on older samples. Add {more}"
        )
    if trainer.step.trims and not settings.by_length and data.padding >= _MUCH_PADDING:
        notes.append(
            f"{data.padding:.0%} of the training steps are padding; with --set by_length=true "
            "batches are made of examples of about one length, and less of it is computed"
        )
    if data.validation is None:
        notes.append("the data have no validation split: the last epoch's weights are the best")
    if not has_trained and progress.epoch < settings.epochs:
        notes.append(
            f"patience ({settings.patience}) had ended this run after epoch {progress.epoch}. To "
            f"go on, resume it with more epochs than {settings.epochs}"
        )
    return (*data.header.warnings, *data.notes, *notes)
