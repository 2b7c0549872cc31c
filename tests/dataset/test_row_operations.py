"""Decoding, the padding mask and grouping against plain loops."""

import numpy as np
import pytest

from radarseq.dataset.row_operations import decode, rank_in_group, rows_by_group, valid_steps

RNG = np.random.default_rng(3)


def test_decoding_undoes_a_code_and_silence_decodes_to_zero():
    echo = RNG.normal(size=(5, 8, 2)) + 1j * RNG.normal(size=(5, 8, 2))
    tx = 0.5 * np.exp(2j * np.pi * RNG.uniform(size=(5, 8)))
    tx[1, 3] = 0.0
    decoded = decode(echo * tx[..., None], tx)
    expected = echo.copy()
    expected[1, 3] = 0.0
    np.testing.assert_allclose(decoded, expected, rtol=1e-12)
    np.testing.assert_array_equal(decode(echo[..., 0], np.ones((5, 8), complex)), echo[..., 0])


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_the_padding_mask_is_that_of_a_loop(dtype):
    length = np.array([0, 3, 8], dtype)
    assert valid_steps(length, 8).tolist() == [[n < count for n in range(8)] for count in length]


@pytest.mark.parametrize("rows", [0, 1, 50])
def test_groups_and_ranks_are_those_of_a_loop(rows):
    group = RNG.integers(3, 9, size=rows)
    present, found = rows_by_group(group)
    assert present.tolist() == sorted(set(group.tolist()))
    assert [list(its) for its in found] == [
        [n for n in range(rows) if group[n] == one] for one in present
    ]
    expected = [sum(group[m] == group[n] for m in range(n)) for n in range(rows)]
    assert rank_in_group(group).tolist() == expected
