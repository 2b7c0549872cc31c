"""Occlusion, dropped pulses and spikes against their own rates."""

import numpy as np
from scipy import stats
from signals import indices, within

from simulators.impairments import dropouts as fa

SEED, DOMAIN = np.uint64(12), 0
UNLIKELY = 1e-3  # a p-value; the draws are fixed by the seed, so a pass stays a pass


def test_occlusion_takes_one_run_of_uniform_length_and_place():
    rows, lengths, firsts = np.ones((12_000, 16), dtype=np.complex128), [], []
    for row, i in zip(rows, indices(12_000), strict=True):
        lost = fa.occlude(row, 0.5, 3, 5, SEED, DOMAIN, i)
        gone = np.flatnonzero(row == 0)
        assert len(gone) == lost
        if lost:
            assert gone[-1] - gone[0] == lost - 1  # one run
            lengths.append(lost)
            firsts.append(gone[0])
    happened = np.zeros(12_000)
    happened[: len(lengths)] = 1.0
    assert within(happened, 0.5)
    counts = np.bincount(lengths)
    assert len(counts) == 6  # 3, 4 and 5 steps
    assert np.all(counts[:3] == 0)
    assert stats.chisquare(counts[3:]).pvalue > UNLIKELY
    places = np.bincount(np.array(firsts)[np.array(lengths) == 4])
    assert len(places) == 13  # the last place at which a run of 4 still fits, and all before
    assert stats.chisquare(places).pvalue > UNLIKELY


def test_occlusion_longer_than_the_dwell_takes_all_of_it():
    row = np.ones(8, dtype=np.complex128)
    assert fa.occlude(row, 1.0, 20, 30, SEED, DOMAIN, np.uint64(0)) == 8
    assert not row.any()


def test_dropped_pulses_are_independent_and_as_many_as_asked():
    rows = np.ones((8000, 9), dtype=np.complex128)
    lost = [fa.drop(row, 0.3, SEED, DOMAIN, i) for row, i in zip(rows, indices(8000), strict=True)]
    gone = (rows == 0).astype(float)
    np.testing.assert_array_equal(lost, gone.sum(axis=1))
    assert np.all(rows[gone == 0] == 1.0)
    covariance = np.cov(gone.T)
    assert np.abs(covariance - 0.21 * np.eye(9)).max() < 4 * 0.21 / np.sqrt(8000)
    assert within(gone.mean(axis=1), 0.3)


def test_spikes_hit_as_often_and_as_hard_as_asked_with_any_phase():
    rows = np.zeros((8000, 5), dtype=np.complex128)
    hits = [
        fa.add_spikes(row, 0.2, 50.0, SEED, DOMAIN, i)
        for row, i in zip(rows, indices(8000), strict=True)
    ]
    hit = rows != 0
    np.testing.assert_array_equal(hits, hit.sum(axis=1))
    assert within(hit.mean(axis=1), 0.2)
    assert np.abs(np.cov(hit.T.astype(float)) - 0.16 * np.eye(5)).max() < 4 * 0.16 / np.sqrt(8000)
    np.testing.assert_allclose(np.abs(rows[hit]) ** 2, 50.0, rtol=1e-12)
    phase = np.angle(rows[hit])
    assert stats.kstest(phase, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > UNLIKELY
