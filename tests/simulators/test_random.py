"""Counter-based numbers: known answers, laws and independence."""

import mpmath
import numpy as np
import pytest
from scipy import stats

from simulators import random as rng

COUNT = 20_000
UNLIKELY = 1e-4  # a p-value; the draws are fixed by the seed, so a pass stays a pass


def draws(seed=1, domain=0, stream=0, first=0, block=0, count=COUNT):
    rows = [rng.uniforms(seed, domain, stream, first + i, block) for i in range(count)]
    return np.array(rows)  # (count, 4)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter, key, answer):
    assert rng.philox(*counter, *key) == answer


def test_words_lay_index_block_stream_domain_and_seed_out_as_documented():
    # The third known answer again, through the layout: index is counter words 0 and 1, block is
    # word 2, stream + 256 domain is word 3, and the seed is the key, low word first.
    seed, index = np.uint64(0x299F31D0A4093822), np.uint64(0x85A308D3243F6A88)
    found = rng.words(seed, 0x037073, 0x44, index, 0x13198A2E)
    assert found == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


@pytest.mark.parametrize(
    ("word", "expected"), [(0, 2.0**-33), (2**32 - 1, 1 - 2.0**-33), (2**31, 0.5 + 2.0**-33)]
)
def test_unit_is_the_middle_of_the_words_cell_and_never_0_or_1(word, expected):
    assert rng.unit(np.uint32(word)) == expected


def test_all_four_words_are_uniform():
    for column in draws().T:
        assert stats.kstest(column, "uniform").pvalue > UNLIKELY


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"seed": 1 + 2**32},
        {"domain": 1},
        {"stream": 1},
        {"block": 1},
        {"first": 2**32},
        {"first": 1},
    ],
    ids=str,
)
def test_another_seed_domain_stream_block_or_index_gives_uncorrelated_numbers(other):
    here, there = draws(), draws(**other)
    assert not np.any(here == there)
    correlation = np.corrcoef(here.T, there.T)[:4, 4:]
    assert np.abs(correlation).max() < 5 / np.sqrt(COUNT)  # 112 of them: 5 sigma, not 3


def test_words_of_one_block_are_uncorrelated():
    correlation = np.corrcoef(draws().T) - np.eye(4)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(COUNT)


@pytest.mark.parametrize("offset", [2**32, 2**33, 2**63])
def test_indices_that_share_their_low_word_differ(offset):
    words = rng.words(7, 0, 0, np.uint64(5), 0)
    assert rng.words(7, 0, 0, np.uint64(5 + offset), 0) != words


def test_between_spans_its_interval():
    assert rng.between(-2.0, 6.0, 0.0) == -2.0
    assert rng.between(-2.0, 6.0, 0.25) == 0.0
    assert rng.between(-2.0, 6.0, 1.0) == 6.0


def test_direction_is_uniform_on_the_sphere():
    vectors = np.array([rng.direction(u[0], u[1]) for u in draws()])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-14)
    # Archimedes: each coordinate of a uniform direction is itself uniform on -1..1.
    for coordinate in vectors.T:
        assert stats.kstest(coordinate, "uniform", args=(-1, 2)).pvalue > UNLIKELY
    azimuth = np.arctan2(vectors[:, 1], vectors[:, 0])
    assert stats.kstest(azimuth, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > UNLIKELY
    second_moment = vectors.T @ vectors / COUNT
    assert np.abs(second_moment - np.eye(3) / 3).max() < 4.5 * np.sqrt(4 / 45 / COUNT)


def test_circular_normal_has_variance_1_and_is_circular():
    z = np.array([rng.circular_normal(u[0], u[1]) for u in draws(first=10**6)])
    bound = 4.5 / np.sqrt(COUNT)
    assert abs(np.mean(np.abs(z) ** 2) - 1) < bound
    assert abs(np.mean(z)) < bound
    assert abs(np.mean(z**2)) < bound * np.sqrt(2)  # E|z^2|^2 = 2
    for part in (z.real, z.imag):
        assert stats.kstest(part, "norm", args=(0, np.sqrt(0.5))).pvalue > UNLIKELY
    assert stats.kstest(np.abs(z) ** 2, "expon").pvalue > UNLIKELY


def test_the_logarithm_of_a_draw_is_exact_to_the_last_bits():
    words = [0, 1, 2, 3, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1]
    words += np.random.default_rng(0).integers(0, 2**32, 300).tolist()
    words += [2**n + d for n in range(2, 32) for d in (-1, 0, 1)]
    with mpmath.workdps(40):
        for word in words:
            u = rng.unit(np.uint32(word))
            exact = -mpmath.log(mpmath.mpf(float(u)))
            assert abs(rng.minus_log(u) / exact - 1) < 4e-16
