"""A training run: from data to a run folder with its best and last checkpoint."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from radarseq.device import choose_device
from radarseq.models.backbones.masked_batch_norm import MaskedBatchNorm
from radarseq.models.engines.select import check_engine, set_training_engine
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.storage.atomic import (
    TEMPORARY_SUFFIX,
    recover_folder,
)
from radarseq.storage.output_folder import LOCK_NAME, output_folder
from radarseq.system import trim_heap
from radarseq.training.data.batches import Batch
from radarseq.training.data.training_data import TrainingData, prepare
from radarseq.training.distributed import ProcessGroup, join
from radarseq.training.optimisation.batch_size import (
    batch_for,
    explain_data_out_of_memory,
    explain_out_of_memory,
)
from radarseq.training.optimisation.loop import (
    Progress,
    Trainer,
    ValidationResult,
    optimiser_for,
    run_epochs,
)
from radarseq.training.optimisation.losses import EpochRow, Objective
from radarseq.training.optimisation.precision import arithmetic, check_precision, set_precision
from radarseq.training.optimisation.weight_average import Average
from radarseq.training.resolve_settings import CONFIG, fit_features, fit_task, resolve_settings
from radarseq.training.resume import restore, resumed_settings
from radarseq.training.run_folder import (
    ENVIRONMENT,
    _environment,
    _save,
    _write_config,
    _write_diverged,
    _write_end,
)
from radarseq.training.settings import TrainSettings

_PROBE = 64  # examples on which memory is measured
_MUCH_PADDING = 0.3  # of the training steps: less is not worth a word


@dataclass(frozen=True)
class TrainResult:
    """What a training run came to.

    Attributes:
        run: The run folder.
        device: What it ran on.
        epochs: Epochs done in all.
        best_epoch: The epoch whose weights are the best checkpoint.
        metrics: The best epoch's row of ``metrics.csv``.
        parameters: Weights of the network.
        receptive_field: Samples that a sequence output depends on; None without limit.
        sequences_per_s: Training rate of this call; 0 if there was nothing to do.
        notes: What a user should know.
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
    interrupted and resumed.

    Started by ``torchrun``, several processes train one network together: each takes its rows of
    every batch, the first one writes, and the weights are those of one process but for rounding.

    Args:
        data: A dataset's folder, or a recipe (``.toml``) for endless fresh pairs.
        out: The run folder to write; new or empty, unless ``resume``.
        device: ``auto``, ``cpu`` or ``cuda``.
        resume: Continue a run from its last checkpoint, also to more ``epochs``; one that patience
            had stopped then waits anew.
        on_epoch: Called with each epoch's row of metrics.
        **settings: Fields of ``ModelSettings`` and ``TrainSettings``, such as ``model="lstm"``,
            ``task="classify"``, ``epochs=50``, ``seed=3``.

    Returns:
        What the run came to.

    Raises:
        RecipeError: If a setting is unknown or does not fit, or the recipe is not valid.
        OutputError: If the run folder is in use or not empty.
        DatasetError: If the dataset is damaged or lacks what the task needs.
        CheckpointError: If there is nothing to resume, or it is damaged.
        DeviceError: If the device is absent.
        DeviceMemoryError: If the device has too little memory for the batch.
        RanksError: If another process of the run has failed.
        DivergedError: If the loss is no longer a number; ``diverged.json`` in the run folder then
            lists the examples of the batch.
    """
    data, out = Path(data), Path(out)
    chosen = choose_device(device)
    group = join(chosen)
    if resume:
        settings = group.on_all_ranks(lambda: resumed_settings(out, data, settings))
    model_settings, train_settings = resolve_settings(settings)
    check_precision(train_settings.precision, chosen)
    check_engine(train_settings.engine, chosen)
    with ExitStack() as held:
        if group.is_first:
            owned = output_folder(out, resume=resume or _holds_no_run(out))
            group.on_all_ranks(lambda: held.enter_context(owned))
        else:
            group.on_all_ranks(lambda: None)
        held.enter_context(torch.random.fork_rng())
        held.enter_context(arithmetic(train_settings.precision, chosen))
        if train_settings.batch_size == "auto":
            chosen_size = partial(_largest_batch, data, settings, chosen)
            train_settings = replace(train_settings, batch_size=group.on_rank_zero(chosen_size))
        with explain_data_out_of_memory(chosen):
            prepared = group.on_all_ranks(
                lambda: prepare(data, model_settings, train_settings, chosen, group)
            )
        model_settings = _fitted(model_settings, prepared, settings)
        return _run(
            out, data, prepared, model_settings, train_settings, chosen, group, resume, on_epoch
        )


def _fitted(model: ModelSettings, prepared: TrainingData, asked: dict[str, Any]) -> ModelSettings:
    """Return settings that suit the data in what was not asked for."""
    model = fit_task(model, prepared.spec, "task" in asked)
    return fit_features(model, prepared.spec, "features" in asked)


def _largest_batch(data: Path, asked: dict[str, Any], device: torch.device) -> int:
    """Return the batch size for the memory that is free now."""
    model, settings = resolve_settings(asked | {"batch_size": _PROBE})
    prepared = prepare(data, model, settings, device)
    network = Network(_fitted(model, prepared, asked), prepared.spec).to(device)
    set_precision(network, settings.precision)
    few = prepared.source.sample().take(slice(_PROBE))
    return batch_for(network, few, prepared.examples, device)


def _holds_no_run(out: Path) -> bool:
    """Return whether a run that was killed at its start has left half its settings and no more."""
    left = {LOCK_NAME, CONFIG + TEMPORARY_SUFFIX}
    return out.is_dir() and {entry.name for entry in out.iterdir()} <= left


def _run(
    out: Path,
    data: Path,
    prepared: TrainingData,
    model_settings: ModelSettings,
    train_settings: TrainSettings,
    device: torch.device,
    group: ProcessGroup,
    resume: bool,
    on_epoch: Callable[[EpochRow], None] | None,
) -> TrainResult:
    last, best = out / "checkpoints" / "last", out / "checkpoints" / "best"
    trainer = _trainer(out, prepared, model_settings, train_settings, device, group)
    progress = Progress()

    def recover() -> bool:
        recover_folder(last)
        recover_folder(best)
        return last.exists()

    if group.on_rank_zero(recover) and resume:
        group.on_all_ranks(lambda: restore(last, trainer, progress, prepared))
    if group.is_first:
        _write_config(out, data, model_settings, train_settings)
    before, started = progress.epoch, time.perf_counter()

    def at_epoch(progress: Progress, is_best: bool, judged: ValidationResult | None) -> None:
        if group.is_first:
            _save(out, trainer, prepared, progress, judged if is_best else None, is_best=is_best)
            if on_epoch:
                on_epoch(progress.history[-1])

    def few() -> Batch:
        return prepared.source.sample().take(slice(_PROBE))

    with explain_out_of_memory(trainer.network, few, train_settings.examples_per_iteration):
        run_epochs(trainer, progress, at_epoch)
    rate = (progress.epoch - before) * prepared.examples / (time.perf_counter() - started)
    if group.is_first:
        did = progress.epoch > before
        is_told = not did and (out / ENVIRONMENT).exists()
        _write_end(out, progress, None if is_told else _environment(device, group, rate), did)
    network = trainer.network
    return TrainResult(
        out,
        str(device),
        progress.epoch,
        progress.best_epoch,
        progress.history[progress.best_epoch - 1],
        sum(p.numel() for p in network.parameters()),
        network.receptive_field,
        rate,
        _notes(trainer, prepared, progress, before),
    )


def _trainer(
    out: Path,
    prepared: TrainingData,
    model_settings: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
    group: ProcessGroup,
) -> Trainer:
    """Return a network with its initial weights, and all that moves it."""
    torch.manual_seed(settings.seed)
    network = Network(model_settings, prepared.spec)
    sample = prepared.source.sample()
    network.to(device).fit(sample.signal, sample.tx, sample.target, sample.length)
    group.broadcast(network.state_dict().values())
    set_precision(network, settings.precision)
    for part in network.modules():
        if isinstance(part, MaskedBatchNorm):
            part.all_reduce = group.summed_with_gradient
    _, kept_from = set_training_engine(network, settings.engine)
    weight = None
    if settings.class_weights == "balanced" and network.classes is not None:
        weight = _balanced(prepared).to(next(network.parameters()))
    return Trainer(
        network,
        prepared.source,
        prepared.validation,
        optimiser_for(network, settings),
        settings,
        Objective(
            settings.echo_weight,
            weight,
            settings.label_smoothing,
            settings.echo_error,
            last_step=settings.trained_steps == "last",
        ),
        Average(network, settings.ema) if settings.ema else None,
        partial(_write_diverged, out) if group.is_first else None,
        group,
        (kept_from,),
    )


def _balanced(prepared: TrainingData) -> torch.Tensor:
    """Return weights with which all classes that occur count alike, their mean over rows 1."""
    counts = torch.as_tensor(prepared.class_counts).float()
    present = counts > 0
    return torch.where(present, counts.sum() / (present.sum() * counts.clamp(min=1)), 0.0)


def _notes(
    trainer: Trainer, prepared: TrainingData, progress: Progress, before: int
) -> tuple[str, ...]:
    network, settings = trainer.network, trainer.settings
    notes = [note for note in (*trainer.notes, trainer.step.note) if note]
    field, steps = network.receptive_field, prepared.spec.steps
    if field is not None and field < steps:
        more = "strides" if network.settings.model == "resnet" else "dilations or stacks"
        notes.append(
            f"the receptive field, {field} samples, is shorter than the sequence, {steps}: what a "
            f"step tells cannot use older samples. Add {more}"
        )
    if trainer.step.trims and not settings.by_length and prepared.padding >= _MUCH_PADDING:
        notes.append(
            f"{prepared.padding:.0%} of the training steps are padding; with --set by_length=true "
            "batches are made of examples of about one length, and less of it is computed"
        )
    if prepared.validation is None:
        notes.append("the data have no validation split: the last epoch's weights are the best")
    if before == progress.epoch < settings.epochs:
        notes.append(
            f"patience ({settings.patience}) had ended this run after epoch {progress.epoch}. To "
            f"go on, resume it with more epochs than {settings.epochs}"
        )
    return (*prepared.header.warnings, *prepared.notes, *notes)
