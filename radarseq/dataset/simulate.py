"""Simulates the dataset of a recipe, shard by shard, on any number of workers."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from radarseq.dataset.read import Dataset, open_dataset
from radarseq.dataset.schema import PARAMETER_PREFIX, Examples, Header
from radarseq.dataset.write import (
    ROWS_PER_SHARD,
    ShardWriter,
    expected_bytes,
    shard_image,
    write_shard,
)
from radarseq.errors import UsageError
from radarseq.execution.pool import check_workers, map_unordered, workers_at
from radarseq.recipes.recipe import Recipe, read_recipe
from radarseq.storage.atomic import sha256_of
from radarseq.storage.output_folder import output_folder, sweep
from radarseq.system import trim_heap
from simulators.pairs import PairGenerator, Pairs
from simulators.scene import Scene
from simulators.series import Series, SeriesBatch, SeriesGenerator

Progress = Callable[[int, int], None]  # examples done, examples in all


@dataclass(frozen=True)
class SimulationPlan:
    """A simulation before it runs: its input, all checked, and the size of its output.

    Attributes:
        recipe: The recipe as read.
        seed: 0 to 2^64 - 1.
        examples: How many examples there will be.
        rows_per_shard: Examples in a file.
        bytes_on_disk: Their size on disk, within a percent.
        warnings: Warnings of the recipe, such as a Doppler that aliases.
    """

    recipe: Recipe
    seed: int
    examples: int
    rows_per_shard: int
    bytes_on_disk: int
    warnings: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return what the bytes of the dataset depend on, for its manifest."""
        return {
            "recipe_sha256": sha256_of(self.recipe.text.encode()),
            "seed": self.seed,
            "examples": self.examples,
            "rows_per_shard": self.rows_per_shard,
        }


def as_recipe(recipe: Recipe | Path | str) -> Recipe:
    """Return a recipe, read from its file where a path is given."""
    return recipe if isinstance(recipe, Recipe) else read_recipe(Path(recipe))


def header_of(recipe: Recipe, seed: int) -> Header:
    """Return the header of a dataset made from ``recipe``."""
    scene = recipe.content
    if isinstance(scene, Series):
        return Header(
            sample_axis="step",
            sample_interval_s=scene.sample_interval_s,
            feature_names=scene.feature_names,
            seed=seed,
            recipe=recipe.text,
        )
    return Header(
        sample_axis="fast_time" if scene.mode == "pulse" else "slow_time",
        sample_interval_s=scene.sample_interval_s,
        carrier_hz=scene.radar.carrier_hz,
        class_names=scene.class_names,
        seed=seed,
        recipe=recipe.text,
        warnings=scene.warnings(),
    )


def to_examples(pairs: Pairs | SeriesBatch, header: Header) -> Examples:
    """Return simulated pairs as rows of a dataset; without ``rx`` where that is the target."""
    if isinstance(pairs, SeriesBatch):
        return Examples(header, dict(vars(pairs)))
    names = ["tx", "rx", "target", "label", "group", "split"]
    if pairs.target is pairs.rx:
        names.remove("rx")
    columns = {name: getattr(pairs, name) for name in names}
    named = {PARAMETER_PREFIX + name: values for name, values in pairs.parameters.items()}
    return Examples(header, columns | named)


def plan_simulation(
    recipe: Recipe | Path | str, *, examples: int, seed: int = 0, rows_per_shard: int = 0
) -> SimulationPlan:
    """Return the checked plan of a simulation; nothing is written.

    Raises:
        RecipeError: If the recipe is not valid.
        UsageError: If ``examples`` or ``rows_per_shard`` is out of range.
    """
    recipe = as_recipe(recipe)
    if examples < 1:
        raise UsageError(f"examples is {examples}; expected 1 or more")
    rows_per_shard = rows_per_shard or ROWS_PER_SHARD
    if rows_per_shard < 1:
        raise UsageError(f"rows_per_shard is {rows_per_shard}; expected 1 or more")
    content = recipe.content
    if isinstance(content, Scene):
        content = replace(content, table_mib=0)  # has the same columns and needs no tables
    probe = to_examples(_generator(content, seed)(0, 1), header_of(recipe, seed))
    size = expected_bytes(probe, examples, rows_per_shard)
    warnings = recipe.content.warnings()
    return SimulationPlan(recipe, seed, examples, rows_per_shard, size, warnings)


@dataclass(frozen=True)
class _ShardTask:
    """Input that the shards of a dataset share."""

    folder: Path
    header: Header
    generate: PairGenerator | SeriesGenerator
    plan: SimulationPlan


