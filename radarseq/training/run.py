"""A training run: from data to a run folder with its best and last checkpoint."""

import csv
import io
import os
import platform
import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from radarseq.config import Recipe, parse, read_recipe, to_toml
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.simulated import examples_of, header_of
from radarseq.devices import choose_device
from radarseq.errors import CheckpointError, DatasetError, OutputError, RecipeError, UsageError
from radarseq.files import (
    output_folder,
    printable,
    recover_folder,
    sha256_file,
    sha256_of,
    write_atomically,
    write_json,
)
from radarseq.models.network import InputSpec, Network
from radarseq.models.settings import ModelSettings
from radarseq.training.batches import (
    Batch,
    BatchSource,
    FreshBatches,
    StoredBatches,
    as_batch,
    simulated_batch,
)
from radarseq.training.checkpoint import (
    STATE,
    load_checkpoint,
    load_state,
    save_checkpoint,
    versions,
)
from radarseq.training.loop import EpochRow, Progress, optimiser_for, run_epochs
from radarseq.training.settings import TrainSettings
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator

CONFIG, METRICS_CSV, METRICS, ENVIRONMENT = (
    "config.toml",
    "metrics.csv",
    "metrics.json",
    "environment.json",
)
# Widths at which the models have about as many weights as each other.
DEFAULT_WIDTHS = {"wavenet": 32, "lstm": 64, "gru": 72, "rnn": 128}
_MODEL_KEYS = [item.name for item in fields(ModelSettings)]
_TRAIN_KEYS = [item.name for item in fields(TrainSettings)]


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


