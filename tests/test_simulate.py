import json
import re
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from radarseq import open_dataset, simulate
from radarseq.dataset.simulate import plan_simulation
from radarseq.errors import EXIT_USAGE, DatasetError, OutputError, RecipeError, UsageError
from radarseq.recipes.recipe import parse_recipe
from radarseq.storage.atomic import sha256_file
from simulators.pairs import PairGenerator

# The shipped recipe with spheres of nearly one size, so that their table takes no time.
TEXT = (Path(__file__).parents[1] / "datasets" / "four_shapes.toml").read_text()
TEXT = TEXT.replace("radius_m = [0.05, 0.3]", "radius_m = [0.29, 0.3]")
RECIPE = parse_recipe(TEXT)
EXAMPLES, ROWS, SEED = 2000, 300, 7


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A dataset made without interruption, by one worker."""
    folder = tmp_path_factory.mktemp("simulate") / "whole"
    simulate(RECIPE, folder, examples=EXAMPLES, seed=SEED, rows_per_shard=ROWS)
    return folder


def again(out, **changes):
    plan = {"examples": EXAMPLES, "seed": SEED, "rows_per_shard": ROWS} | changes
    return simulate(RECIPE, out, **plan)


def interrupt_after(shards):
    calls = []

    def progress(done, total):
        calls.append((done, total))
        if len(calls) == shards:
            raise KeyboardInterrupt

    return progress


@pytest.fixture
def interrupted(tmp_path):
    """A run that stopped after three of its seven shards."""
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        again(out, progress=interrupt_after(3))
    return out


# What is written ------------------------------------------------------------------------------


def test_a_dataset_holds_the_pairs_of_its_recipe_and_seed(whole):
    dataset = open_dataset(whole)
    pairs = PairGenerator(RECIPE.scene, seed=SEED)(0, EXAMPLES)
    examples = dataset.load()
    assert len(dataset) == len(examples) == EXAMPLES
    for name in ("tx", "rx", "target", "label", "group", "split"):
        np.testing.assert_array_equal(examples[name], getattr(pairs, name))
    assert set(examples.parameters) == set(pairs.parameters)
    for name, values in pairs.parameters.items():
        np.testing.assert_array_equal(examples.parameters[name], values)
    header = dataset.header
    assert (header.sample_axis, header.sample_interval_s) == ("slow_time", 2e-3)
    assert (header.carrier_hz, header.seed) == (10e9, SEED)
    assert header.class_names == ("sphere", "plate", "cylinder", "cone")
    assert header.recipe == TEXT
    assert header.warnings == ()


def test_the_manifest_tells_rows_and_digests(whole):
    manifest = json.loads((whole / "manifest.json").read_text())
    assert [shard["rows"] for shard in manifest["shards"]] == [300] * 6 + [200]
    assert {shard["file"] for shard in manifest["shards"]} | {"manifest.json"} == set(
        contents(whole)
    )
    for shard in manifest["shards"]:
        assert sha256_file(whole / shard["file"]) == shard["sha256"]


def test_a_dataset_is_made_again_from_the_recipe_that_it_stores(whole, tmp_path):
    header = open_dataset(whole).header
    recipe = parse_recipe(header.recipe)
    simulate(
        recipe, tmp_path / "b", examples=EXAMPLES, seed=header.seed, rows_per_shard=ROWS, workers=2
    )
    assert contents(tmp_path / "b") == contents(whole)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_writes_the_same_bytes(whole, tmp_path, workers):
    again(tmp_path / "out", workers=workers)
    assert contents(tmp_path / "out") == contents(whole)


@pytest.mark.parametrize("rows", [100, 1000, 0])
def test_any_shard_size_holds_the_same_rows(whole, tmp_path, rows):
    expected = open_dataset(whole).load()
    found = again(tmp_path / "out", rows_per_shard=rows).load()
    assert set(found.columns) == set(expected.columns)
    for name, values in expected.columns.items():
        assert found[name].tobytes() == values.tobytes()


def test_more_examples_begin_with_the_fewer(whole, tmp_path):
    fewer = again(tmp_path / "out", examples=500).load()
    for name, values in open_dataset(whole).load().columns.items():
        assert fewer[name].tobytes() == values[:500].tobytes()


def test_another_seed_gives_other_examples(whole, tmp_path):
    other = again(tmp_path / "out", seed=SEED + 1).load()
    assert not np.any(other["rx"] == open_dataset(whole).load()["rx"])


def test_the_largest_seed_survives_the_file(tmp_path):
    dataset = again(tmp_path / "out", seed=2**64 - 1, examples=10)
    assert dataset.header.seed == 2**64 - 1
    assert len(dataset.load()) == 10
    alone = open_dataset(tmp_path / "out" / "shard-00000.h5")
    assert alone.header == dataset.header


def test_progress_counts_up_to_all_examples(tmp_path):
    calls = []
    again(tmp_path / "out", progress=lambda *call: calls.append(call), workers=2)
    done = [call[0] for call in calls]
    assert {call[1] for call in calls} == {EXAMPLES}
    assert len(done) == 7
    assert done == sorted(set(done))
    assert done[-1] == EXAMPLES


# The plan -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("examples", "rows"), [(2000, 0), (5000, 2500), (20_000, 5000)])
def test_the_size_on_disk_is_foretold_within_a_percent(tmp_path, examples, rows):
    out = tmp_path / "out"
    plan = plan_simulation(RECIPE, examples=examples, rows_per_shard=rows)
    simulate(RECIPE, out, examples=examples, rows_per_shard=rows, workers=2)
    size = sum(file.stat().st_size for file in out.iterdir())
    assert plan.examples == examples
    assert plan.bytes_on_disk == pytest.approx(size, rel=0.01)


def test_a_doppler_that_aliases_is_in_the_plan_and_in_every_header(tmp_path):
    text = TEXT.replace("pulse_interval_s = 2e-3", "pulse_interval_s = 8e-3")
    recipe = parse_recipe(text)
    plan = plan_simulation(recipe, examples=20)
    assert any("objects.plate" in warning and "aliases" in warning for warning in plan.warnings)
    assert any("along the line of sight" in warning for warning in plan.warnings)
    dataset = simulate(recipe, tmp_path / "out", examples=20)
    assert dataset.header.warnings == plan.warnings == recipe.scene.warnings()
    with h5py.File(tmp_path / "out" / "shard-00000.h5") as file:
        assert tuple(file.attrs["warnings"]) == plan.warnings


# Interruption and resumption ------------------------------------------------------------------


def test_an_interrupted_run_is_not_a_dataset_and_says_how_to_go_on(interrupted):
    assert len(list(interrupted.glob("shard-*.h5"))) == 3
    assert not (interrupted / "manifest.json").exists()
    assert not (interrupted / ".lock").exists()
    with pytest.raises(DatasetError, match=r"not finished.*--resume"):
        open_dataset(interrupted)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_resumed_run_ends_byte_identical_and_makes_only_what_is_missing(
    whole, interrupted, workers
):
    kept = {path: path.stat().st_mtime_ns for path in interrupted.glob("shard-*.h5")}
    calls = []
    again(interrupted, resume=True, workers=workers, progress=lambda *call: calls.append(call))
    assert contents(interrupted) == contents(whole)
    assert len(calls) == 4
    assert calls[-1] == (EXAMPLES, EXAMPLES)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def damage_nothing_but_add_a_leftover(folder):
    (folder / "shard-00005.h5.part").write_bytes(b"half a shard")


def remove_a_shard(folder):
    sorted(folder.glob("shard-*.h5"))[1].unlink()


def truncate_a_shard(folder):
    shard = sorted(folder.glob("shard-*.h5"))[0]
    shard.write_bytes(shard.read_bytes()[:1000])


def flip_a_bit(folder):
    shard = sorted(folder.glob("shard-*.h5"))[2]
    image = bytearray(shard.read_bytes())
    image[len(image) // 2] ^= 1
    shard.write_bytes(image)


def remove_all_shards(folder):
    for shard in folder.glob("shard-*.h5"):
        shard.unlink()


def swap_two_shards(folder):
    first, second = sorted(folder.glob("shard-*.h5"))[:2]
    images = first.read_bytes(), second.read_bytes()
    first.write_bytes(images[1])
    second.write_bytes(images[0])


@pytest.mark.parametrize(
    "damage",
    [
        damage_nothing_but_add_a_leftover,
        remove_a_shard,
        truncate_a_shard,
        flip_a_bit,
        remove_all_shards,
        swap_two_shards,
    ],
)
def test_a_resumed_run_mends_what_was_damaged_meanwhile(whole, interrupted, damage):
    damage(interrupted)
    again(interrupted, resume=True)
    assert contents(interrupted) == contents(whole)


def test_a_run_interrupted_twice_ends_byte_identical(whole, interrupted):
    with pytest.raises(KeyboardInterrupt):
        again(interrupted, resume=True, progress=interrupt_after(2), workers=2)
    again(interrupted, resume=True)
    assert contents(interrupted) == contents(whole)


def test_a_failing_disk_leaves_whole_shards_that_a_resumed_run_takes_over(
    whole, tmp_path, monkeypatch
):
    from radarseq.dataset import write

    written = []

    def full(path, content, real=write.write_atomically):
        if path.suffix == ".h5" and len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path) if path.suffix == ".h5" else None
        real(path, content)

    monkeypatch.setattr(write, "write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        again(tmp_path / "out")
    monkeypatch.undo()
    assert len(list((tmp_path / "out").glob("shard-*.h5"))) == 3
    again(tmp_path / "out", resume=True)
    assert contents(tmp_path / "out") == contents(whole)


def test_resuming_a_finished_run_has_nothing_to_do(whole, tmp_path):
    out = shutil.copytree(whole, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}

    def never(done, total):
        raise AssertionError("nothing was to be made")

    dataset = again(out, resume=True, progress=never)
    assert dataset.digest == open_dataset(whole).digest
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


def test_resuming_in_a_new_folder_starts_there(whole, tmp_path):
    again(tmp_path / "out", resume=True)
    assert contents(tmp_path / "out") == contents(whole)


# Refusals -------------------------------------------------------------------------------------


def test_a_folder_that_holds_something_is_refused_and_left_alone(whole, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    with pytest.raises(OutputError, match=r"out: not empty \(1 entries, 'thesis.tex'.*--resume"):
        again(out)
    assert contents(out) == {"thesis.tex": b"years of work"}
    before = contents(whole)
    with pytest.raises(OutputError, match="not empty"):
        again(whole)
    assert contents(whole) == before


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="out: is a file; expected a folder"):
        again(tmp_path / "out")


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"examples": 2100}, {"rows_per_shard": 200}], ids=str
)
@pytest.mark.parametrize("state", ["interrupted", "finished"])
def test_another_plan_is_refused_on_resume(request, whole, tmp_path, change, state):
    if state == "interrupted":
        out = request.getfixturevalue("interrupted")
    else:
        out = shutil.copytree(whole, tmp_path / "out")
    before = contents(out)
    with pytest.raises(OutputError) as caught:
        again(out, resume=True, **change)
    ((key, found),) = change.items()
    message = str(caught.value)
    assert str(out) in message
    assert "another dataset" in message
    assert f"'{key}': {found}" in message
    assert "Choose another folder" in message
    assert contents(out) == before


def test_another_recipe_is_refused_on_resume(interrupted):
    text = TEXT.replace("train = 0.7", "train = 0.6")
    with pytest.raises(OutputError, match="recipe_sha256"):
        simulate(
            parse_recipe(text),
            interrupted,
            examples=EXAMPLES,
            seed=SEED,
            rows_per_shard=ROWS,
            resume=True,
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"examples": 0}, "examples is 0; expected 1 or more"),
        ({"workers": 0}, "workers is 0; expected 1 or more"),
        ({"rows_per_shard": -1}, "rows_per_shard is -1; expected 1 or more"),
        ({"seed": -1}, "seed is -1; expected 0 to 2^64 - 1"),
        ({"seed": 2**64}, f"seed is {2**64}; expected 0 to 2^64 - 1"),
    ],
)
def test_arguments_out_of_range_are_named_before_anything_is_written(tmp_path, change, message):
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        again(tmp_path / "out", **change)
    assert caught.value.exit_code == EXIT_USAGE
    assert not (tmp_path / "out").exists()


def test_a_recipe_with_a_fault_is_refused_before_anything_is_written(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text(TEXT.replace("steps = 32", "step = 32"))
    with pytest.raises(RecipeError, match=r"bad.toml: unknown key 'radar.step'.*'steps'"):
        simulate(bad, tmp_path / "out", examples=10)
    assert not (tmp_path / "out").exists()
