"""Sines, cosines and phasors to the last bits."""

import mpmath
import numpy as np
import pytest

from simulators.fast_trig import arc_cosine, phasor, sine_cosine

ANGLES = [*np.random.default_rng(0).uniform(-3, 3, 300), 0.0, 0.125, -0.125, 0.25, 0.5, 1e6 + 0.3]


def test_sine_and_cosine_of_turns_are_exact_to_the_last_bits():
    with mpmath.workdps(40):
        for turns in ANGLES:
            angle = 2 * mpmath.pi * mpmath.mpf(float(turns))
            sine, cosine = sine_cosine(float(turns))
            assert abs(sine - float(mpmath.sin(angle))) < 4e-16
            assert abs(cosine - float(mpmath.cos(angle))) < 4e-16


def test_a_phasor_is_the_exponential():
    for phase in (0.0, 1.0, -200.0, 3e3):
        assert phasor(phase) == pytest.approx(np.exp(1j * phase), abs=1e-12)


def test_the_arc_cosine_is_exact_and_holds_at_its_ends():
    for x in (*np.linspace(-1, 1, 2001), -1e-9, 1 - 1e-12):
        assert arc_cosine(float(x)) == pytest.approx(np.arccos(x), abs=1e-12)
    assert arc_cosine(1.0 + 1e-9) == 0.0
    assert arc_cosine(-1.0 - 1e-9) == pytest.approx(np.pi, abs=1e-15)