@dataclass(frozen=True)
class _Data:
    """Training data: where batches come from, and what is true of them."""

    source: BatchSource
    validation: Batch | None
    header: Header
    spec: InputSpec
    facts: dict[str, Any]
    examples: int


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
        resume: Continue a run from its last checkpoint, also to more ``epochs``.
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
    """
    data, out = Path(data), Path(out)
    chosen = choose_device(device)
    if resume:
        settings = _resumed_settings(out, data, settings)
    model_settings, train_settings = resolve_settings(settings)
    with output_folder(out, resume=resume), torch.random.fork_rng():
        prepared = _prepare(data, train_settings, chosen)
        model_settings = fit_task(model_settings, prepared.spec, "task" in settings)
        return _run(out, data, prepared, model_settings, train_settings, chosen, resume, on_epoch)


def resolve_settings(settings: dict[str, Any]) -> tuple[ModelSettings, TrainSettings]:
    """Return model and training settings from one set of names.

    Raises:
        RecipeError: If one is unknown or does not fit.
    """
    known = _MODEL_KEYS + _TRAIN_KEYS
    for key in settings:
        if key not in known:
            raise RecipeError(f"unknown setting {key!r}; known settings: {', '.join(known)}")
    model = {key: settings[key] for key in settings if key in _MODEL_KEYS}
    if "width" not in model:
        model["width"] = DEFAULT_WIDTHS.get(model.get("model", "wavenet"), 32)
    training = {key: settings[key] for key in settings if key in _TRAIN_KEYS}
    parsed = parse(TrainSettings, training, "settings")
    schedule = parsed.schedule_epochs or parsed.epochs
    return parse(ModelSettings, model, "settings"), replace(parsed, schedule_epochs=schedule)


def fit_task(settings: ModelSettings, spec: InputSpec, asked: bool) -> ModelSettings:
    """Return settings whose task the data can serve; refuse a task that they cannot.

    Raises:
        DatasetError: If the data lack the labels or the target that the task needs.
    """
    can_classify, can_echo = spec.classes > 1, bool(spec.target)
    task = settings.task
    if not asked and task == "both":
        if can_classify and can_echo:
            return settings
        if can_classify or can_echo:
            return replace(settings, task="classify" if can_classify else "echo")
    if task in ("both", "classify") and not can_classify:
        raise DatasetError(
            f"task {task!r} needs labels of two or more classes; the data have {spec.classes}"
        )
    if task in ("both", "echo") and not can_echo:
        raise DatasetError(f"task {task!r} needs a target sequence; the data have no target")
    return settings


def _resumed_settings(out: Path, data: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the run in ``out``; only ``epochs`` may differ from them."""
    path = out / CONFIG
    if not path.exists():
        raise CheckpointError(f"{path}: not found; there is no run to resume in {out}")
    try:
        config = tomllib.loads(path.read_text(encoding="utf-8"))
        earlier = config["model"] | config["training"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as fault:
        raise CheckpointError(f"{path}: not a run's settings ({fault!r})") from fault
    if config.get("data") != printable(data):
        raise OutputError(f"{out}: was trained on {config.get('data')}, not on {data}")
    for key, value in asked.items():
        value = list(value) if isinstance(value, tuple) else value
        if key != "epochs" and key in earlier and earlier[key] != value:
            raise OutputError(
                f"{out}: was trained with {key} = {earlier[key]!r}, not {value!r}. "
                "Leave it out to resume, or choose another folder"
            )
    return earlier | asked


def _prepare(data: Path, settings: TrainSettings, device: torch.device) -> _Data:
    if data.suffix == ".toml":
        return _fresh(data, settings, device)
    dataset = open_dataset(data)
    examples = dataset.load()
    training = examples.part("train")
    if not len(training):
        raise DatasetError(f"{data}: no example is in the train split")
    held_out = examples.part("validation") if "split" in examples else examples.take(slice(0))
    batch = as_batch(training, device)
    return _Data(
        StoredBatches(
            batch,
            batch_size=settings.batch_size,
            seed=settings.seed,
            redraw_noise=settings.redraw_noise,
        ),
        as_batch(held_out, device) if len(held_out) else None,
        dataset.header,
        spec_of(training),
        {"path": str(data), "digest": dataset.digest, "kind": "stored"},
        len(training),
    )


def _fresh(path: Path, settings: TrainSettings, device: torch.device) -> _Data:
    recipe: Recipe = read_recipe(path)
    try:
        generate, judge = (
            PairGenerator(recipe.scene, seed=settings.seed, domain=domain)
            for domain in (FRESH_TRAIN, FRESH_VALIDATION)
        )
    except ValueError as fault:
        raise UsageError(str(fault)) from fault
    header = header_of(recipe, settings.seed)
    spec = spec_of(examples_of(generate(0, 1), header))
    source = FreshBatches(
        generate,
        batch_size=settings.batch_size,
        pairs_per_epoch=settings.pairs_per_epoch,
        device=device,
    )
    digest = sha256_of(recipe.text.encode())
    return _Data(
        source,
        simulated_batch(judge, 0, settings.validation_pairs, device),
        header,
        spec,
        {"path": str(path), "digest": digest, "kind": "fresh"},
        len(source) * settings.batch_size,
    )


def spec_of(examples: Examples) -> InputSpec:
    """Return what a network must take and give to be trained on ``examples``."""
    signal = examples.input
    target = examples.columns.get("target")
    kind = "" if target is None else "complex" if np.iscomplexobj(target) else "real"
    return InputSpec(
        is_complex=np.iscomplexobj(signal),
        channels=1 if signal.ndim == 2 else signal.shape[2],
        steps=examples.steps,
        target=kind,
        target_channels=1 if target is None or target.ndim == 2 else target.shape[2],
        classes=len(examples.header.class_names) if "label" in examples else 0,
        coded=examples.code is not None,
    )


def _run(
    out: Path,
    data: Path,
    prepared: _Data,
    model_settings: ModelSettings,
    train_settings: TrainSettings,
    device: torch.device,
    resume: bool,
    on_epoch: Callable[[EpochRow], None] | None,
) -> TrainResult:
    last, best = out / "checkpoints" / "last", out / "checkpoints" / "best"
    torch.manual_seed(train_settings.seed)
    network, progress = Network(model_settings, prepared.spec), Progress()
    sample = prepared.source.sample()
    network.features.to(device).fit(sample.signal, sample.tx, sample.length)
    network.to(device)
    optimiser = optimiser_for(network, train_settings)
    recover_folder(last)
    recover_folder(best)
    if resume and last.exists():
        _restore(last, network, optimiser, progress, prepared)
    config = {
        "data": printable(data),
        "model": asdict(model_settings),
        "training": asdict(train_settings),
    }
    write_atomically(out / CONFIG, to_toml(config).encode())
    facts = {"data": prepared.facts, "training": asdict(train_settings)}
    before, started = progress.epoch, time.perf_counter()

    def at_epoch(progress: Progress, is_best: bool) -> None:
        now = facts | {"epoch": progress.epoch, "metrics": progress.history[-1]}
        if is_best:
            save_checkpoint(best, network, prepared.header, now)
        write_atomically(out / METRICS_CSV, _as_csv(progress.history).encode())
        state = {"optimiser": optimiser.state_dict(), "progress": asdict(progress)}
        save_checkpoint(last, network, prepared.header, now, state)
        if on_epoch:
            on_epoch(progress.history[-1])

    run_epochs(
        network,
        prepared.source,
        prepared.validation,
        optimiser,
        train_settings,
        progress,
        at_epoch,
    )
    seconds = time.perf_counter() - started
    rate = (progress.epoch - before) * prepared.examples / seconds
    metrics = progress.history[progress.best_epoch - 1]
    files = {name: sha256_file(out / name) for name in (CONFIG, METRICS_CSV)}
    told = {"kind": "radarseq run", "best": metrics, "epochs": progress.epoch, "files": files}
    write_json(out / METRICS, told)
    if progress.epoch > before:
        write_json(out / ENVIRONMENT, _environment(device, rate))
    return TrainResult(
        out,
        str(device),
        progress.epoch,
        progress.best_epoch,
        metrics,
        sum(p.numel() for p in network.parameters()),
        network.receptive_field,
        rate,
        _notes(network, prepared),
    )


def _notes(network: Network, prepared: _Data) -> tuple[str, ...]:
    notes = []
    field, steps = network.receptive_field, prepared.spec.steps
    if field is not None and field < steps:
        notes.append(
            f"the receptive field, {field} samples, is shorter than the sequence, {steps}: the "
            "echo cannot use older samples. Add dilations or stacks"
        )
    if prepared.validation is None:
        notes.append("the data have no validation split: the last epoch's weights are the best")
    return (*prepared.header.warnings, *notes)


def _restore(
    last: Path,
    network: Network,
    optimiser: torch.optim.Optimizer,
    progress: Progress,
    prepared: _Data,
) -> None:
    """Put a run where its last checkpoint left it."""
    checkpoint, state = load_checkpoint(last), load_state(last)
    trained_on = checkpoint.manifest.get("data", {})
    if trained_on.get("digest") != prepared.facts["digest"]:
        raise OutputError(
            f"{last}: the data in {prepared.facts['path']} are no longer those that this run was "
            f"trained on (digest {str(trained_on.get('digest'))[:12]}..., now "
            f"{prepared.facts['digest'][:12]}...). Restore them, or train in another folder"
        )
    network.load_state_dict(checkpoint.network.state_dict())
    try:
        optimiser.load_state_dict(state["optimiser"])
        for name in asdict(progress):
            setattr(progress, name, state["progress"][name])
    except (KeyError, ValueError, TypeError, AttributeError) as fault:
        raise CheckpointError(f"{last / STATE}: not the state of this run ({fault!r})") from fault


def _as_csv(history: list[EpochRow]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: int(v) if k == "epoch" else v for k, v in row.items()} for row in history)
    return text.getvalue()


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