def _make_shard(task: _ShardTask, index: int) -> tuple[Path, int, bytes, int]:
    """Return the arguments of ``write_shard``: folder, index, bytes and rows."""
    first = index * task.plan.rows_per_shard
    rows = min(task.plan.rows_per_shard, task.plan.examples - first)
    image = shard_image(to_examples(task.generate(first, rows), task.header))
    return task.folder, index, image, rows


def _write_shard(made: tuple[Path, int, bytes, int]) -> dict[str, Any]:
    return write_shard(*made)


@trim_heap
def simulate(
    recipe: Recipe | Path | str,
    out: Path | str,
    *,
    examples: int,
    seed: int = 0,
    workers: int = 1,
    scheduler: str = "",
    rows_per_shard: int = 0,
    resume: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """Simulate a dataset: ``examples`` Tx/Rx pairs with targets, labels and parameters.

    Example ``i`` is a function of (recipe, seed, i): the same bytes for any number of workers and
    any shard size, and after any interruption.

    Args:
        recipe: A recipe, or the path of one.
        out: The folder to write; new or empty, unless ``resume``.
        examples: How many.
        seed: 0 to 2^64 - 1.
        workers: Threads that simulate; the kernel releases the interpreter lock.
        scheduler: Address of a dask scheduler, whose workers simulate instead; they must see
            ``out`` under the same path.
        rows_per_shard: Examples in a file; 0 takes the default.
        resume: Continue an interrupted run of the same plan.
        progress: Called with (examples done, examples in all).

    Returns:
        The finished dataset.

    Raises:
        RecipeError: If the recipe is not valid.
        UsageError: If an argument is out of range.
        OutputError: If the folder is in use, not empty, or holds part of another dataset.
        ClusterError: If the scheduler does not answer, or a worker cannot take part.
        OSError: If the disk is full; what is whole stays, and ``resume`` continues.
    """
    plan = plan_simulation(recipe, examples=examples, seed=seed, rows_per_shard=rows_per_shard)
    return run_simulation(
        plan, out, workers=workers, scheduler=scheduler, resume=resume, progress=progress
    )


def run_simulation(
    plan: SimulationPlan,
    out: Path | str,
    *,
    workers: int = 1,
    scheduler: str = "",
    resume: bool = False,
    progress: Progress | None = None,
    generate: PairGenerator | SeriesGenerator | None = None,
) -> Dataset:
    """Simulate the dataset of a plan.

    Args:
        plan: From ``plan_simulation``.
        out: See ``simulate``, as the arguments that follow.
        workers: Threads.
        scheduler: Address of a dask scheduler.
        resume: Continue an interrupted run.
        progress: Called with (examples done, examples in all).
        generate: The plan's ``ready_generator``, if it was called.

    Raises:
        UsageError: If an argument is out of range.
        OutputError: If the folder is in use, not empty, or holds part of another dataset.
        ClusterError: If the scheduler does not answer, or a worker cannot take part.
        OSError: If the disk is full; what is whole stays, and ``resume`` continues.
    """
    out = Path(out)
    check_workers(workers, scheduler)
    with output_folder(out, resume=resume), workers_at(workers, scheduler, out) as pool:
        header = header_of(plan.recipe, plan.seed)
        writer = ShardWriter(out, header, plan.record())
        firsts = range(0, plan.examples, plan.rows_per_shard)
        missing = [index for index in range(len(firsts)) if not writer.has(index)]
        done = plan.examples - sum(
            min(plan.rows_per_shard, plan.examples - firsts[index]) for index in missing
        )
        generate = generate or _generator(plan.recipe.content, plan.seed)
        task = _ShardTask(out.absolute(), header, generate, plan)
        for record in map_unordered(pool, _make_shard, missing, shared=task, keep=_write_shard):
            writer.add(record)
            done += record["rows"]
            if progress:
                progress(done, plan.examples)
        sweep(out)  # what a lost worker has left half-written
        writer.finish()
    return open_dataset(out)


def ready_generator(
    recipe: Recipe | Path | str, *, seed: int = 0, progress: Progress | None = None
) -> PairGenerator | SeriesGenerator:
    """Return the generator of a recipe, its amplitude tables made or read from the cache.

    Args:
        recipe: A recipe, or the path of one.
        seed: 0 to 2^64 - 1.
        progress: Called with (objects tabulated, objects in all).

    Raises:
        RecipeError: If the recipe is not valid.
        UsageError: If the seed is out of range.
    """
    return _generator(as_recipe(recipe).content, seed, progress)


def _generator(
    content: Scene | Series, seed: int, progress: Progress | None = None
) -> PairGenerator | SeriesGenerator:
    try:
        if isinstance(content, Series):
            return SeriesGenerator(content, seed=seed)
        return PairGenerator(content, seed=seed, progress=progress)
    except ValueError as error:
        raise UsageError(str(error)) from error
