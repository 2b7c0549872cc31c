"""Pairs: a function of scene, seed and index alone, in splits that share no object."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from datasets_made import COUNT, QUICK, SCENE
from scipy import stats
from signals import columns, image, joined

from simulators.kernels import dwell
from simulators.pairs import FRESH_TEST, FRESH_TRAIN, FRESH_VALIDATION, STORED, PairGenerator
from simulators.scene import Split


@pytest.mark.parametrize("sizes", [(1,) * 60, (7, 53), (30, 1, 29), (59, 1)], ids=str)
def test_an_example_is_the_same_bytes_alone_and_in_any_batch(generator, sizes):
    firsts = 100 + np.cumsum([0, *sizes[:-1]])
    parts = [generator(int(first), size) for first, size in zip(firsts, sizes, strict=True)]
    assert joined(parts) == image(generator(100, 60))


def test_a_plain_scene_has_the_bytes_of_the_kernel_that_takes_any(generator, monkeypatch):
    assert isinstance(generator.arrays, dwell.DwellArrays)
    plain = image(generator(0, 40))
    monkeypatch.setattr(dwell, "_fill_plain_rows", dwell._fill_rows)
    assert image(generator(0, 40)) == plain


def test_threads_share_one_generator(generator):
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda first: generator(first, 250), range(0, 4000, 250)))
    assert joined(parts) == image(generator(0, 4000))


def test_two_generators_of_one_scene_and_seed_agree_and_other_seeds_do_not(generator):
    assert image(PairGenerator(SCENE, seed=3)(0, 20)) == image(generator(0, 20))
    bare = replace(QUICK, table_mib=0)  # a table for every seed would take longer than the test
    here = PairGenerator(bare, seed=3)(0, 20)
    for seed in (4, 3 + 2**32, 2**64 - 1):
        other = PairGenerator(bare, seed=seed)(0, 20)
        assert not np.any(other.rx == here.rx)


def test_indices_beyond_32_bits_are_other_examples(generator):
    near, far = generator(0, 20), generator(2**32, 20)
    assert not np.any(near.rx == far.rx)
    assert image(generator(2**32 + 7, 1)) == joined([generator(2**32 + 7, 1)])
    np.testing.assert_array_equal(generator(2**32 + 7, 1).rx[0], far.rx[7])


def test_an_empty_batch_has_the_shapes_of_a_full_one(generator):
    empty = generator(5, 0)
    assert empty.rx.shape == empty.tx.shape == empty.target.shape == (0, 32)
    assert all(len(values) == 0 for values in columns(empty).values())


def test_types_and_shapes_are_the_documented_ones(many):
    types = {name: str(values.dtype) for name, values in columns(many).items()}
    assert [types[name] for name in ("tx", "rx", "target")] == ["complex64"] * 3
    assert [types[name] for name in ("label", "group", "split")] == ["int32", "int64", "uint8"]
    assert {str(values.dtype) for values in many.parameters.values()} == {"float32"}
    assert many.rx.shape == many.tx.shape == many.target.shape == (COUNT, 32)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match=rf"seed is {seed}; expected 0 to 2\^64 - 1"):
        PairGenerator(QUICK, seed=seed)


@pytest.mark.parametrize(("first", "count"), [(-1, 5), (0, -5)])
def test_a_negative_range_is_refused(generator, first, count):
    with pytest.raises(ValueError, match=f"first {first} and count {count} must be 0 or more"):
        generator(first, count)


def test_split_shares_are_those_of_the_recipe(many):
    for part, share in enumerate((0.7, 0.15, 0.15)):
        sigma = np.sqrt(share * (1 - share) / COUNT)
        assert np.mean(many.split == part) == pytest.approx(share, abs=4 * sigma)


def test_no_object_is_in_two_splits_or_of_two_classes_or_sizes(many):
    names = ("radius_m", "width_m", "height_m", "length_m")
    sizes = np.stack([many.parameters[name] for name in names], axis=1)
    facts = np.column_stack([many.group, many.split, many.label, np.nan_to_num(sizes, nan=-1)])
    facts = np.unique(facts, axis=0)
    assert len(facts) == len(np.unique(many.group))
    assert facts[:, 0].min() >= 0
    assert facts[:, 0].max() < 4 * SCENE.objects_per_class
    np.testing.assert_array_equal(facts[:, 0] // SCENE.objects_per_class, facts[:, 2])


def test_every_object_is_drawn_about_equally_often():
    scene = replace(QUICK, objects_per_class=20)
    pairs = PairGenerator(scene, seed=1)(0, 10_000)
    groups, counts = np.unique(pairs.group, return_counts=True)
    np.testing.assert_array_equal(groups, np.arange(80))
    assert stats.chisquare(counts).pvalue > 1e-4
    per_split = [len(np.unique(pairs.group[pairs.split == part])) for part in range(3)]
    assert per_split == [4 * count for count in scene.objects_per_split] == [56, 12, 12]


def test_fresh_domains_differ_from_the_stored_one_and_keep_to_their_objects():
    many = PairGenerator(QUICK, seed=3)(0, COUNT)
    homes = {part: set(many.group[many.split == part]) for part in range(3)}
    stored = {row.tobytes() for row in many.rx}
    for part, domain in enumerate((FRESH_TRAIN, FRESH_VALIDATION, FRESH_TEST)):
        fresh = PairGenerator(QUICK, seed=3, domain=domain)(0, 5000)
        assert set(fresh.split) == {part}
        for other in {0, 1, 2} - {part}:
            assert not set(fresh.group) & homes[other]
        assert len(set(fresh.group) & homes[part]) > 0.9 * min(len(homes[part]), 1000)
        drawn = {row.tobytes() for row in fresh.rx}
        assert len(drawn) == 5000
        assert not drawn & stored
        assert not np.any(fresh.parameters["phase_rad"] == many.parameters["phase_rad"][:5000])


def test_an_object_has_the_same_sizes_in_every_domain(many):
    fresh = PairGenerator(SCENE, seed=3, domain=FRESH_TRAIN)(0, 2000)
    stored = dict(zip(many.group, many.parameters["radius_m"], strict=True))
    shared = [
        (value, stored[group])
        for group, value in zip(fresh.group, fresh.parameters["radius_m"], strict=True)
        if group in stored
    ]
    assert len(shared) > 1000
    np.testing.assert_array_equal(*np.array(shared).T)


def test_a_fresh_domain_without_objects_is_refused():
    scene = replace(QUICK, split=Split(train=1.0, validation=0.0), table_mib=0)
    with pytest.raises(ValueError, match="without objects"):
        PairGenerator(scene, seed=1, domain=FRESH_TEST)
    assert set(PairGenerator(scene, seed=1, domain=FRESH_TRAIN)(0, 100).split) == {0}


def test_objects_per_class_0_makes_a_new_object_for_every_example():
    scene = replace(QUICK, objects_per_class=0)
    stored = PairGenerator(scene, seed=3)(50, 4000)
    np.testing.assert_array_equal(stored.group, 50 + np.arange(4000))
    widths = stored.parameters["width_m"][stored.label == 1]
    assert stats.kstest(widths, "uniform", args=(0.1, 0.4)).pvalue > 1e-4
    assert len(np.unique(widths)) > 0.999 * len(widths)
    assert {0, 1, 2} == set(stored.split)
    fresh = PairGenerator(scene, seed=3, domain=FRESH_TEST)(50, 4000)
    assert set(fresh.split) == {2}
    assert not np.any(fresh.parameters["phase_rad"] == stored.parameters["phase_rad"])


def test_the_stored_domain_is_the_first(generator):
    assert STORED == 0
    assert generator.domain == STORED
