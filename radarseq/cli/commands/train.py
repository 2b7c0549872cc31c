"""`radarseq train`."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from radarseq.cli.console import note, print_result, show_epoch, train_text, warn
from radarseq.cli.options import Device, Json, Out, Resume
from radarseq.errors import CheckpointError, RecipeError

if TYPE_CHECKING:
    from radarseq.training.seeds import SeedsResult


def train(
    data: Annotated[Path, typer.Argument(help="Dataset, or recipe (.toml) for fresh pairs.")],
    out: Out,
    model: Annotated[
        str | None, typer.Option(help="wavenet, lstm, gru, rnn, conv_gru or resnet.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="both, classify, echo, forecast, next_symbol or step_label.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="At most this many.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At its peak.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same weights.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other setting, KEY=VALUE; an unknown KEY lists all."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(help="Train as often, from --seed upwards; the runs then answer as one."),
    ] = 0,
    device: Device = "auto",
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Train a model on a dataset, or on fresh pairs straight from a recipe.

    Example: radarseq train data/space --model wavenet --out runs/w
    """
    from radarseq.cli.compile_notice import show_compile_notice
    from radarseq.training.distributed import requested_group
    from radarseq.training.seeds import as_text, train_seeds
    from radarseq.training.train import train as run

    show_compile_notice()
    named = {
        "model": model,
        "task": task,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    given = {key: value for key, value in named.items() if value is not None}
    given |= dict(_setting(text) for text in settings or [])
    given |= {"device": device, "resume": resume, "on_epoch": show_epoch}
    if seeds:
        several = train_seeds(data, out, seeds=seeds, **given)
        if not requested_group().is_first:
            return
        warn(dict.fromkeys(note for result in several.runs for note in result.notes))
        runs = {str(run.run): run.metrics for run in several.runs}
        told = {"runs": runs, "spread": several.spread, "ensemble": _together(several, device)}
        print_result(told, as_json, lambda: as_text(several))
        if told["ensemble"]:
            note(f"{out}: {told['ensemble']}; radarseq evaluate {out} DATA judges them as one")
        return
    started = time.perf_counter()
    result = run(data, out, **given)
    if not requested_group().is_first:  # one of several processes speaks for all
        return
    warn(result.notes)
    told = {
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
    print_result(told, as_json, lambda: train_text(told))


def _together(several: "SeedsResult", device: str) -> str | None:
    """Have the runs answer together; return what they then are, None where they cannot."""
    from radarseq.inference.build_ensemble import form_ensemble

    runs = [result.run.name for result in several.runs]
    if len(runs) < 2:
        return None
    try:
        return form_ensemble(several.folder, runs, device=device).name
    except CheckpointError as fault:  # such as a run that went on from one with other settings
        warn([f"no ensemble: {fault}"])
        return None


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise RecipeError(f"--set {text}: expected KEY=VALUE, such as --set stacks=2")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
