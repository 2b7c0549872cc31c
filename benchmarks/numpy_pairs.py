"""Simulates the pairs of ``datasets/space_objects.toml`` in plain NumPy, on whole arrays.

Draws, tables and physics are those of the compiled generator. ``benchmarks/simulate.py`` uses this
module as its reference, and the tests compare the kernel with it. It supports the shapes of that
recipe, tumbling, in white noise.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import j1

from simulators import random as rng
from simulators.kernels.dwell import DwellArrays
from simulators.objects import SHAPES
from simulators.objects.dispatch import CUBESAT_SIDES_M
from simulators.pairs import PairGenerator

Real = NDArray[np.float64]
_TURN_PULSES = 8  # pulses that one Runge-Kutta step of a body with three moments spans
_CUBIC_TAPS = np.array([-1, 0, 1, 2])
_ROW_TAPS = np.arange(6)
KIND = {name: shape.kind for name, shape in SHAPES.items()}


def dwell_of(generate: PairGenerator) -> DwellArrays:
    """Return the kernel's parameters of a scene whose mode is a dwell."""
    assert isinstance(generate.arrays, DwellArrays)
    return generate.arrays


def uniforms(seed: int, stream: int, index: NDArray[np.uint64], blocks: int) -> Real:
    """Return Philox numbers in (0, 1), shape ``(n, 4 blocks)``."""
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    block = np.arange(blocks, dtype=np.uint64)
    shape = (len(index), blocks)
    c0, c1 = (np.broadcast_to(c[:, None], shape) for c in (index & low, index >> shift))
    c2, c3 = np.broadcast_to(block, shape), np.full(shape, np.uint64(stream))
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c0, np.uint64(0xCD9E8D57) * c2
        c0, c1, c2, c3 = (
            (p1 >> shift) ^ c1 ^ np.uint64(k0),
            p1 & low,
            (p0 >> shift) ^ c3 ^ np.uint64(k1),
            p0 & low,
        )
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    words = np.stack([c0, c1, c2, c3], axis=2).reshape(len(index), -1)
    return words.astype(np.float64) * 2.0**-32 + 2.0**-33


def _direction(u0: Real, u1: Real) -> Real:
    z, azimuth = 2 * u0 - 1, 2 * np.pi * u1
    ring = np.sqrt(1 - z * z)
    return np.stack([ring * np.cos(azimuth), ring * np.sin(azimuth), z], axis=1)


def _between(interval: Real, u: Real) -> Real:
    return interval[..., 0] + (interval[..., 1] - interval[..., 0]) * u


def _moments(kind: int, sizes: Real) -> Real:
    """Return principal moments of inertia, ``(n, 3)``, of the shapes of the recipe."""
    a, b, c, _ = sizes.T
    if kind == KIND["plate"]:
        return np.stack([b**2, a**2, a**2 + b**2], axis=1) / 12
    if kind in (KIND["cylinder"], KIND["rocket_body"]):
        across = a**2 / 4 + b**2 / 12
        return np.stack([across, across, a**2 / 2], axis=1)
    if kind == KIND["cone"]:
        across = 0.15 * a**2 + 0.0375 * b**2
        return np.stack([across, across, 0.3 * a**2], axis=1)
    if kind == KIND["cone_cylinder"]:
        above = (b**2 / 12 - c**2 / 2) / (b / 3 + c)
        cone = 0.15 * a**2 + 0.0375 * b**2 + (0.25 * b - above) ** 2
        stage = a**2 / 4 + c**2 / 12 + (0.5 * c + above) ** 2
        share = b / (b + 3 * c)
        across = share * cone + (1 - share) * stage
        return np.stack([across, across, a**2 * (0.5 - 0.2 * share)], axis=1)
    if kind == KIND["cubesat"]:
        x, y, z = (CUBESAT_SIDES_M[a.astype(int)] ** 2).T
        return np.stack([y + z, x + z, x + y], axis=1)
    if kind == KIND["satellite"]:
        cube, along = 0.8 * a**2 / 6, b**2 / 12 + (0.5 * (a + b)) ** 2
        return np.stack(
            [cube + c**2 / 60, cube + 0.2 * along, cube + 0.2 * (along + c**2 / 12)], axis=1
        )
    return np.ones((len(sizes), 3))


