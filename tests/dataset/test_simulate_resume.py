"""Interrupted simulations, and what they resume from."""

import json
import shutil

import pytest
from datasets_made import EXAMPLES, ROWS, SEED, TEXT, again, contents, interrupt_after, issues_of

from radarseq import open_dataset
from radarseq.dataset.simulate import simulate
from radarseq.dataset.write import shard_name
from radarseq.errors import DatasetError, OutputError
from radarseq.recipes.recipe import parse_recipe
from radarseq.storage.sealed import write_json


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


@pytest.mark.parametrize("name", ["../outside.h5", "/dev/zero"])
def test_a_resumed_simulation_reads_no_shard_outside(plate_recipe, tmp_path, name):
    settings = {"examples": 50, "rows_per_shard": 10}
    with pytest.raises(KeyboardInterrupt):
        simulate(plate_recipe, tmp_path / "d", progress=interrupt_after(1), **settings)
    path = tmp_path / "d/manifest.unfinished.json"
    manifest = json.loads(path.read_text())
    record = {"file": name, "rows": 10, "sha256": "0" * 64}
    write_json(path, manifest | {"shards": [record]})
    with pytest.raises(DatasetError, match="outside the dataset's folder; refused"):
        simulate(plate_recipe, tmp_path / "d", resume=True, **settings)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["absent", "altered"])
def test_an_interrupted_simulation_ends_as_an_unbroken_one(plate_recipe, tmp_path, damage):
    settings = {"examples": 50, "seed": 5, "rows_per_shard": 10}
    simulate(plate_recipe, tmp_path / "whole", **settings)

    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        simulate(plate_recipe, broken, progress=interrupt_after(3), **settings)
    assert "not finished" in issues_of(broken)
    if damage == "absent":
        (broken / shard_name(0)).unlink()
    else:
        (broken / shard_name(1)).write_bytes(b"garbage")
    (broken / "shard-00004.h5.part").write_bytes(b"half")
    counts = []
    simulate(plate_recipe, broken, resume=True, progress=lambda n, _: counts.append(n), **settings)
    assert counts == [30, 40, 50]
    one, other = (
        {p.name: p.read_bytes() for p in f.iterdir()} for f in (tmp_path / "whole", broken)
    )
    assert one == other
    again = []
    simulate(plate_recipe, broken, resume=True, progress=lambda n, _: again.append(n), **settings)
    assert again == []


@pytest.mark.parametrize("changed", [{"seed": 6}, {"examples": 51}, {"rows_per_shard": 11}])
@pytest.mark.parametrize("finished", [True, False])
def test_another_plan_is_not_mixed_in(plate_recipe, tmp_path, changed, finished):
    settings = {"examples": 50, "seed": 5, "rows_per_shard": 10}

    if finished:
        simulate(plate_recipe, tmp_path / "d", **settings)
    else:
        with pytest.raises(KeyboardInterrupt):
            simulate(plate_recipe, tmp_path / "d", progress=interrupt_after(1), **settings)
    before = {p.name: p.read_bytes() for p in (tmp_path / "d").iterdir()}
    with pytest.raises(OutputError, match=r"holds (part of )?another dataset"):
        simulate(plate_recipe, tmp_path / "d", resume=True, **settings | changed)
    assert {p.name: p.read_bytes() for p in (tmp_path / "d").iterdir()} == before


@pytest.mark.parametrize("content", [{}, {"shards": 3}, {"shards": [{}]}, {"shards": None}])
def test_a_damaged_record_of_an_unfinished_dataset_ends_in_words(plate_recipe, tmp_path, content):
    settings = {"examples": 50, "rows_per_shard": 10}
    with pytest.raises(KeyboardInterrupt):
        simulate(plate_recipe, tmp_path / "d", progress=interrupt_after(1), **settings)
    path = tmp_path / "d/manifest.unfinished.json"
    plan = json.loads(path.read_text())["plan"]
    write_json(path, {"plan": plan} | content)
    with pytest.raises(DatasetError):
        simulate(plate_recipe, tmp_path / "d", resume=True, **settings)
