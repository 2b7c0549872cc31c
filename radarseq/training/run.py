"""A training run: from data to a run folder with its best and last checkpoint."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from radarseq.config import to_toml
from radarseq.devices import choose_device
from radarseq.errors import CheckpointError, OutputError
from radarseq.files import (
    LOCK_NAME,
    TEMPORARY_SUFFIX,
    output_folder,
    printable,
    recover_folder,
    sealed_text,
    sha256_file,
    write_atomically,
    write_json,
)
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.average import Average
from radarseq.training.batches import Batch
from radarseq.training.calibration import fit_temperature
from radarseq.training.checkpoint import (
    STATE,
    load_checkpoint,
    load_state,
    save_checkpoint,
    versions,
)
from radarseq.training.history import METRICS, METRICS_CSV, history_csv
from radarseq.training.loop import (
    Judgement,
    Progress,
    Trainer,
    optimiser_for,
    run_epochs,
)
from radarseq.training.objective import EpochRow, Objective
from radarseq.training.prepare import TrainingData, prepare
from radarseq.training.resolve import (
    CONFIG,
    fit_features,
    fit_task,
    resolve_settings,
    resumed_settings,
)
from radarseq.training.settings import TrainSettings

ENVIRONMENT, DIVERGED = "environment.json", "diverged.json"


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
        DivergedError: If the loss is no longer a number; ``diverged.json`` in the run folder then
            lists the examples of the batch.
    """
    data, out = Path(data), Path(out)
    chosen = choose_device(device)
    if resume:
        settings = resumed_settings(out, data, settings)
    model_settings, train_settings = resolve_settings(settings)
    with output_folder(out, resume=resume or _holds_no_run(out)), torch.random.fork_rng():
        prepared = prepare(data, model_settings, train_settings, chosen)
        model_settings = fit_task(model_settings, prepared.spec, "task" in settings)
        model_settings = fit_features(model_settings, prepared.spec, "features" in settings)
        return _run(out, data, prepared, model_settings, train_settings, chosen, resume, on_epoch)


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
    resume: bool,
    on_epoch: Callable[[EpochRow], None] | None,
) -> TrainResult:
    last, best = out / "checkpoints" / "last", out / "checkpoints" / "best"
    trainer = _trainer(out, prepared, model_settings, train_settings, device)
    progress = Progress()
    recover_folder(last)
    recover_folder(best)
    if resume and last.exists():
        _restore(last, trainer, progress, prepared)
    config = {
        "data": printable(data),
        "model": asdict(model_settings),
        "training": asdict(train_settings),
    }
    write_atomically(out / CONFIG, sealed_text(to_toml(config)))
    (out / METRICS).unlink(missing_ok=True)  # until training has ended once more
    before, started = progress.epoch, time.perf_counter()

    def at_epoch(progress: Progress, is_best: bool, judged: Judgement | None) -> None:
        _save(out, trainer, prepared, progress, judged if is_best else None, is_best=is_best)
        if on_epoch:
            on_epoch(progress.history[-1])

    run_epochs(trainer, progress, at_epoch)
    seconds = time.perf_counter() - started
    rate = (progress.epoch - before) * prepared.examples / seconds
    metrics = progress.history[progress.best_epoch - 1]
    write_atomically(out / METRICS_CSV, history_csv(progress.history))
    if progress.epoch > before or not (out / ENVIRONMENT).exists():
        write_json(out / ENVIRONMENT, _environment(device, rate))
    files = {name: sha256_file(out / name) for name in (CONFIG, METRICS_CSV)}
    told = {"kind": "radarseq run", "best": metrics, "epochs": progress.epoch, "files": files}
    write_json(out / METRICS, told)
    if progress.epoch > before:
        (out / DIVERGED).unlink(missing_ok=True)  # of an attempt before this one
    network = trainer.network
    return TrainResult(
        out,
        str(device),
        progress.epoch,
        progress.best_epoch,
        metrics,
        sum(p.numel() for p in network.parameters()),
        network.receptive_field,
        rate,
        _notes(network, prepared, progress, train_settings, before),
    )


def _trainer(
    out: Path,
    prepared: TrainingData,
    model_settings: ModelSettings,
    settings: TrainSettings,
    device: torch.device,
) -> Trainer:
    """Return a network with its initial weights, and all that moves it."""
    torch.manual_seed(settings.seed)
    network = Network(model_settings, prepared.spec)
    sample = prepared.source.sample()
    network.to(device).fit(sample.signal, sample.tx, sample.target, sample.length)
    weight = None
    if settings.class_weights == "balanced" and network.classes is not None:
        weight = _balanced(prepared).to(device)
    return Trainer(
        network,
        prepared.source,
        prepared.validation,
        optimiser_for(network, settings),
        settings,
        Objective(settings.echo_weight, weight, settings.label_smoothing),
        Average(network, settings.ema) if settings.ema else None,
        lambda *what: _write_diverged(out, *what),
    )


