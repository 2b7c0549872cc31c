"""Persistence and counts on chains of symbols."""

import numpy as np
import pytest
from signals import chain

from radarseq.baselines.symbols import MarkovBaseline, PersistenceBaseline


def test_persistence_and_counts_learn_the_chain():
    notes = chain(400, 30, 2)
    valid = np.ones((400, 29), bool)
    past, following = notes[:, :-1], notes[:, 1:]
    held = PersistenceBaseline(past, following, valid, 5)
    counts = MarkovBaseline(past, following, valid, 5, held.lag)
    assert held.lag == 0
    probability = counts(past)
    np.testing.assert_allclose(probability.sum(axis=3), 1.0)
    np.testing.assert_allclose(held(past).sum(axis=3), 1.0)
    assert probability[0, 0, 0, past[0, 0, 0]] == pytest.approx(0.7, abs=0.03)
    assert probability[0, 0, 0, (past[0, 0, 0] + 1) % 5] == pytest.approx(0.3, abs=0.03)


def test_a_lag_is_found_where_voices_are_woven_into_one():
    woven = chain(200, 40, 4).reshape(200, -1, 1)[:, :100]
    held = PersistenceBaseline(woven[:, :-1], woven[:, 1:], np.ones((200, 99), bool), 5)
    assert held.lag == 3  # the same voice sounded four notes before the next one
