"""The commands. Each is thin: it reads its arguments, calls the function of its name, and prints.

Nothing heavy is imported before a command runs, so that --help is instant.
"""

import io
import json
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from radarseq.errors import (
    EXIT_DATA,
    EXIT_FAILURE,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    RadarseqError,
    RecipeError,
    UsageError,
)
from radarseq.options import reads_recordings
from radarseq.terminal import (
    finish,
    judging_bar,
    note,
    print_result,
    progress_bar,
    show_epoch,
    size,
    train_text,
    warn,
)

app = typer.Typer(
    name="radarseq",
    help="Short radar sequences, simulated, learnt and judged.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Out = Annotated[Path, typer.Option("--out", help="Folder to write; new or empty.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Seed = Annotated[int, typer.Option(help="Same seed, same bytes.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]


class Stopped(BaseException):
    """The process was asked to end; not KeyboardInterrupt, which the command library takes."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def main() -> None:
    """Run the command line; end with the status that the error classes name."""
    for stream in (sys.stdout, sys.stderr):  # names of files need not be UTF-8
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, partial(_stop, EXIT_TERMINATED))
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, partial(_stop, EXIT_INTERRUPTED))
    try:
        app()
    except RadarseqError as fault:
        _fail(str(fault), fault.exit_code)
    except Stopped as stop:
        word = "interrupted" if stop.status == EXIT_INTERRUPTED else "terminated"
        _fail(
            f"{word}; simulate, train and evaluate go on with --resume, others start anew",
            stop.status,
        )
    except OSError as fault:
        _fail(f"{fault.filename or 'output'}: {fault.strerror or fault}", EXIT_FAILURE)


def _stop(status: int, number: int, _: object) -> None:
    sys.unraisablehook = partial(_in_a_destructor, number)
    raise Stopped(status)


def _in_a_destructor(number: int, raised: "sys.UnraisableHookArgs") -> None:
    """Ask once more for a stop that a destructor has swallowed.

    A stop in the midst of a library also leaves objects half made, whose destructors complain: that
    is nothing to show.
    """
    if isinstance(raised.exc_value, Stopped):
        # Later, for what is raised here would be swallowed too.
        threading.Timer(0.01, os.kill, (os.getpid(), number)).start()


def _fail(message: str, status: int) -> None:
    print(f"radarseq: {message}", file=sys.stderr)
    sys.exit(status)


@app.command()
def simulate(
    recipe: Annotated[Path, typer.Argument(help="Recipe (.toml).")],
    out: Out,
    examples: Annotated[int, typer.Option(help="How many Tx/Rx pairs.")] = 20_000,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(help="Threads that simulate.")] = 2,
    rows_per_shard: Annotated[int, typer.Option(help="Pairs in a file; 0: 50,000.")] = 0,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Simulate a dataset from a recipe.

    Example: radarseq simulate datasets/space_objects.toml --out data/space --seed 1
    """
    from radarseq.dataset.simulated import plan_simulation, ready_generator
    from radarseq.dataset.simulated import simulate as run

    plan = plan_simulation(recipe, examples=examples, seed=seed, rows_per_shard=rows_per_shard)
    warn(plan.warnings)
    note(f"{plan.recipe.name}: {examples:,} pairs, {size(plan.bytes_on_disk)} on disk")
    generate, objects = None, plan.recipe.content.tabulated_objects
    if objects:
        with progress_bar("tables", objects, "objects") as advance:
            generate = ready_generator(plan.recipe, seed=seed, progress=advance)
    started = time.perf_counter()
    with progress_bar("simulating", examples, "pairs") as advance:
        dataset = run(
            plan.recipe,
            out,
            examples=examples,
            seed=seed,
            workers=workers,
            rows_per_shard=rows_per_shard,
            resume=resume,
            progress=advance,
            generate=generate,
        )
    seconds = time.perf_counter() - started
    told = {
        "dataset": str(out),
        "examples": len(dataset),
        "digest": dataset.digest,
        "bytes": sum(shard.path.stat().st_size for shard in dataset.shards),
        "seconds": round(seconds, 3),
        "pairs_per_s": round(len(dataset) / seconds),
        "warnings": list(plan.warnings),
    }
    print_result(
        told,
        as_json,
        lambda: (
            f"{out}: {len(dataset):,} pairs, {size(told['bytes'])}, "
            f"{told['pairs_per_s']:,} pairs/s, digest {dataset.digest[:12]}"
        ),
    )


@app.command("import")
@reads_recordings
def import_command(
    paths: Annotated[list[Path], typer.Argument(help="Recordings: files and folders.")],
    out: Out,
    train_rows: Annotated[
        int | None, typer.Option(help="The first n rows train, the rest test.")
    ] = None,
    train_fraction: Annotated[
        float | None, typer.Option(help="The first part of each recording trains, the rest tests.")
    ] = None,
    test_group: Annotated[
        list[str] | None, typer.Option(help="This {group} tests; may be repeated.")
    ] = None,
    validation: Annotated[float, typer.Option(help="Share of the training rows.")] = 0.15,
    seed: Seed = 0,
    as_json: Json = False,
    *,
    given: dict[str, Any],
) -> None:
    """Import recordings as a dataset.

    Example: radarseq import ionosphere.csv --interleaved --label-column -1 --out data/ionosphere
    """
    from radarseq.captures.faults import printable
    from radarseq.captures.importing import import_
    from radarseq.captures.reading import AS_WRITTEN

    result = import_(
        paths,
        out,
        reading=AS_WRITTEN.updated(given),
        train_rows=train_rows,
        train_fraction=train_fraction,
        test_group=test_group or None,
        validation=validation,
        seed=seed,
    )
    told = {
        "dataset": str(out),
        "rows": result.rows,
        "classes": result.counts,
        "left_out": result.left_out,
        "failures": [[printable(f.path), f.reason, f.remedy] for f in result.failures],
    }
    print_result(told, as_json, lambda: _import_text(told))
    finish([f"{path}: {reason}. {remedy}" for path, reason, remedy in told["failures"]])


def _import_text(told: dict[str, Any]) -> str:
    lines = [f"{told['dataset']}: {told['rows']:,} rows"]
    for name, parts in told["classes"].items():
        lines.append(f"  {name}: " + ", ".join(f"{n:,} {part}" for part, n in parts.items()))
    lines += [f"  left out, {reason}: {n:,}" for reason, n in told["left_out"].items()]
    return "\n".join(lines)


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Dataset, or recipe (.toml) for fresh pairs.")],
    out: Out,
    model: Annotated[str | None, typer.Option(help="wavenet, lstm, gru, rnn or conv_gru.")] = None,
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
        int, typer.Option(help="Train as often, from --seed upwards; shows mean and spread.")
    ] = 0,
    device: Device = "auto",
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Train a model on a dataset, or on fresh pairs straight from a recipe.

    Example: radarseq train data/space --model wavenet --out runs/w
    """
    from radarseq.training.run import train as run
    from radarseq.training.seeds import as_text, train_seeds

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
        warn(dict.fromkeys(note for result in several.runs for note in result.notes))
        runs = {str(run.run): run.metrics for run in several.runs}
        told = {"runs": runs, "spread": several.spread}
        print_result(told, as_json, lambda: as_text(several))
        return
    started = time.perf_counter()
    result = run(data, out, **given)
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


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise RecipeError(f"--set {text}: expected KEY=VALUE, such as --set stacks=2")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


@app.command()
@reads_recordings
def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    data: Annotated[list[Path], typer.Argument(help="A dataset, or recordings.")],
    out: Out,
    split: Annotated[str, typer.Option(help="test, validation, train or all.")] = "test",
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another run to judge on the same rows; may be repeated."),
    ] = None,
    false_reject: Annotated[
        float, typer.Option(help="Share of known objects' windows that may be called unknown.")
    ] = 0.05,
    unknown_score: Annotated[
        str,
        typer.Option(help="energy, mahalanobis or max_probability; auto: by --unknown, if given."),
    ] = "auto",
    unknown: Annotated[
        list[Path] | None,
        typer.Option(help="Dataset or recordings of objects that the model does not know."),
    ] = None,
    unknown_class: Annotated[
        list[str] | None,
        typer.Option(help="Class of DATA that the model does not know; may be repeated."),
    ] = None,
    tempering: Annotated[
        float | None,
        typer.Option(help="What a further window counts, 0 to 1; default: as measured."),
    ] = None,
    stress: Annotated[
        bool, typer.Option("--stress", help="Judge again under faults of the recording.")
    ] = False,
    resample: Annotated[
        bool, typer.Option("--resample", help="Bring a dataset to the model's sampling interval.")
    ] = False,
    annotate: Annotated[
        bool, typer.Option("--annotate", help="Write into SigMF recordings, not into copies.")
    ] = False,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write the tables as Parquet too.")
    ] = False,
    workers: Annotated[int, typer.Option(help="Threads that judge recordings.")] = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted evaluation.")
    ] = False,
    device: Device = "auto",
    as_json: Json = False,
    *,
    given: dict[str, Any],
) -> None:
    """Judge a model beside its baselines, on a dataset or on recordings.

    Example: radarseq evaluate runs/w data/space --out eval/w
    """
    from radarseq.evaluation.judge import evaluate as judge
    from radarseq.evaluation.tables import as_text

    with judging_bar() as progress:
        result = judge(
            run,
            data,
            out,
            split=split,
            reading=given,
            beside=beside or (),
            false_reject=false_reject,
            unknown_score=unknown_score,
            unknown=unknown or (),
            unknown_class=unknown_class or (),
            tempering=tempering,
            stress=stress,
            resample=resample,
            annotate=annotate,
            parquet=parquet,
            workers=workers,
            resume=resume,
            device=device,
            progress=progress,
        )
    warn(result.metrics["data"]["warnings"])
    print_result(result.metrics, as_json, lambda: as_text(result.metrics, result.captures))
    note(f"report: {out / 'report.html'}")
    finish([f"{f['capture']}: {f['reason']}. {f['remedy']}" for f in result.failures])


@app.command()
def report(
    evaluation: Annotated[Path, typer.Argument(help="Evaluation folder.")],
    as_json: Json = False,
) -> None:
    """Draw the page of an evaluation again, without its model and data.

    Example: radarseq report eval/w
    """
    from radarseq.evaluation.redraw import redraw

    page = redraw(evaluation)
    print_result({"report": str(page)}, as_json, lambda: str(page))


@app.command()
@reads_recordings
def inspect(
    path: Annotated[Path, typer.Argument(help="Dataset, recording, recipe, run or evaluation.")],
    plots: Annotated[
        Path | None, typer.Option(help="Of a recipe: folder for its figures; new or empty.")
    ] = None,
    gates: Annotated[
        int | None, typer.Option(help="Of a run: draw its gates for this example of --data.")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Dataset that --gates takes from.")] = None,
    out: Annotated[Path | None, typer.Option(help="The .png that --gates writes.")] = None,
    as_json: Json = False,
    *,
    given: dict[str, Any],
) -> None:
    """Say what a dataset, a recording, a recipe, a run or an evaluation is; or show a run's gates.

    Example: radarseq inspect data/space

    Example: radarseq inspect datasets/space_objects.toml --plots plots

    Example: radarseq inspect runs/l --gates 0 --data data/space --out gates.png
    """
    if gates is not None or data is not None or out is not None:
        _inspect_gates(path, gates, data, out, as_json)
        return
    from radarseq.inspection import as_text, plot
    from radarseq.inspection import inspect as look

    told = look(path, given) if plots is None else plot(path, plots)
    print_result(told, as_json, lambda: as_text(told))


def _inspect_gates(
    run: Path, example: int | None, data: Path | None, out: Path | None, as_json: bool
) -> None:
    from radarseq.inspection import as_text

    if example is None or data is None or out is None:
        raise UsageError("--gates EXAMPLE, --data DATASET and --out FILE.png go together")
    from radarseq.evaluation.gating import draw_example_gates

    told = draw_example_gates(run, data, example, out)
    print_result(told, as_json, lambda: as_text(told))


@app.command()
def validate(
    path: Annotated[Path, typer.Argument(help="Dataset, run, evaluation, recipe or recording.")],
    as_json: Json = False,
) -> None:
    """Read every byte and name every fault; exit 4 if there is one.

    Example: radarseq validate data/space
    """
    from radarseq.validation import validate as check

    found = check(path)
    told = {
        "path": str(path),
        "kind": str(found.kind),
        "checked": found.checked,
        "valid": found.is_valid,
        "faults": list(found.faults),
    }
    print_result(told, as_json, lambda: _validate_text(told))
    if not found.is_valid:
        raise typer.Exit(EXIT_DATA)


def _validate_text(told: dict[str, Any]) -> str:
    if told["valid"]:
        return f"{told['path']}: a valid {told['kind']}, {told['checked']} files read"
    return "\n".join([f"{told['path']}: NOT a valid {told['kind']}", *told["faults"]])


@app.command()
def export(
    dataset: Annotated[Path, typer.Argument(help="Dataset.")],
    out: Out,
    split: Annotated[str, typer.Option(help="test, validation, train or all.")] = "test",
    limit: Annotated[int | None, typer.Option(help="At most this many files.")] = None,
    as_json: Json = False,
) -> None:
    """Write a dataset's objects as recordings, one .npz each.

    Example: radarseq export data/space --out captures --limit 40
    """
    from radarseq.captures.export import export as write

    files = write(dataset, out, split=split, limit=limit)
    told = {"out": str(out), "files": [str(file) for file in files]}
    print_result(told, as_json, lambda: f"{out}: {len(files):,} recordings")
