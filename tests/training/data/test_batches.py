"""Batches of stored and of fresh examples."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_runs import columns_of, scene_of

from radarseq.training.data.batches import FreshBatches, StoredBatches, as_batch
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator

CPU = torch.device("cpu")


def columns(batches):
    batches = list(batches)
    return {
        name: torch.cat([getattr(b, name) for b in batches])
        for name in ("signal", "tx", "target", "label")
    }


def stored(batch, batch_size, seed=1, redraw_noise=False, **more):
    more = {"batch_size": batch_size, "seed": seed, "redraw_noise": redraw_noise} | more
    return StoredBatches(batch, **more)


@pytest.mark.parametrize("batch_size", [1, 64, 100, 600, 1000])
def test_an_epoch_holds_every_stored_example_once(space_examples, batch_size):
    batch = as_batch(space_examples, CPU)
    source = stored(batch, batch_size)
    batches = list(source.epoch(0))
    assert len(batches) == len(source) == math.ceil(600 / batch_size)
    found = columns(batches)
    index = {row.numpy().tobytes(): i for i, row in enumerate(batch.signal)}
    order = [index[row.numpy().tobytes()] for row in found["signal"]]
    assert sorted(order) == list(range(600))
    for name, values in found.items():
        assert torch.equal(values, getattr(batch, name)[order])


def test_each_epoch_has_its_own_order_which_the_seed_fixes(space_examples):
    batch = as_batch(space_examples, CPU)
    one, other = stored(batch, 100), stored(batch, 100, seed=2)
    orders = [columns(s.epoch(n))["signal"] for s, n in ((one, 0), (one, 1), (other, 0))]
    assert all(not torch.equal(a, orders[i - 1]) for i, a in enumerate(orders))
    again = stored(batch, 100)
    assert torch.equal(columns(again.epoch(1))["signal"], orders[1])


def of_lengths(space_examples):
    length = torch.randint(1, 33, (600,), generator=torch.Generator().manual_seed(0))
    return replace(as_batch(space_examples, CPU, np.arange(600)), length=length)


@pytest.mark.parametrize("batch_size", [1, 16, 100, 1000])
def test_by_length_a_batch_has_little_padding_and_an_epoch_every_example_once(
    space_examples, batch_size
):
    batch = of_lengths(space_examples)
    source, mixed = stored(batch, batch_size, by_length=True), stored(batch, batch_size)
    epochs = [list(source.epoch(number)) for number in (0, 1)]
    for batches in epochs:
        assert [len(b) for b in batches].count(batch_size) == 600 // batch_size
        assert len(batches) == len(source)
        rows = torch.cat([b.index for b in batches])
        assert rows.sort().values.tolist() == list(range(600))
        assert all(torch.equal(b.length, batch.length[b.index]) for b in batches)
    orders = [torch.cat([b.index for b in batches]) for batches in epochs]
    assert not torch.equal(*orders)
    again = torch.cat([b.index for b in stored(batch, batch_size, by_length=True).epoch(1)])
    assert torch.equal(again, orders[1])

    def steps(batches):
        return sum(b.trimmed().signal.numel() for b in batches)

    valid = int(batch.length.sum())
    if batch_size == 16:  # windows of 128: a batch spans an eighth of the lengths, 4 of 32 steps
        assert steps(epochs[0]) < 1.15 * valid < 1.7 * valid < steps(mixed.epoch(0))


def test_a_batch_by_length_is_no_batch_for_life_and_short_ones_come_at_any_time(space_examples):
    source = stored(of_lengths(space_examples), 16, by_length=True)
    first, second = (list(source.epoch(number)) for number in (0, 1))
    together = [{frozenset(b.index.tolist()) for b in batches} for batches in (first, second)]
    assert not together[0] & together[1]
    source = stored(of_lengths(space_examples), 75, by_length=True)  # one window of 8 batches
    longest = [[float(b.length.max()) for b in source.epoch(number)] for number in range(60)]
    at_place = torch.tensor(longest).mean(dim=0)  # each 18 +- 1.2; in order they are 4 to 32
    assert at_place.max() - at_place.min() < 8


def test_by_length_changes_nothing_where_no_example_has_a_length(space_examples):
    batch = as_batch(space_examples, CPU)
    one, other = (columns(stored(batch, 100, by_length=way).epoch(0)) for way in (True, False))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_new_noise_is_circular_of_the_stored_power_and_another_in_each_epoch(space_examples):
    batch = as_batch(space_examples, CPU)
    source, plain = stored(batch, 100, redraw_noise=True), stored(batch, 100)
    drawn = []
    for number in range(40):
        noisy, quiet = columns(source.epoch(number)), columns(plain.epoch(number))
        assert all(torch.equal(noisy[n], quiet[n]) for n in ("tx", "target", "label"))
        index = {row.numpy().tobytes(): i for i, row in enumerate(batch.target)}
        order = [index[row.numpy().tobytes()] for row in noisy["target"]]
        noise = torch.empty_like(batch.signal)
        noise[order] = noisy["signal"] - noisy["target"]
        drawn.append(noise / batch.noise_power.sqrt()[:, None])
    unit = torch.stack(drawn).numpy().astype(np.complex128)  # (epoch, example, step)
    per_example = (np.abs(unit) ** 2).mean(axis=(0, 2))  # of 1280 samples: 1 +- 0.028
    assert np.abs(per_example - 1).max() < 0.17
    assert (np.abs(unit) ** 2).mean() == pytest.approx(1, abs=0.006)  # six deviations
    assert abs((unit**2).mean()) < 0.01
    assert abs(unit.mean()) < 0.01
    assert abs((unit[1:] * unit[:-1].conj()).mean()) < 0.01
    again = columns(stored(batch, 100, redraw_noise=True).epoch(0))["signal"]
    assert torch.equal(again, columns(source.epoch(0))["signal"])


def test_noise_is_redrawn_of_simulated_echoes_alone(space_examples, toy):
    bare = columns_of(space_examples, "rx", "tx", "label", "parameters/noise_power_m2")
    for examples in (bare, toy):
        batch = as_batch(examples, CPU)
        one, other = (next(stored(batch, 50, redraw_noise=r).epoch(0)) for r in (True, False))
        assert torch.equal(one.signal, other.signal)


def test_fresh_batches_are_the_generators_examples_one_after_the_other(plate_recipe):
    generate = PairGenerator(scene_of(plate_recipe), seed=9, domain=FRESH_TRAIN)
    source = FreshBatches(generate, batch_size=48, pairs_per_epoch=200, device=CPU)
    assert len(source) == 4
    found = [columns(source.epoch(number)) for number in range(3)]
    pairs = generate(0, 3 * 4 * 48)
    for number, epoch in enumerate(found):
        rows = slice(number * 192, number * 192 + 192)
        assert np.array_equal(epoch["signal"].numpy(), pairs.rx[rows])
        assert np.array_equal(epoch["tx"].numpy(), pairs.tx[rows])
        assert np.array_equal(epoch["target"].numpy(), pairs.target[rows])
        assert np.array_equal(epoch["label"].numpy(), pairs.label[rows])
    drawn = {row.numpy().tobytes() for epoch in found for row in epoch["signal"]}
    assert len(drawn) == 576


def test_training_and_validation_share_no_fresh_example(plate_recipe):
    scene = scene_of(plate_recipe)
    one, other = (
        PairGenerator(scene, seed=9, domain=domain)(0, 300)
        for domain in (FRESH_TRAIN, FRESH_VALIDATION)
    )
    assert not set(one.group) & set(other.group)
    assert not {r.tobytes() for r in one.target} & {r.tobytes() for r in other.target}


def test_an_epoch_of_fresh_batches_may_be_left_half_way(plate_recipe):
    generate = PairGenerator(scene_of(plate_recipe), seed=9, domain=FRESH_TRAIN)
    source = FreshBatches(generate, batch_size=8, pairs_per_epoch=80, device=CPU)
    epoch = source.epoch(0)
    first = next(epoch)
    epoch.close()
    assert torch.equal(next(iter(source.epoch(0))).signal, first.signal)
