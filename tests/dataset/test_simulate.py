"""Simulated datasets: their content, plan, and arguments that are refused."""

import json
import re

import h5py
import numpy as np
import pytest
from datasets_made import EXAMPLES, RECIPE, ROWS, SEED, TEXT, again, contents, same

from radarseq import open_dataset
from radarseq.dataset.simulate import plan_simulation, simulate
from radarseq.errors import EXIT_USAGE, OutputError, RecipeError, UsageError
from radarseq.recipes.recipe import parse_recipe
from radarseq.storage.atomic import sha256_file
from simulators.pairs import PairGenerator


@pytest.mark.slow
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


@pytest.mark.slow
def test_another_seed_gives_other_examples(whole, tmp_path):
    other = again(tmp_path / "out", seed=SEED + 1).load()
    assert not np.any(other["rx"] == open_dataset(whole).load()["rx"])


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.parametrize(("workers", "rows_per_shard"), [(1, 17), (2, 50), (4, 200), (3, 5)])
def test_workers_and_shards_do_not_change_the_examples(
    space_recipe, space_examples, tmp_path, workers, rows_per_shard
):
    dataset = simulate(
        space_recipe, tmp_path / "d", examples=60, seed=7, workers=workers,
        rows_per_shard=rows_per_shard,
    )  # fmt: skip
    assert same(dataset.load(), space_examples.take(slice(60)))


@pytest.mark.slow
def test_workers_give_the_same_bytes(plate_recipe, tmp_path):
    for workers in (1, 4):
        out = tmp_path / str(workers)
        simulate(plate_recipe, out, examples=50, workers=workers, rows_per_shard=7)
    one, many = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("1", "4"))
    assert one == many


@pytest.mark.parametrize(
    "rows_per_shard",
    [
        0,
        1000,
        100,
    ],
)
def test_the_plan_says_the_size_on_disk_within_a_percent(plate_recipe, tmp_path, rows_per_shard):
    plan = plan_simulation(plate_recipe, examples=3000, rows_per_shard=rows_per_shard)
    simulate(plate_recipe, tmp_path / "d", examples=3000, rows_per_shard=rows_per_shard)
    size = sum(path.stat().st_size for path in (tmp_path / "d").glob("*.h5"))
    assert plan.bytes_on_disk == pytest.approx(size, rel=0.01)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"examples": 0}, "examples is 0"),
        ({"examples": 5, "seed": -1}, "seed is -1"),
        ({"examples": 5, "seed": 2**64}, "seed is"),
        ({"examples": 5, "workers": 0}, "workers is 0"),
        ({"examples": 5, "rows_per_shard": -1}, "rows_per_shard is -1"),
    ],
)
def test_what_cannot_be_simulated_is_refused_before_anything_is_made(
    plate_recipe, tmp_path, wrong, word
):
    with pytest.raises(UsageError, match=word):
        simulate(plate_recipe, tmp_path / "d", **wrong)
    assert not (tmp_path / "d").exists()


@pytest.mark.slow
def test_the_largest_seed_works(plate_recipe, tmp_path):
    dataset = simulate(plate_recipe, tmp_path / "d", examples=3, seed=2**64 - 1)
    assert dataset.load().header.seed == 2**64 - 1


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"none\.toml"):
        simulate(tmp_path / "none.toml", tmp_path / "d", examples=3)
