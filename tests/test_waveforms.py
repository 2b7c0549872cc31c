from typing import get_args

import numpy as np
import pytest

from simulators.scene import CodeName
from simulators.waveforms import BARKER_13, CODE_NAMES, code


def peak_sidelobe_db(samples):
    correlation = np.abs(np.correlate(samples, samples, "full"))
    peak = len(samples) - 1
    return 20 * np.log10(np.delete(correlation, peak).max() / correlation[peak])


def periodic_autocorrelation(samples):
    return np.array([np.vdot(samples, np.roll(samples, -lag)) for lag in range(len(samples))])


@pytest.mark.parametrize("name", CODE_NAMES)
@pytest.mark.parametrize("steps", [2, 13, 16, 31, 32, 100])
def test_every_code_has_the_length_asked_for_and_unit_modulus(name, steps):
    samples = code(name, steps)
    assert samples.shape == (steps,)
    np.testing.assert_allclose(np.abs(samples), 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "steps", "expected_db"),
    [
        ("barker", 13, -22.28),
        ("frank", 16, -21.07),
        ("p3", 16, -18.75),
        ("p4", 16, -18.75),
        ("p3", 32, -21.60),
        ("p4", 32, -21.60),
        ("zadoff_chu", 31, -21.39),
    ],
)
def test_aperiodic_peak_sidelobe_is_the_published_one(name, steps, expected_db):
    assert peak_sidelobe_db(code(name, steps)) == pytest.approx(expected_db, abs=0.005)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("p4", 16),
        ("p4", 31),
        ("p4", 32),
        ("zadoff_chu", 31),
        ("zadoff_chu", 32),
        ("frank", 16),
        ("p3", 16),
        ("p3", 32),
    ],
)
def test_polyphase_codes_are_perfect_when_they_repeat(name, steps):
    correlation = periodic_autocorrelation(code(name, steps))
    assert correlation[0] == pytest.approx(steps)
    assert np.abs(correlation[1:]).max() < 1e-10 * steps


def test_a_repeating_barker_13_has_sidelobes_of_exactly_1():
    np.testing.assert_allclose(periodic_autocorrelation(code("barker", 13))[1:], 1.0)


def test_codes_shorter_than_the_dwell_repeat():
    np.testing.assert_array_equal(code("barker", 32)[13:26], BARKER_13)
    np.testing.assert_array_equal(code("frank", 32)[25:], code("frank", 25)[:7])


def test_constant_and_random_are_ones_before_an_example_draws_its_phases():
    for name in ("constant", "random"):
        np.testing.assert_array_equal(code(name, 5), np.ones(5))


def test_codes_differ_from_each_other():
    made = [code(name, 31) for name in CODE_NAMES if name != "random"]
    for i, one in enumerate(made):
        for other in made[i + 1 :]:
            assert np.abs(one - other).max() > 0.1


def test_a_recipe_knows_exactly_the_codes_there_are():
    assert get_args(CodeName) == CODE_NAMES


def test_an_unknown_code_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown code 'p5'; known codes: constant, barker, .*p4"):
        code("p5", 32)
