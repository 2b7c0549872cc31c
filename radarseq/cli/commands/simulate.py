"""Command line of ``radarseq simulate``."""

import time
from pathlib import Path
from typing import Annotated

import typer

from radarseq.cli.console import note, print_result, progress_bar, size, warn
from radarseq.cli.options import Json, Out, Resume, Scheduler, Seed


def simulate(
    recipe: Annotated[Path, typer.Argument(help="Recipe (.toml).")],
    out: Out,
    examples: Annotated[int, typer.Option(help="How many Tx/Rx pairs.")] = 20_000,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(help="Threads that simulate.")] = 2,
    scheduler: Scheduler = "",
    rows_per_shard: Annotated[int, typer.Option(help="Pairs in a file; 0: 50,000.")] = 0,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Simulate a dataset from a recipe.

    Example: radarseq simulate datasets/space_objects.toml --out data/space --seed 1
    """
    from radarseq.cli.compile_notice import show_compile_notice
    from radarseq.dataset.simulate import plan_simulation, ready_generator, run_simulation

    plan = plan_simulation(recipe, examples=examples, seed=seed, rows_per_shard=rows_per_shard)
    warn(plan.warnings)
    note(f"{plan.recipe.name}: {examples:,} pairs, {size(plan.bytes_on_disk)} on disk")
    show_compile_notice()
    generate, objects = None, plan.recipe.content.tabulated_objects
    if objects:
        with progress_bar("tables", objects, "objects") as advance:
            generate = ready_generator(plan.recipe, seed=seed, progress=advance)
    if not scheduler:  # compiled before the rate is taken
        generate = generate or ready_generator(plan.recipe, seed=seed)
        generate(0, 1)
    started = time.perf_counter()
    with progress_bar("simulating", examples, "pairs") as advance:
        dataset = run_simulation(
            plan,
            out,
            workers=workers,
            scheduler=scheduler,
            resume=resume,
            progress=advance,
            generate=generate,
        )
    seconds = time.perf_counter() - started
    summary = {
        "dataset": str(out),
        "examples": len(dataset),
        "digest": dataset.digest,
        "bytes": sum(shard.path.stat().st_size for shard in dataset.shards),
        "seconds": round(seconds, 3),
        "pairs_per_s": round(len(dataset) / seconds),
        "warnings": list(plan.warnings),
    }
    print_result(
        summary,
        as_json,
        lambda: (
            f"{out}: {len(dataset):,} pairs, {size(summary['bytes'])}, "
            f"{summary['pairs_per_s']:,} pairs/s, digest {dataset.digest[:12]}"
        ),
    )
