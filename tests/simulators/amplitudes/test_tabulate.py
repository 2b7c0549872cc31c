"""Amplitude tables: their error, their cache, and that neither shows in the results."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.amplitudes import tables, tabulate
from simulators.amplitudes.closed_form import ripple_table
from simulators.objects import Cone, Cylinder, RocketBody, Sphere
from simulators.objects.dispatch import amplitude
from simulators.pairs import PairGenerator
from simulators.scene import Scene, Split
from simulators.units import wavenumber

K = wavenumber(10e9)
SPLIT = Split(train=0.5, validation=0.25)
NO_RIPPLE = (np.zeros(0, dtype=np.complex128), 0.0)
CONE = Cone(name="cone", length_m=(0.2, 0.4))
SCENE = Scene(objects=(CONE,), objects_per_class=4, split=SPLIT)
PULSE = replace(SCENE, mode="pulse")
BODIES = {
    "cone": (CONE, (0.1, 0.3, 1.0, 1.0)),
    "cylinder": (Cylinder(name="cylinder", length_m=(0.2, 0.4)), (0.1, 0.3, 1.0, 1.0)),
    "rocket_body": (RocketBody(name="stage", length_m=(0.5, 0.6)), (0.15, 0.55, 0.07, 0.2)),
}


def looked_up(values, start, length, cosines):
    """Return what a table gives, complex ``(cosine, frequency)``."""
    parts = np.empty((len(cosines), values.shape[1]))
    for cosine, row in zip(cosines, parts, strict=True):
        tables.look_up(values, start, length, cosine, row)
    return parts.view(np.complex128)


@pytest.mark.slow
@pytest.mark.parametrize("k", [(K,), (1.1 * K, K, 0.9 * K)], ids=["one", "band"])
@pytest.mark.parametrize("name", BODIES)
def test_a_table_gives_the_amplitude_at_any_aspect_within_its_gate(folder, name, k):
    item, sizes = BODIES[name]
    body = tabulate.Body(item.kernel_kind, item.largest_extent_m(), np.array([sizes]))
    band = tabulate.Band(np.array(k), *NO_RIPPLE)
    made = tabulate.tabulate([None, body], band, max_bytes=1 << 24)
    assert made.start.tolist() == [-1, 0]
    cosines = np.concatenate(
        [np.random.default_rng(0).uniform(-1, 1, 4000), [-1.0, -1e-7, 1e-7, 1.0, 1.1]]
    )
    kind, length = item.kernel_kind, int(made.length[1])
    found = looked_up(made.values, 0, length, cosines)
    sines = np.sqrt(np.maximum(0.0, 1 - cosines**2))
    exact = np.array(
        [
            [amplitude(kind, one, np.array(sizes), s, 0.0, min(c, 1.0), *NO_RIPPLE) for one in k]
            for s, c in zip(sines, cosines, strict=True)
        ]
    )
    rms = np.sqrt(np.mean(np.abs(exact) ** 2))
    error = np.abs(found - exact) / rms
    assert error.max() < tabulate.MAX_ERROR
    assert np.sqrt(np.mean(error**2)) < 1e-4


def test_a_dwell_reads_what_a_look_does(folder):
    item, sizes = BODIES["rocket_body"]
    body = tabulate.Body(item.kernel_kind, item.largest_extent_m(), np.array([sizes, sizes]))
    band = tabulate.Band(np.array([K]), *NO_RIPPLE)
    made = tabulate.tabulate([body], band, max_bytes=1 << 24)
    length, cosines = int(made.length[0]), np.linspace(-1, 1, 33)
    directions, echo = np.zeros((3, 33)), np.empty(33, dtype=np.complex128)
    directions[2] = cosines
    tables.look_up_all(made.values, length, length, directions, echo)
    np.testing.assert_allclose(echo, looked_up(made.values, 0, length, cosines)[:, 0], rtol=1e-12)


def test_a_table_too_coarse_for_the_gate_is_refined_and_one_without_room_left_out(
    folder, monkeypatch
):
    item, sizes = BODIES["cone"]
    body = tabulate.Body(item.kernel_kind, item.largest_extent_m(), np.array([sizes]))
    band = tabulate.Band(np.array([K]), *NO_RIPPLE)

    def made(max_bytes=1 << 24):
        return tabulate.tabulate([body], band, max_bytes=max_bytes)

    first, none = made(), made(100)
    assert (none.start[0], none.values.size) == (-1, 0)
    values = first.values[: first.length[0]]
    error = tabulate._worst_error(item.kernel_kind, K, np.array(sizes), *NO_RIPPLE, values)
    monkeypatch.setattr(tabulate, "MAX_ERROR", 0.9 * error)
    assert made().length[0] >= 1.9 * first.length[0]
    monkeypatch.setattr(tabulate, "MAX_ERROR", 1e-12)
    assert made().start[0] == -1


def test_pairs_from_tables_are_those_evaluated_at_every_look(folder):
    tabulated = PairGenerator(SCENE, seed=2)(0, 400)
    direct = PairGenerator(replace(SCENE, table_mib=0), seed=2)(0, 400)
    np.testing.assert_array_equal(tabulated.group, direct.group)
    rms = np.sqrt(np.mean(np.abs(direct.target) ** 2))
    assert 0 < np.abs(tabulated.target - direct.target).max() < 2e-3 * rms


@pytest.mark.slow
@pytest.mark.parametrize("scene", [SCENE, PULSE], ids=["dwell", "pulse"])
def test_a_warm_a_cold_and_a_damaged_cache_give_the_same_bytes(folder, scene):
    cold = PairGenerator(scene, seed=2)(0, 50).rx.tobytes()
    (file,) = folder.glob("*.table")
    image = file.read_bytes()
    assert PairGenerator(scene, seed=2)(0, 50).rx.tobytes() == cold
    for damage in (b"", image[:-1], image[:100] + bytes([image[100] ^ 1]) + image[101:]):
        file.write_bytes(damage)
        assert PairGenerator(scene, seed=2)(0, 50).rx.tobytes() == cold
        assert file.read_bytes() == image
    assert [path.name for path in folder.iterdir()] == [file.name]
    PairGenerator(scene, seed=3)
    assert len(list(folder.iterdir())) == 2


def test_generators_of_one_scene_share_their_tables(folder):
    first, second = PairGenerator(PULSE, seed=2), PairGenerator(PULSE, seed=2, domain=1)
    assert first.arrays.tables.values is second.arrays.tables.values
    assert PairGenerator(PULSE, seed=3).arrays.tables.values is not first.arrays.tables.values


@pytest.mark.slow
def test_rows_of_small_bodies_are_kept_by_the_series_that_they_come_from(folder):
    """Its table starts elsewhere beside another class, which moves the last bits of a sphere."""
    small = Cylinder(name="rod", radius_m=(0.005, 0.1), length_m=(0.05, 0.3), small_body="sphere")
    sizes = np.array([(0.1, 0.3, 1.0, 1.0), (0.006, 0.08, 1.0, 1.0)])
    body = tabulate.Body(small.kernel_kind, small.largest_extent_m(), sizes)
    grids = (
        ripple_table([small, ball], K) for ball in (CONE, Sphere(name="b", radius_m=(0.004, 1.0)))
    )
    one, other = (tabulate.Band(np.array([K]), *grid) for grid in grids)
    cold = [tabulate.tabulate([body], band, max_bytes=1 << 24) for band in (one, other)]
    assert not np.array_equal(cold[0].values, cold[1].values)
    warm = [tabulate.tabulate([body], band, max_bytes=1 << 24) for band in (other, one)]
    assert warm[0].values is cold[1].values
    assert warm[1].values is cold[0].values


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
    fitting = int(message.split("objects_per_class to ")[1].split(" ")[0].replace(",", ""))
    assert Scene(objects=(CONE,), objects_per_class=fitting, table_mib=1).table_bytes <= 1 << 20
    assert Scene(objects=(CONE,), objects_per_class=5000, table_mib=0).tabulated == (False,)
