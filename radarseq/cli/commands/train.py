"""Command `radarseq train`."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from radarseq.cli.console import note, print_result, show_epoch, train_text, warn
from radarseq.cli.options import Device, Json, Out, Resume
from radarseq.errors import CheckpointError, RecipeError
from radarseq.models.settings import ModelName, Task

if TYPE_CHECKING:
    from radarseq.training.seeds import SeedsResult


def _one_of(names: Any) -> str:
    """Return the values of a ``Literal`` as a sentence of the help."""
    *others, last = get_args(names)
    return f"{', '.join(others)} or {last}."


def train(
    data: Annotated[Path, typer.Argument(help="Dataset, or recipe (.toml) for fresh pairs.")],
    out: Out,
    model: Annotated[str | None, typer.Option(help=_one_of(ModelName))] = None,
    task: Annotated[str | None, typer.Option(help=_one_of(Task))] = None,
    epochs: Annotated[int | None, typer.Option(help="Largest number of epochs.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples per iteration.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same weights.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other setting, KEY=VALUE; an unknown KEY lists all."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(help="Number of runs, from --seed upwards; they form an ensemble."),
    ] = 0,
    device: Device = "auto",
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Train a model on a dataset, or on fresh pairs straight from a recipe.

    Example: radarseq train data/space --model wavenet --out runs/w
    """
    from radarseq.cli.compile_notice import show_compile_notice
    from radarseq.training.distributed import read_process_group
    from radarseq.training.seeds import train_seeds
    from radarseq.training.train import train as run

    show_compile_notice()
    options = {
        "model": model,
        "task": task,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    arguments: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    arguments |= dict(_setting(text) for text in settings or [])
    arguments |= {"device": device, "resume": resume, "on_epoch": show_epoch}
    started = time.perf_counter()
    if seeds:
        several = train_seeds(data, out, seeds=seeds, **arguments)
        if read_process_group().is_rank_zero:
            _print_seeds(several, device, as_json)
        return
    result = run(data, out, **arguments)
    if not read_process_group().is_rank_zero:  # one of several processes prints
        return
    warn(result.notes)
    summary = {
        "run": str(out),
        "device": result.device,
        "parameters": result.parameters,
        "receptive_field": result.receptive_field,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "metrics": result.metrics,
        "sequences_per_s": round(result.sequences_per_s),
        "seconds": round(time.perf_counter() - started, 1),
    }
    print_result(summary, as_json, lambda: train_text(summary))


def _print_seeds(several: "SeedsResult", device: str, as_json: bool) -> None:
    """Form an ensemble of the runs where they can be one, and print them."""
    from radarseq.inference.build_ensemble import form_ensemble
    from radarseq.training.seeds import as_text

    warn(dict.fromkeys(note for result in several.runs for note in result.notes))
    ensemble = None
    if len(several.runs) > 1:
        try:
            names = [result.run.name for result in several.runs]
            ensemble = form_ensemble(several.folder, names, device=device).name
        except CheckpointError as error:  # such as a run resumed from one with other settings
            warn([f"no ensemble: {error}"])
    summary = {
        "runs": {str(result.run): result.metrics for result in several.runs},
        "spread": several.spread,
        "ensemble": ensemble,
    }
    print_result(summary, as_json, lambda: as_text(several))
    if ensemble:
        folder = several.folder
        note(f"{folder}: {ensemble}; radarseq evaluate {folder} DATA evaluates them as one model")


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise RecipeError(f"--set {text}: expected KEY=VALUE, such as --set stacks=2")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