def _symmetric(moments: Real, omega: Real, towards: Real, times: Real) -> Real:
    """Return the third direction cosine of bodies of revolution, ``(n, steps)``."""
    momentum = moments * omega
    size = np.linalg.norm(momentum, axis=1, keepdims=True)
    unit = momentum / size
    along = np.sum(unit * towards, axis=1) * unit[:, 2]
    swing = unit[:, 0] * towards[:, 1] - unit[:, 1] * towards[:, 0]
    angle = size / moments[:, :1] * times
    turning = (towards[:, 2] - along)[:, None] * np.cos(angle)
    return along[:, None] + turning - swing[:, None] * np.sin(angle)


def _free(moments: Real, omega: Real, towards: Real, steps: int, interval_s: float) -> Real:
    """Return directions ``(3, n, steps)`` by Runge-Kutta steps with Hermite interpolation."""

    def slope(state: Real) -> Real:
        w, u = state[:3], state[3:]
        i1, i2, i3 = moments.T
        spin = [(i2 - i3) / i1 * w[1] * w[2], (i3 - i1) / i2 * w[2] * w[0]]
        spin.append((i1 - i2) / i3 * w[0] * w[1])
        turn = [u[1] * w[2] - u[2] * w[1], u[2] * w[0] - u[0] * w[2], u[0] * w[1] - u[1] * w[0]]
        return np.stack(spin + turn)

    out = np.empty((3, len(omega), steps))
    state, h = np.concatenate([omega.T, towards.T]), _TURN_PULSES * interval_s
    t = np.arange(_TURN_PULSES) / _TURN_PULSES
    for first in range(0, steps, _TURN_PULSES):
        k1 = slope(state)
        k2 = slope(state + h / 2 * k1)
        k3 = slope(state + h / 2 * k2)
        k4 = slope(state + h * k3)
        after = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        k5 = slope(after)
        end = t * t * (3 - 2 * t)
        out[:, :, first : first + _TURN_PULSES] = (
            (1 - end) * state[3:, :, None]
            + end * after[3:, :, None]
            + h * t * (1 - t) ** 2 * k1[3:, :, None]
            - h * t * t * (1 - t) * k5[3:, :, None]
        )
        state = after
    return out


def _sinc(x: Real) -> Real:
    return np.sinc(x / np.pi)


def _plate(k: float, width: Real, height: Real, u: Real) -> NDArray[np.complex128]:
    shape = _sinc(k * width * u[0]) * _sinc(k * height * u[1])
    return -1j * k / np.sqrt(np.pi) * width * height * np.abs(u[2]) * shape


def _box(k: float, sides: Real, u: Real) -> NDArray[np.complex128]:
    x, y, z = (k * side[:, None] * np.abs(c) for side, c in zip(sides.T, u, strict=True))
    w, h, d = (side[:, None] for side in sides.T)
    total = h * d * np.abs(u[0]) * _sinc(y) * _sinc(z) * np.exp(1j * x)
    total = total + w * d * np.abs(u[1]) * _sinc(x) * _sinc(z) * np.exp(1j * y)
    total = total + w * h * np.abs(u[2]) * _sinc(x) * _sinc(y) * np.exp(1j * z)
    return -1j * k / np.sqrt(np.pi) * total


def _satellite(k: float, sizes: Real, u: Real) -> NDArray[np.complex128]:
    bus, length, width, radius = (size[:, None] for size in sizes.T)
    panels = _plate(k, length, width, u) * 2 * np.cos(k * (bus + length) * u[0])
    x = np.maximum(2 * k * radius * np.sqrt(np.maximum(0, 1 - u[1] ** 2)), 1e-9)
    dish = -1j * k * np.sqrt(np.pi) * radius**2 * u[1] * 2 * j1(x) / x
    dish = np.where(u[1] > 0, dish * np.exp(1j * k * (bus + radius) * u[1]), 0)
    return _box(k, np.repeat(sizes[:, :1], 3, axis=1), u) + panels + dish


def _lagrange(t: Real, nodes: NDArray[np.int64]) -> Real:
    """Return the weights of the nodes at ``t``, the nodes on the last axis."""
    weights = [
        np.prod([(t - b) / (a - b) for b in nodes if b != a], axis=0) for a in map(float, nodes)
    ]
    return np.stack(weights, axis=-1)


def _sphere(generate: PairGenerator, k: float, radius: Real) -> NDArray[np.complex128]:
    dwell = dwell_of(generate)
    position = (k * radius - dwell.smallest_ka) / 0.02 + 1
    node = position.astype(int)
    near = dwell.ripple[node[:, None] + _CUBIC_TAPS]
    ripple = np.sum(near * _lagrange(position - node, _CUBIC_TAPS), axis=1)
    return np.sqrt(np.pi) * radius * ripple * np.exp(2j * k * radius)


