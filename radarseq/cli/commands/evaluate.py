"""`radarseq evaluate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from radarseq.cli.console import evaluation_bar, finish, note, print_result, warn
from radarseq.cli.options import Device, Engine, Json, Out, Scheduler, reads_recordings


@reads_recordings
def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder, or that of the runs of --seeds.")],
    data: Annotated[list[Path], typer.Argument(help="A dataset, or recordings.")],
    out: Out,
    split: Annotated[str, typer.Option(help="test, validation, train or all.")] = "test",
    compare: Annotated[
        list[Path] | None,
        typer.Option(help="Another run to evaluate on the same rows; may be repeated."),
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
    fusion_weight: Annotated[
        float | None,
        typer.Option(help="Weight of each further window, 0 to 1; default: as measured."),
    ] = None,
    stress: Annotated[
        bool, typer.Option("--stress", help="Evaluate again under corruptions of the samples.")
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
    workers: Annotated[int, typer.Option(help="Threads that evaluate recordings.")] = 1,
    scheduler: Scheduler = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an interrupted evaluation.")
    ] = False,
    device: Device = "auto",
    engine: Engine = "auto",
    as_json: Json = False,
    *,
    given: dict[str, Any],
) -> None:
    """Evaluate a model against its baselines, on a dataset or on recordings.

    Example: radarseq evaluate runs/w data/space --out eval/w
    """
    from radarseq.cli.compile_notice import show_compile_notice
    from radarseq.cli.evaluation_text import as_text
    from radarseq.evaluation.evaluate import evaluate as evaluate_model

    show_compile_notice()
    with evaluation_bar() as progress:
        result = evaluate_model(
            run,
            data,
            out,
            split=split,
            options=given,
            compare=compare or (),
            false_reject=false_reject,
            unknown_score=unknown_score,
            unknown=unknown or (),
            unknown_class=unknown_class or (),
            fusion_weight=fusion_weight,
            stress=stress,
            resample=resample,
            annotate=annotate,
            parquet=parquet,
            workers=workers,
            scheduler=scheduler,
            resume=resume,
            device=device,
            engine=engine,
            progress=progress,
        )
    warn(result.metrics["data"]["warnings"])
    print_result(result.metrics, as_json, lambda: as_text(result.metrics, result.captures))
    note(f"report: {out / 'report.html'}")
    finish([f"{f['capture']}: {f['reason']}. {f['hint']}" for f in result.failures])
