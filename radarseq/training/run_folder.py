"""Run folder: configuration, checkpoints, metrics, environment, and the mark of its end."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from radarseq.config import to_toml
from radarseq.inference.checkpoint import save_checkpoint, versions
from radarseq.inference.temperature import fit_temperature
from radarseq.models.settings import ModelSettings
from radarseq.storage.atomic import (
    TEMPORARY_SUFFIX,
    printable,
    recover_folder,
    sha256_file,
    write_atomically,
)
from radarseq.storage.output_folder import LOCK_NAME, output_folder
from radarseq.storage.sealed import sealed_text, write_json
from radarseq.training.distributed import ProcessGroup
from radarseq.training.history import METRICS, METRICS_CSV, history_csv
from radarseq.training.optimisation.loop import Progress, ValidationResult
from radarseq.training.optimisation.trainer import Trainer
from radarseq.training.settings import TrainSettings

CONFIG, ENVIRONMENT, DIVERGED = "config.toml", "environment.json", "diverged.json"


@dataclass(frozen=True)
class RunFolder:
    """The files of a run.

    Attributes:
        path: The folder.
    """

    path: Path

    @property
    def best(self) -> Path:
        """Folder of the checkpoint with the best validation score."""
        return self.path / "checkpoints" / "best"

    @property
    def last(self) -> Path:
        """Folder of the checkpoint of the last epoch, from which a run is resumed."""
        return self.path / "checkpoints" / "last"

    @contextmanager
    def lock(self, *, resume: bool) -> Iterator[None]:
        """Own the folder within the context.

        Raises:
            OutputError: If it is in use, or not empty and ``resume`` is false.
        """
        # A run that was killed at its start has left half its settings and no more.
        remains = {LOCK_NAME, CONFIG + TEMPORARY_SUFFIX}
        is_new = self.path.is_dir() and {e.name for e in self.path.iterdir()} <= remains
        with output_folder(self.path, resume=resume or is_new):
            yield

    def recover(self) -> bool:
        """Finish checkpoints whose writing was interrupted; return whether there is a last one."""
        recover_folder(self.last)
        recover_folder(self.best)
        return self.last.exists()

    def write_config(self, data: Path, model: ModelSettings, training: TrainSettings) -> None:
        """Write the settings that a resumed run reads."""
        config = {"data": printable(data), "model": asdict(model), "training": asdict(training)}
        write_atomically(self.path / CONFIG, sealed_text(to_toml(config)))
        (self.path / METRICS).unlink(missing_ok=True)  # until training has ended once more

    def save_epoch(
        self,
        trainer: Trainer,
        progress: Progress,
        validation: ValidationResult | None,
        *,
        is_best: bool,
    ) -> None:
        """Write the checkpoints and the metrics after an epoch."""
        data = trainer.data
        facts = {
            "data": data.facts,
            "training": asdict(trainer.settings),
            "epoch": progress.epoch,
            "metrics": progress.history[-1],
        }
        if is_best:
            temperature = {}
            label = None if data.validation is None else data.validation.label
            if validation is not None and validation.logits is not None and label is not None:
                fitted = fit_temperature(validation.logits, label.cpu().numpy())
                temperature = {"temperature": fitted}
            with trainer.averaged_weights():
                save_checkpoint(self.best, trainer.network, data.header, facts | temperature)
        state = {"optimiser": trainer.optimiser.state_dict(), "progress": asdict(progress)}
        if trainer.average is not None:
            state["average"] = trainer.average.state_dict()
        facts |= {"history": progress.history}
        save_checkpoint(self.last, trainer.network, data.header, facts, state)
        write_atomically(self.path / METRICS_CSV, history_csv(progress.history))

    def write_diverged(
        self, epoch: int, iteration: int, index: Tensor | None, value: float
    ) -> None:
        """Write the examples of the batch on which training diverged, all of them."""
        content = {
            "kind": "radarseq diverged",
            "epoch": epoch,
            "iteration": iteration,
            "value": str(value),
            "examples": [] if index is None else index.tolist(),
        }
        write_json(self.path / DIVERGED, content)

    def write_end(
        self,
        progress: Progress,
        device: torch.device,
        process_group: ProcessGroup,
        rate: float,
        *,
        has_trained: bool,
    ) -> None:
        """Write the metrics of the whole run, and where it was trained.

        Args:
            progress: After the last epoch.
            device: Of this call.
            process_group: Of this call.
            rate: Sequences trained per second.
            has_trained: Whether this call trained an epoch; if not, an earlier environment stays.
        """
        write_atomically(self.path / METRICS_CSV, history_csv(progress.history))
        if has_trained or not (self.path / ENVIRONMENT).exists():
            environment = {
                "versions": versions(),
                "device": str(device),
                "device_name": torch.cuda.get_device_name() if device.type == "cuda" else "",
                "machine": platform.machine(),
                "system": platform.platform(),
                "cores": os.cpu_count(),
                "processes": process_group.world_size,
                "threads": torch.get_num_threads(),
                "train_sequences_per_s": round(rate, 1),
            }
            write_json(self.path / ENVIRONMENT, environment)
        metrics = {
            "kind": "radarseq run",
            "best": progress.history[progress.best_epoch - 1],
            "epochs": progress.epoch,
            "files": {name: sha256_file(self.path / name) for name in (CONFIG, METRICS_CSV)},
        }
        write_json(self.path / METRICS, metrics)
        if has_trained:
            (self.path / DIVERGED).unlink(missing_ok=True)  # of an attempt before this one