def _tabulated(
    generate: PairGenerator, index: int, member: NDArray[np.int64], cosine: Real
) -> NDArray[np.complex128]:
    tables = dwell_of(generate).tables
    length = int(tables.length[index])
    half = length // 2
    steps = half - 3
    position = np.arccos(np.minimum(1, np.abs(cosine))) * (steps / (0.5 * np.pi))
    first = np.minimum(position.astype(int), steps - 3)
    start = tables.start[index] + member[:, None] * length + first + half * (cosine < 0)
    weights = _lagrange(position - first + 2, _ROW_TAPS)
    values = tables.values.view(np.complex64)[:, 0]
    return np.sum(values[start[..., None] + _ROW_TAPS] * weights, axis=-1)


def _scattered(
    generate: PairGenerator, index: int, member: NDArray[np.int64], sizes: Real, turning: Real
) -> NDArray[np.complex128]:
    """Return the amplitudes of examples of one class, ``(n, steps)``; ``turning`` is (w, u)."""
    dwell, kind = dwell_of(generate), int(dwell_of(generate).objects.kinds[index])
    steps, moments = len(dwell.code), _moments(kind, sizes)
    omega, towards = turning[:, :3], turning[:, 3:]
    if kind == KIND["sphere"]:
        return np.repeat(_sphere(generate, dwell.k, sizes[:, 0])[:, None], steps, axis=1)
    if dwell.tables.start[index] >= 0:
        times = dwell.interval_s * np.arange(steps, dtype=np.float64)
        return _tabulated(generate, index, member, _symmetric(moments, omega, towards, times))
    u = _free(moments, omega, towards, steps, dwell.interval_s)
    if kind == KIND["plate"]:
        return _plate(dwell.k, sizes[:, :1], sizes[:, 1:2], u)
    if kind == KIND["cubesat"]:
        return _box(dwell.k, CUBESAT_SIDES_M[sizes[:, 0].astype(int)], u)
    return _satellite(dwell.k, sizes, u)


def pairs(
    generate: PairGenerator, first: int, count: int
) -> tuple[NDArray[np.complex64], NDArray[np.complex64], NDArray[np.int64]]:
    """Return rx, the echo and the class of stored examples, ``(count, steps)`` each."""
    dwell, seed = dwell_of(generate), int(generate.seed)
    objects, steps = dwell.objects, len(dwell.code)
    example = np.arange(first, first + count, dtype=np.uint64)
    u = uniforms(seed, rng.STREAM_EXAMPLE, example, 1)
    split = (u[:, 0] > objects.shares[0]).astype(int) + (u[:, 0] > objects.shares[1])
    label = (u[:, 1] * len(objects.kinds)).astype(int)
    here = objects.instances[split + 1] - objects.instances[split]
    member = objects.instances[split] + (u[:, 2] * here).astype(int)
    number = (label * objects.per_class + member).astype(np.uint64)
    sizes = _between(objects.sizes[label], uniforms(seed, rng.STREAM_OBJECT, number, 1))
    u = uniforms(seed, rng.STREAM_MOTION, example, 2)
    omega = _between(objects.rates[label], u[:, 0])[:, None] * _direction(u[:, 1], u[:, 2])
    turning = np.hstack([omega, _direction(u[:, 5], u[:, 6])])
    velocity, acceleration = (
        _between(dwell.velocities, u[:, 3]),
        _between(dwell.accelerations, u[:, 4]),
    )
    echo = np.empty((count, steps), dtype=np.complex128)
    for index in range(len(objects.kinds)):
        rows = np.flatnonzero(label == index)
        echo[rows] = _scattered(generate, index, member[rows], sizes[rows], turning[rows])
    u = uniforms(seed, rng.STREAM_SIGNAL, example, 1)
    times = dwell.interval_s * np.arange(steps, dtype=np.float64)
    travel = velocity[:, None] * times + 0.5 * acceleration[:, None] * times**2
    echo *= np.exp(1j * (2 * np.pi * u[:, :1] + 2 * dwell.k * travel)) * dwell.code
    noise = np.mean(np.abs(echo) ** 2, axis=1) * 10 ** (-0.1 * _between(dwell.snr_db, u[:, 1]))
    u = uniforms(seed, rng.STREAM_NOISE, example, (steps + 1) // 2)[:, : 2 * steps]
    radius = np.sqrt(-noise[:, None] * np.log(u[:, 0::2]))
    rx = echo + radius * np.exp(2j * np.pi * u[:, 1::2])
    return rx.astype(np.complex64), echo.astype(np.complex64), label
