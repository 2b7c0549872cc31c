"""Arrays that tests make: noise, ramps, impaired rows, draws."""

from dataclasses import fields

import numpy as np
from scipy.integrate import solve_ivp

from radarseq.dataset.schema import Examples, Header
from radarseq.inference.task_targets import task_examples
from radarseq.models.settings import ModelSettings
from simulators.impairments import interference as it
from simulators.pairs import Pairs


def directions_by_rotation_matrix(inertia, omega, direction, times):
    """Return the direction to the radar in the body frame, from the attitude in the fixed frame.

    In the fixed frame the angular momentum L is constant, w = R I^-1 R^T L and R' = [w]x R; no
    Euler equation and no body-frame direction is integrated.
    """
    inertia = np.array(inertia, dtype=float)
    momentum = inertia * omega  # the frames coincide at t = 0

    def slope(_, flat):
        attitude = flat.reshape(3, 3)
        spin = attitude @ ((attitude.T @ momentum) / inertia)
        return np.cross(spin, attitude, axisb=0, axisc=0).ravel()

    solution = solve_ivp(
        slope, (0, times[-1]), np.eye(3).ravel(), "DOP853", times, rtol=1e-12, atol=1e-13
    )
    return np.einsum("ijt,i->tj", solution.y.reshape(3, 3, -1), direction)


def noise(*shape, seed):
    generator = np.random.default_rng(seed)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)) / np.sqrt(2)


def indices(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


def within(values, expected, sigmas=3.0):
    """Whether the mean of independent values lies within some standard errors of ``expected``."""
    return abs(np.mean(values) - expected) < sigmas * np.std(values) / np.sqrt(len(values))


SEED, DOMAIN = np.uint64(12), 0


def echo_of(steps=32, frequency=0.03):
    return np.exp(2j * np.pi * (frequency * np.arange(steps) + 0.2))


def interfere(row, kind, ratio_db=6.0, f=0.0, sweep=0.0, delay=1, index=0, echo=None):
    echo = row if echo is None else echo
    it.add_interference(
        row, echo, kind, ratio_db, 2.0, f, sweep, delay, SEED, DOMAIN, np.uint64(index)
    )
    return row


def columns(pairs):
    named = {f.name: getattr(pairs, f.name) for f in fields(Pairs) if f.name != "parameters"}
    return named | pairs.parameters


def image(pairs):
    return {name: values.tobytes() for name, values in columns(pairs).items()}


def joined(parts):
    parts = [columns(part) for part in parts]
    return {name: b"".join(part[name].tobytes() for part in parts) for name in parts[0]}


STEP = Header(sample_axis="step")


def ramps(rows=40, steps=12, horizon=3):
    """Straight lines: the drift is right, the last value is wrong by the steps ahead."""
    slope = np.linspace(1, 2, rows)[:, None]
    line = (slope * np.arange(steps + horizon)).astype(np.float32)
    return task_examples(
        Examples(STEP, {"x": line[..., None]}),
        ModelSettings(task="forecast", horizon=horizon),
    )


def sequences(x, **columns):
    return Examples(STEP, {"x": np.asarray(x, np.float32)} | columns)


def forecasting(x, horizon=1, **columns):
    return task_examples(sequences(x, **columns), ModelSettings(task="forecast", horizon=horizon))


def deck_series(steps):
    """The book's series, drawn in its order from its seed: two sines and noise."""
    draw = np.random.RandomState(42).rand
    one, two, first, second = draw(4, 10000, 1)
    time = np.linspace(0, 1, steps)
    series = 0.5 * np.sin((time - first) * (one * 10 + 10))
    series += 0.2 * np.sin((time - second) * (two * 20 + 20))
    series += 0.1 * (draw(10000, steps) - 0.5)
    return series.astype(np.float32)[..., None]


def chain(rows, steps, voices, seed=0):
    """Symbols of which each stays with probability 0.7, else moves to the next of five."""
    moves = np.random.default_rng(seed).random((rows, steps, voices)) < 0.3
    return moves.cumsum(axis=1) % 5
