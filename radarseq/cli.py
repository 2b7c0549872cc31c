"""The commands. Each is thin: it reads its arguments, calls the function of its name, and prints.

Nothing heavy is imported before a command runs, so that --help is instant.
"""

import io
import json
import signal
import sys
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
)
from radarseq.terminal import finish, note, print_result, progress_bar, size, warn

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
        _fail(f"{word}; simulate and train go on with --resume, others start anew", stop.status)
    except OSError as fault:
        _fail(f"{fault.filename or 'output'}: {fault.strerror or fault}", EXIT_FAILURE)


def _stop(status: int, *_: object) -> None:
    raise Stopped(status)


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
def import_command(
    paths: Annotated[list[Path], typer.Argument(help="Recordings: files and folders.")],
    out: Out,
    name: Annotated[
        str, typer.Option(help="Pattern of the names, such as '{label}/object_{group}.mat'.")
    ] = "",
    label_column: Annotated[
        int | None, typer.Option(help="Column of a table that holds the label; -1: last.")
    ] = None,
    interleaved: Annotated[
        bool, typer.Option("--interleaved", help="Columns are re, im, re, im, ...")
    ] = False,
    layout: Annotated[str, typer.Option(help="Axes of the array, such as frame,step,point.")] = "",
    variable: Annotated[str, typer.Option(help="Array in a .mat, .npz or HDF5 file.")] = "",
    steps: Annotated[int, typer.Option(help="Samples in a window; 0: whole length.")] = 0,
    hop: Annotated[int, typer.Option(help="Samples between windows; 0: they touch.")] = 0,
    stride: Annotated[int, typer.Option(help="Take every n-th sample.")] = 1,
    sample_interval: Annotated[float, typer.Option(help="Seconds between samples.")] = 0.0,
    carrier: Annotated[float, typer.Option(help="Carrier frequency, Hz.")] = 0.0,
    sample_axis: Annotated[
        str | None, typer.Option(help="slow_time, fast_time or step; default: as the file says.")
    ] = None,
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
) -> None:
    """Import recordings as a dataset.

    Example: radarseq import ionosphere.csv --interleaved --label-column -1 --out data/ionosphere
    """
    from radarseq.captures.faults import printable
    from radarseq.captures.importing import import_
    from radarseq.captures.reading import Reading

    reading = Reading(
        name=name,
        label_column=label_column,
        interleaved=interleaved,
        layout=layout,
        variable=variable,
        steps=steps,
        hop=hop,
        stride=stride,
        sample_interval_s=sample_interval,
        carrier_hz=carrier,
        sample_axis=sample_axis,
    )
    result = import_(
        paths,
        out,
        reading=reading,
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
    model: Annotated[str | None, typer.Option(help="wavenet, lstm, gru or rnn.")] = None,
    task: Annotated[str | None, typer.Option(help="both, classify or echo.")] = None,
    epochs: Annotated[int | None, typer.Option(help="At most this many.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples in a step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="At its peak.")] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same weights.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other setting, KEY=VALUE; an unknown KEY lists all."),
    ] = None,
    device: Device = "auto",
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Train a model on a dataset, or on fresh pairs straight from a recipe.

    Example: radarseq train data/space --model wavenet --out runs/w
    """
    from radarseq.training.run import train as run

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
    started = time.perf_counter()
    result = run(data, out, device=device, resume=resume, on_epoch=_show_epoch, **given)
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
    print_result(told, as_json, lambda: _train_text(told))


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise RecipeError(f"--set {text}: expected KEY=VALUE, such as --set stacks=2")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _show_epoch(row: dict[str, float]) -> None:
    if sys.stderr.isatty():
        rest = "  ".join(f"{key} {value:.4f}" for key, value in row.items() if key != "epoch")
        note(f"epoch {row['epoch']:.0f}  {rest}")


def _train_text(told: dict[str, Any]) -> str:
    field = told["receptive_field"]
    seen = "unlimited" if field is None else f"{field} samples"
    if not told["sequences_per_s"]:
        return f"{told['run']}: nothing to do, {told['epochs']} epochs are done"
    metrics = {k: v for k, v in told["metrics"].items() if k != "epoch"}
    return "\n".join(
        [
            f"{told['run']}: {told['parameters']:,} parameters, receptive field {seen}, "
            f"on {told['device']}",
            f"  {told['epochs']} epochs, best {told['best_epoch']}, "
            f"{told['sequences_per_s']:,} sequences/s, {told['seconds']:.0f} s",
            "  " + ", ".join(f"{key} {value:.4f}" for key, value in metrics.items()),
        ]
    )


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    data: Annotated[list[Path], typer.Argument(help="A dataset, or recordings.")],
    out: Out,
    split: Annotated[str, typer.Option(help="test, validation, train or all.")] = "test",
    name: Annotated[
        str, typer.Option(help="Pattern of recordings' names, such as '{label}_{group}.npz'.")
    ] = "",
    beside: Annotated[
        list[Path] | None,
        typer.Option(help="Another run to judge on the same rows; may be repeated."),
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Judge a model beside its baselines, on a dataset or on recordings.

    Example: radarseq evaluate runs/w data/space --out eval/w
    """
    from radarseq.evaluation.judge import evaluate as judge
    from radarseq.evaluation.tables import as_text

    result = judge(run, data, out, split=split, name=name, beside=beside or (), device=device)
    warn(result.metrics["data"]["warnings"])
    print_result(result.metrics, as_json, lambda: as_text(result.metrics, result.captures))
    note(f"report: {out / 'report.html'}")
    finish([f"{f['capture']}: {f['reason']}. {f['remedy']}" for f in result.failures])


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="Dataset, recording, recipe, run or evaluation.")],
    plots: Annotated[Path | None, typer.Option(help="Folder for a recipe's figures.")] = None,
    as_json: Json = False,
) -> None:
    """Say what a dataset, a recording, a recipe, a run or an evaluation is.

    Example: radarseq inspect datasets/space_objects.toml --plots plots
    """
    from radarseq import inspection

    told = inspection.inspect(path) if plots is None else inspection.plot(path, plots)
    print_result(told, as_json, lambda: inspection.as_text(told))


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