def _balanced(prepared: TrainingData) -> torch.Tensor:
    """Return weights with which all classes that occur count alike, their mean over rows 1."""
    counts = torch.as_tensor(prepared.class_counts).float()
    present = counts > 0
    return torch.where(present, counts.sum() / (present.sum() * counts.clamp(min=1)), 0.0)


def _write_diverged(out: Path, epoch: int, step: int, batch: Batch, loss: float) -> None:
    """Leave behind which examples ended training, all of them."""
    examples = [] if batch.index is None else batch.index.tolist()
    told = {"kind": "radarseq diverged", "epoch": epoch, "step": step, "value": str(loss)}
    write_json(out / DIVERGED, told | {"examples": examples})


def _save(
    out: Path,
    trainer: Trainer,
    prepared: TrainingData,
    progress: Progress,
    judged: Judgement | None,
    *,
    is_best: bool,
) -> None:
    """Write the checkpoints and the table of an epoch."""
    facts = {
        "data": prepared.facts,
        "training": asdict(trainer.settings),
        "epoch": progress.epoch,
        "metrics": progress.history[-1],
    }
    if is_best:
        label = None if prepared.validation is None else prepared.validation.label
        temperature = {}
        if judged is not None and judged.logits is not None and label is not None:
            fitted = fit_temperature(judged.logits, label.cpu().numpy())
            temperature = {"temperature": fitted}
        with trainer.judged_weights():
            best = out / "checkpoints" / "best"
            save_checkpoint(best, trainer.network, prepared.header, facts | temperature)
    state = {"optimiser": trainer.optimiser.state_dict(), "progress": asdict(progress)}
    if trainer.average is not None:
        state["average"] = trainer.average.state()
    last = out / "checkpoints" / "last"
    now = facts | {"history": progress.history}
    save_checkpoint(last, trainer.network, prepared.header, now, state)
    write_atomically(out / METRICS_CSV, history_csv(progress.history))


def _notes(
    network: Network,
    prepared: TrainingData,
    progress: Progress,
    settings: TrainSettings,
    before: int,
) -> tuple[str, ...]:
    notes = []
    field, steps = network.receptive_field, prepared.spec.steps
    if field is not None and field < steps:
        notes.append(
            f"the receptive field, {field} samples, is shorter than the sequence, {steps}: the "
            "echo cannot use older samples. Add dilations or stacks"
        )
    if prepared.validation is None:
        notes.append("the data have no validation split: the last epoch's weights are the best")
    if before == progress.epoch < settings.epochs:
        notes.append(
            f"patience ({settings.patience}) had ended this run after epoch {progress.epoch}. To "
            f"go on, resume it with more epochs than {settings.epochs}"
        )
    return (*prepared.header.warnings, *prepared.notes, *notes)


def _restore(last: Path, trainer: Trainer, progress: Progress, prepared: TrainingData) -> None:
    """Put a run where its last checkpoint left it."""
    checkpoint, state = load_checkpoint(last), load_state(last)
    trained_on = checkpoint.manifest.get("data", {})
    if trained_on.get("digest") != prepared.facts["digest"]:
        raise OutputError(
            f"{last}: the data in {prepared.facts['path']} are no longer those that this run was "
            f"trained on (digest {str(trained_on.get('digest'))[:12]}..., now "
            f"{prepared.facts['digest'][:12]}...). Restore them, or train in another folder"
        )
    trainer.network.load_state_dict(checkpoint.network.state_dict())
    try:
        trainer.optimiser.load_state_dict(state["optimiser"])
        if trainer.average is not None:
            trainer.average.load(state["average"])
        for item in fields(progress):  # runs of before there was waits_from lack it
            default = 0 if item.name == "waits_from" else state["progress"][item.name]
            setattr(progress, item.name, state["progress"].get(item.name, default))
        wanted_then = checkpoint.manifest["training"]["epochs"]
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as fault:
        raise CheckpointError(f"{last / STATE}: not the state of this run ({fault!r})") from fault
    settings = trainer.settings
    if settings.epochs > wanted_then and progress.is_stale(settings.patience):
        progress.waits_from = progress.epoch


def _environment(device: torch.device, rate: float) -> dict[str, Any]:
    return {
        "versions": versions(),
        "device": str(device),
        "device_name": torch.cuda.get_device_name() if device.type == "cuda" else "",
        "machine": platform.machine(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "train_sequences_per_s": round(rate, 1),
    }
