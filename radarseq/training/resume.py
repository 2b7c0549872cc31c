"""Resuming a run: settings from its configuration, state from its last checkpoint."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from radarseq.errors import CheckpointError, OutputError
from radarseq.inference.checkpoint import STATE, load_checkpoint, load_state
from radarseq.storage.atomic import printable
from radarseq.storage.sealed import read_sealed_text
from radarseq.training.optimisation.loop import Progress
from radarseq.training.optimisation.trainer import Trainer, place_on_device
from radarseq.training.run_folder import CONFIG


def restore(last: Path, trainer: Trainer, progress: Progress) -> None:
    """Load the last checkpoint into a trainer and its progress.

    Raises:
        OutputError: If the data are no longer those that the run was trained on.
        CheckpointError: If the checkpoint is damaged, or of another run.
    """
    checkpoint, state = load_checkpoint(last), load_state(last)
    digest, facts = checkpoint.manifest.get("data", {}).get("digest"), trainer.data.facts
    if digest != facts["digest"]:
        raise OutputError(
            f"{last}: the data in {facts['path']} are no longer those that this run was trained on "
            f"(digest {str(digest)[:12]}..., now {facts['digest'][:12]}...). Restore them, or "
            "train in another folder"
        )
    trainer.network.load_state_dict(checkpoint.network.state_dict())
    try:
        trainer.optimiser.load_state_dict(state["optimiser"])
        place_on_device(trainer.optimiser)
        if trainer.average is not None:
            trainer.average.load_state_dict(state["average"])
        for item in fields(progress):
            setattr(progress, item.name, state["progress"][item.name])
        earlier_epochs = checkpoint.manifest["training"]["epochs"]
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise CheckpointError(f"{last / STATE}: not the state of this run ({error!r})") from error
    settings = trainer.settings
    if settings.epochs > earlier_epochs and progress.is_stale(settings.patience):
        progress.patience_start = progress.epoch


def read_resumed_settings(run: Path, data: Path, overrides: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run with overrides, of which only ``epochs`` may differ.

    Raises:
        CheckpointError: If there is no run, or its configuration is damaged.
        OutputError: If it was trained on other data or with other settings.
    """
    path = run / CONFIG
    if not path.exists():
        raise CheckpointError(f"{path}: not found; there is no run to resume in {run}")
    try:
        config = tomllib.loads(read_sealed_text(path, CheckpointError))
        earlier = config["model"] | config["training"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not a run's settings ({error!r})") from error
    if config.get("data") != printable(data):
        raise OutputError(f"{run}: was trained on {config.get('data')}, not on {data}")
    for key, value in overrides.items():
        value = list(value) if isinstance(value, tuple) else value
        if key != "epochs" and key in earlier and earlier[key] != value:
            raise OutputError(
                f"{run}: was trained with {key} = {earlier[key]!r}, not {value!r}. "
                "Leave it out to resume, or choose another folder"
            )
    return earlier | overrides
