"""From a recipe to a dataset: simulated shard by shard, on any number of workers."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from radarseq.config import Recipe, read_recipe
from radarseq.dataset.read import Dataset, open_dataset
from radarseq.dataset.schema import PARAMETER_PREFIX, Examples, Header
from radarseq.dataset.write import ROWS_PER_SHARD, ShardWriter, expected_bytes, shard_image
from radarseq.errors import UsageError
from radarseq.files import output_folder, sha256_of
from simulators.pairs import PairGenerator, Pairs
from simulators.scene import Scene

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
    scene = recipe.scene
    return Header(
        sample_axis="slow_time",
        sample_interval_s=scene.radar.pulse_interval_s,
        carrier_hz=scene.radar.carrier_hz,
        class_names=scene.class_names,
        seed=seed,
        recipe=recipe.text,
        warnings=scene.warnings(),
    )


def examples_of(pairs: Pairs, header: Header) -> Examples:
    """Return simulated pairs as rows of a dataset; without ``rx`` where that is the target."""
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
    bare = replace(recipe.scene, table_mib=0)  # of the same columns, and ready at once
    probe = examples_of(_generator(bare, seed)(0, 1), header_of(recipe, seed))
    size = expected_bytes(probe, examples, rows_per_shard)
    return SimulationPlan(recipe, examples, size, recipe.scene.warnings())


def simulate(
    recipe: Recipe | Path | str,
    out: Path | str,
    *,
    examples: int,
    seed: int = 0,
    workers: int = 1,
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
        rows_per_shard: Examples in a file; 0 takes the default.
        resume: Continue an interrupted run of the same plan.
        progress: Called with (examples done, examples in all).

    Returns:
        The finished dataset.

    Raises:
        RecipeError: If the recipe is not valid.
        UsageError: If an argument is out of range.
        OutputError: If the folder is in use, not empty, or holds part of another dataset.
        OSError: If the disk is full; what is whole stays, and ``resume`` continues.
    """
    recipe, out = as_recipe(recipe), Path(out)
    plan_simulation(recipe, examples=examples, seed=seed, rows_per_shard=rows_per_shard)
    if workers < 1:
        raise UsageError(f"workers is {workers}; expected 1 or more")
    rows_per_shard = rows_per_shard or ROWS_PER_SHARD
    plan = {
        "recipe_sha256": sha256_of(recipe.text.encode()),
        "seed": seed,
        "examples": examples,
        "rows_per_shard": rows_per_shard,
    }
    with output_folder(out, resume=resume):
        header = header_of(recipe, seed)
        writer = ShardWriter(out, header, plan)
        firsts = range(0, examples, rows_per_shard)
        missing = [index for index in range(len(firsts)) if not writer.has(index)]
        done = examples - sum(min(rows_per_shard, examples - firsts[i]) for i in missing)
        generate = _generator(recipe.scene, seed)

        def make(index: int) -> tuple[int, bytes, int]:
            rows = min(rows_per_shard, examples - firsts[index])
            pairs = generate(firsts[index], rows)
            return index, shard_image(examples_of(pairs, header)), rows

        for index, image, rows in _in_any_order(make, missing, workers):
            writer.write(index, image, rows)
            done += rows
            if progress:
                progress(done, examples)
        writer.finish()
    return open_dataset(out)


def _generator(scene: Scene, seed: int) -> PairGenerator:
    try:
        return PairGenerator(scene, seed=seed)
    except ValueError as fault:
        raise UsageError(str(fault)) from fault


def _in_any_order(
    make: Callable[[int], tuple[int, bytes, int]], indices: list[int], workers: int
) -> Iterator[tuple[int, bytes, int]]:
    """Yield what ``make`` returns for each index, at most ``workers`` + 1 of them in memory."""
    with ThreadPoolExecutor(workers) as pool:
        waiting = iter(indices)
        running: set[Future[tuple[int, bytes, int]]] = set()
        try:
            while True:
                while len(running) <= workers and (index := next(waiting, None)) is not None:
                    running.add(pool.submit(make, index))
                if not running:
                    return
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
