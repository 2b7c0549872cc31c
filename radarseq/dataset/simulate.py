"""From a recipe to a dataset: simulated shard by shard, on any number of workers."""

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
    keep_shard,
    shard_image,
)
from radarseq.errors import UsageError
from radarseq.execution.pool import check_workers, map_unordered, workers_at
from radarseq.recipes.recipe import Recipe, read_recipe
from radarseq.storage.atomic import sha256_of
from radarseq.storage.output_folder import output_folder, sweep
from radarseq.system import trim_heap
from simulators.pairs import PairGenerator, Pairs
from simulators.scene import Scene
from simulators.series import Sequences, Series, SeriesGenerator

Progress = Callable[[int, int], None]  # examples done, examples in all


@dataclass(frozen=True)
class SimulationPlan:
    """What a simulation will write, before it writes.

    Attributes:
        recipe: The recipe as read.
        examples: How many examples there will be.
        bytes_on_disk: Their size on disk, within a percent.
        warnings: What a user should know of the recipe.
    """

    recipe: Recipe
    examples: int
    bytes_on_disk: int
    warnings: tuple[str, ...]


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


def examples_of(pairs: Pairs | Sequences, header: Header) -> Examples:
    """Return what was simulated as rows of a dataset; without ``rx`` where that is the target."""
    if isinstance(pairs, Sequences):
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
    """Return what ``simulate`` would write.

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
    bare = recipe.content
    if isinstance(bare, Scene):
        bare = replace(bare, table_mib=0)  # of the same columns, and ready at once
    probe = examples_of(_generator(bare, seed)(0, 1), header_of(recipe, seed))
    size = expected_bytes(probe, examples, rows_per_shard)
    return SimulationPlan(recipe, examples, size, recipe.content.warnings())


@dataclass(frozen=True)
class _Shards:
    """What the shards of a dataset have in common."""

    folder: Path
    header: Header
    generate: PairGenerator | SeriesGenerator
    examples: int
    rows_per_shard: int


@dataclass(frozen=True)
class _Made:
    """A shard in memory."""

    folder: Path
    index: int
    image: bytes
    rows: int


def _shard(shards: _Shards, index: int) -> _Made:
    first = index * shards.rows_per_shard
    rows = min(shards.rows_per_shard, shards.examples - first)
    image = shard_image(examples_of(shards.generate(first, rows), shards.header))
    return _Made(shards.folder, index, image, rows)


def _kept(made: _Made) -> dict[str, Any]:
    return keep_shard(made.folder, made.index, made.image, made.rows)


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
    generate: PairGenerator | SeriesGenerator | None = None,
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
        generate: What ``ready_generator`` returned for this recipe and seed, if it was called.

    Returns:
        The finished dataset.

    Raises:
        RecipeError: If the recipe is not valid.
        UsageError: If an argument is out of range.
        OutputError: If the folder is in use, not empty, or holds part of another dataset.
        ClusterError: If the scheduler does not answer, or a worker cannot take part.
        OSError: If the disk is full; what is whole stays, and ``resume`` continues.
    """
    recipe, out = as_recipe(recipe), Path(out)
    plan_simulation(recipe, examples=examples, seed=seed, rows_per_shard=rows_per_shard)
    check_workers(workers, scheduler)
    rows_per_shard = rows_per_shard or ROWS_PER_SHARD
    plan = {
        "recipe_sha256": sha256_of(recipe.text.encode()),
        "seed": seed,
        "examples": examples,
        "rows_per_shard": rows_per_shard,
    }
    with output_folder(out, resume=resume), workers_at(workers, scheduler, out) as pool:
        header = header_of(recipe, seed)
        writer = ShardWriter(out, header, plan)
        firsts = range(0, examples, rows_per_shard)
        missing = [index for index in range(len(firsts)) if not writer.has(index)]
        done = examples - sum(min(rows_per_shard, examples - firsts[i]) for i in missing)
        generate = generate or _generator(recipe.content, seed)
        shared = _Shards(out.absolute(), header, generate, examples, rows_per_shard)
        for record in map_unordered(pool, _shard, missing, shared=shared, keep=_kept):
            writer.add(record)
            done += record["rows"]
            if progress:
                progress(done, examples)
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
    except ValueError as fault:
        raise UsageError(str(fault)) from fault
