"""A run that goes on: weights, optimiser and position as the last checkpoint holds them."""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from radarseq.errors import CheckpointError, OutputError
from radarseq.inference.checkpoint import STATE, load_checkpoint, load_state
from radarseq.storage.atomic import printable
from radarseq.storage.sealed import read_sealed_text
from radarseq.training.data.training_data import TrainingData
from radarseq.training.optimisation.loop import Progress, Trainer, settle
from radarseq.training.resolve_settings import CONFIG


def restore(last: Path, trainer: Trainer, progress: Progress, prepared: TrainingData) -> None:
    """Put a run where its last checkpoint left it.

    Raises:
        OutputError: If the data are no longer those that it was trained on.
        CheckpointError: If the checkpoint is damaged, or of another run.
    """
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
        settle(trainer.optimiser)
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
        progress.patience_start = progress.epoch


def resumed_settings(out: Path, data: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of the run in ``out``; only ``epochs`` may differ from them."""
    path = out / CONFIG
    if not path.exists():
        raise CheckpointError(f"{path}: not found; there is no run to resume in {out}")
    try:
        config = tomllib.loads(read_sealed_text(path, CheckpointError))
        earlier = config["model"] | config["training"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as fault:
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
