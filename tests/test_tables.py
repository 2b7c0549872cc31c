"""Amplitude tables: their error, their cache, and that neither shows in the results."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.bodies import amplitude
from simulators.objects import Cone, Cylinder, RocketBody
from simulators.pairs import PairGenerator
from simulators.scattering import cache, tables
from simulators.scattering.cache import cached
from simulators.scene import Scene, Split
from simulators.units import wavenumber

K = wavenumber(10e9)
SPLIT = Split(train=0.5, validation=0.25)
NO_RIPPLE = (np.zeros(0, dtype=np.complex128), 0.0)
CONE = Cone(name="cone", length_m=(0.2, 0.4))
SCENE = Scene(objects=(CONE,), objects_per_class=4, split=SPLIT)
BODIES = {
    "cone": (CONE, (0.1, 0.3, 1.0, 1.0)),
    "cylinder": (Cylinder(name="cylinder", length_m=(0.2, 0.4)), (0.1, 0.3, 1.0, 1.0)),
    "rocket_body": (RocketBody(name="stage", length_m=(0.5, 0.6)), (0.15, 0.55, 0.07, 0.2)),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache of its own, empty."""
    monkeypatch.setenv("RADARSEQ_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("name", BODIES)
def test_a_table_gives_the_amplitude_at_any_aspect_within_its_gate(folder, name):
    item, sizes = BODIES[name]
    body = tables.Body(item.kernel_kind, item.largest_extent_m(), np.array([sizes]))
    made = tables.tabulate([None, body], K, *NO_RIPPLE, most_bytes=1 << 24)
    assert made.start.tolist() == [-1, 0]
    cosines = np.concatenate(
        [np.random.default_rng(0).uniform(-1, 1, 4000), [-1.0, -1e-7, 1e-7, 1.0, 1.1]]
    )
    kind, length = item.kernel_kind, int(made.length[1])
    found = np.array([tables.look_up(made.values, 0, length, c) for c in cosines])
    sines = np.sqrt(np.maximum(0.0, 1 - cosines**2))
    exact = np.array(
        [
            amplitude(kind, K, np.array(sizes), s, 0.0, min(c, 1.0), *NO_RIPPLE)
            for s, c in zip(sines, cosines, strict=True)
        ]
    )
    rms = np.sqrt(np.mean(np.abs(exact) ** 2))
    error = np.abs(found - exact) / rms
    assert error.max() < tables.LARGEST_ERROR
    assert np.sqrt(np.mean(error**2)) < 1e-4


def test_a_table_too_coarse_for_the_gate_is_refined_and_one_without_room_left_out(
    folder, monkeypatch
):
    item, sizes = BODIES["cone"]
    body = tables.Body(item.kernel_kind, item.largest_extent_m(), np.array([sizes]))
    first = tables.tabulate([body], K, *NO_RIPPLE, most_bytes=1 << 24)
    none = tables.tabulate([body], K, *NO_RIPPLE, most_bytes=100)
    assert (none.start[0], none.values.size) == (-1, 0)
    row = first.values[: first.length[0]]
    error = tables._worst_error(item.kernel_kind, K, np.array(sizes), *NO_RIPPLE, row)
    monkeypatch.setattr(tables, "LARGEST_ERROR", 0.9 * error)
    finer = tables.tabulate([body], K, *NO_RIPPLE, most_bytes=1 << 24)
    assert finer.length[0] >= 1.9 * first.length[0]
    monkeypatch.setattr(tables, "LARGEST_ERROR", 1e-12)
    assert tables.tabulate([body], K, *NO_RIPPLE, most_bytes=1 << 24).start[0] == -1


def test_pairs_from_tables_are_those_evaluated_at_every_look(folder):
    tabulated = PairGenerator(SCENE, seed=2)(0, 400)
    direct = PairGenerator(replace(SCENE, table_mib=0), seed=2)(0, 400)
    np.testing.assert_array_equal(tabulated.group, direct.group)
    rms = np.sqrt(np.mean(np.abs(direct.target) ** 2))
    assert 0 < np.abs(tabulated.target - direct.target).max() < 2e-3 * rms


def test_a_warm_a_cold_and_a_damaged_cache_give_the_same_bytes(folder):
    cold = PairGenerator(SCENE, seed=2)(0, 50).rx.tobytes()
    (file,) = folder.glob("*.table")
    image = file.read_bytes()
    assert PairGenerator(SCENE, seed=2)(0, 50).rx.tobytes() == cold
    for damage in (b"", image[:-1], image[:100] + bytes([image[100] ^ 1]) + image[101:]):
        file.write_bytes(damage)
        assert PairGenerator(SCENE, seed=2)(0, 50).rx.tobytes() == cold
        assert file.read_bytes() == image
    assert [path.name for path in folder.iterdir()] == [file.name]
    PairGenerator(SCENE, seed=3)
    assert len(list(folder.iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("RADARSEQ_CACHE", str(tmp_path / "file"))
    made = [cached(("a", 1), (3,), np.float64, lambda: np.arange(3.0)) for _ in range(2)]
    np.testing.assert_array_equal(made, [[0, 1, 2]] * 2)


def test_the_files_unused_for_longest_go_when_there_are_too_many(folder, monkeypatch):
    monkeypatch.setattr(cache, "LARGEST_FOLDER_BYTES", 300)
    for name in "abcde":
        cached((name,), (10,), np.float64, lambda: np.zeros(10))
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 300


def test_progress_counts_all_objects(folder):
    calls = []
    PairGenerator(SCENE, seed=5, progress=lambda *call: calls.append(call))
    assert calls[-1] == (4, 4)
    assert calls == sorted(calls)


def test_tables_beyond_the_budget_are_refused_with_what_would_fit():
    with pytest.raises(ValueError, match=r"table_mib is 1: .* take \d+ MiB. Set .* to (\d+) or"):
        Scene(objects=(CONE,), objects_per_class=5000, table_mib=1)
    message = ""
    try:
        Scene(objects=(CONE,), objects_per_class=5000, table_mib=1)
    except ValueError as fault:
        message = str(fault)
    fitting = int(message.split("objects_per_class to ")[1].split(" ")[0])
    assert Scene(objects=(CONE,), objects_per_class=fitting, table_mib=1).table_bytes <= 1 << 20
    assert Scene(objects=(CONE,), objects_per_class=5000, table_mib=0).tabulated == (False,)
