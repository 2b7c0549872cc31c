"""Files of a run folder: configuration, environment, metrics, and the mark of its end."""

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from radarseq.config import to_toml
from radarseq.inference.checkpoint import save_checkpoint, versions
from radarseq.inference.temperature import fit_temperature
from radarseq.models.settings import ModelSettings
from radarseq.storage.atomic import printable, sha256_file, write_atomically
from radarseq.storage.sealed import sealed_text, write_json
from radarseq.training.data.training_data import TrainingData
from radarseq.training.distributed import ProcessGroup
from radarseq.training.history import METRICS, METRICS_CSV, history_csv
from radarseq.training.optimisation.loop import Progress, Trainer, ValidationResult
from radarseq.training.resolve_settings import CONFIG
from radarseq.training.settings import TrainSettings

ENVIRONMENT, DIVERGED = "environment.json", "diverged.json"


def _write_config(
    out: Path, data: Path, model_settings: ModelSettings, train_settings: TrainSettings
) -> None:
    config = {
        "data": printable(data),
        "model": asdict(model_settings),
        "training": asdict(train_settings),
    }
    write_atomically(out / CONFIG, sealed_text(to_toml(config)))
    (out / METRICS).unlink(missing_ok=True)  # until training has ended once more


def _write_end(
    out: Path, progress: Progress, environment: dict[str, Any] | None, has_trained: bool
) -> None:
    """Write what a run came to; the environment, where it is given, is the one of this call."""
    write_atomically(out / METRICS_CSV, history_csv(progress.history))
    if environment is not None:
        write_json(out / ENVIRONMENT, environment)
    files = {name: sha256_file(out / name) for name in (CONFIG, METRICS_CSV)}
    best = progress.history[progress.best_epoch - 1]
    told = {"kind": "radarseq run", "best": best, "epochs": progress.epoch, "files": files}
    write_json(out / METRICS, told)
    if has_trained:
        (out / DIVERGED).unlink(missing_ok=True)  # of an attempt before this one


def _write_diverged(out: Path, epoch: int, step: int, index: Tensor | None, loss: float) -> None:
    """Leave behind which examples ended training, all of them."""
    examples = [] if index is None else index.tolist()
    told = {"kind": "radarseq diverged", "epoch": epoch, "step": step, "value": str(loss)}
    write_json(out / DIVERGED, told | {"examples": examples})


def _save(
    out: Path,
    trainer: Trainer,
    prepared: TrainingData,
    progress: Progress,
    judged: ValidationResult | None,
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
        with trainer.evaluated_weights():
            best = out / "checkpoints" / "best"
            save_checkpoint(best, trainer.network, prepared.header, facts | temperature)
    state = {"optimiser": trainer.optimiser.state_dict(), "progress": asdict(progress)}
    if trainer.average is not None:
        state["average"] = trainer.average.state()
    last = out / "checkpoints" / "last"
    now = facts | {"history": progress.history}
    save_checkpoint(last, trainer.network, prepared.header, now, state)
    write_atomically(out / METRICS_CSV, history_csv(progress.history))


def _environment(device: torch.device, group: ProcessGroup, rate: float) -> dict[str, Any]:
    return {
        "versions": versions(),
        "device": str(device),
        "device_name": torch.cuda.get_device_name() if device.type == "cuda" else "",
        "machine": platform.machine(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "processes": group.count,
        "threads": torch.get_num_threads(),
        "train_sequences_per_s": round(rate, 1),
    }
