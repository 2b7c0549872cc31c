"""The dwell kernel: slow time, one sample a pulse, the body turning from pulse to pulse."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.bodies import amplitude, set_inertia
from simulators.drawing import (
    Objects,
    draw_motion,
    draw_object,
    draw_signal,
    draw_sizes,
    random_code_sample,
    receive,
)
from simulators.motion import advance


class Dwell(NamedTuple):
    """What the kernel knows of a scene, as arrays and numbers.

    Attributes:
        objects: The object classes.
        k: Wavenumber [rad/m].
        interval_s: From pulse to pulse [s].
        code: Transmitted samples, complex128 ``(steps,)``.
        random_code: Whether each example draws a code of its own.
        velocities: Interval of the residual velocity [m/s].
        accelerations: Interval of the residual acceleration [m/s^2].
        snr_db: Interval of the signal-to-noise ratio per sample [dB].
        ripple: Table of the sphere's exact series, see ``bodies.amplitude``.
        smallest_ka: Where that table starts.
    """

    objects: Objects
    k: float
    interval_s: float
    code: NDArray[np.complex128]
    random_code: bool
    velocities: NDArray[np.float64]
    accelerations: NDArray[np.float64]
    snr_db: NDArray[np.float64]
    ripple: NDArray[np.complex128]
    smallest_ka: float


class Outputs(NamedTuple):
    """The arrays that a kernel fills, one example a row; see ``pairs.Pairs``."""

    tx: NDArray[np.complex64]
    rx: NDArray[np.complex64]
    target: NDArray[np.complex64]
    label: NDArray[np.int32]
    group: NDArray[np.int64]
    split: NDArray[np.uint8]
    sizes: NDArray[np.float64]
    signal: NDArray[np.float64]


@njit(cache=True, nogil=True)
def scatter(dwell, kind, sizes, state, velocity, acceleration, phase, inertia, work, echo):
    """Set the echo of a body that turns and moves along the line of sight, before its code.

    Args:
        dwell: The scene.
        kind: Of the object.
        sizes: Of the object [m].
        state: Angular velocity and direction to the radar at the first pulse; is advanced.
        velocity: Along the line of sight [m/s].
        acceleration: Along the line of sight [m/s^2].
        phase: Of the propagation [rad].
        inertia: Scratch space, ``(3,)``.
        work: Scratch space, ``(3, 6)``.
        echo: Is set, complex128 ``(steps,)``.
    """
    steps = echo.shape[0]
    set_inertia(kind, sizes, inertia)
    for n in range(steps):
        t = n * dwell.interval_s
        travel = velocity * t + 0.5 * acceleration * t * t  # towards the radar
        scattered = amplitude(
            kind, dwell.k, sizes, state[3], state[4], state[5], dwell.ripple, dwell.smallest_ka
        )
        echo[n] = scattered * np.exp(1j * (phase + 2.0 * dwell.k * travel))
        if n + 1 < steps:
            advance(inertia, state, dwell.interval_s, work)


@njit(cache=True, nogil=True)
def modulate(dwell, seed, domain, index, echo, tx):
    """Set the transmitted samples and multiply the echo by them; return the echo's mean power."""
    power = 0.0
    for n in range(echo.shape[0]):
        sample = dwell.code[n]
        if dwell.random_code:
            sample = random_code_sample(seed, domain, index, n)
        echo[n] *= sample
        tx[n] = sample
        power += echo[n].real ** 2 + echo[n].imag ** 2
    return power / echo.shape[0]


@njit(cache=True, nogil=True)
def fill_example(dwell, seed, domain, index, row, out, echo, state, inertia, work):
    """Simulate example ``index`` into row ``row`` of the outputs; the last four are scratch."""
    split, object_class, number, home = draw_object(dwell.objects, seed, domain, index)
    out.label[row], out.split[row], out.group[row] = object_class, split, np.int64(number)
    sizes = out.sizes[row]
    draw_sizes(dwell.objects.sizes[object_class], seed, home, number, sizes)
    rates = dwell.objects.rates[object_class]
    velocity, acceleration = draw_motion(
        rates, dwell.velocities, dwell.accelerations, seed, domain, index, state
    )
    phase, snr_db = draw_signal(dwell.snr_db, seed, domain, index)
    signal = out.signal[row]
    signal[:6] = state
    signal[6], signal[7], signal[8], signal[9] = velocity, acceleration, phase, snr_db
    kind = dwell.objects.kinds[object_class]
    scatter(dwell, kind, sizes, state, velocity, acceleration, phase, inertia, work, echo)
    power = modulate(dwell, seed, domain, index, echo, out.tx[row])
    noise_power = power * 10.0 ** (-0.1 * snr_db)
    energy = receive(echo, noise_power, seed, domain, index, out.target[row], out.rx[row])
    signal[10] = 10.0 * np.log10(power * echo.shape[0] / energy)
    signal[11] = noise_power


@njit(cache=True, nogil=True)
def fill(dwell, seed, domain, first, out):
    """Fill the outputs, one example a row, from example ``first`` on."""
    state, inertia, work = np.empty(6), np.empty(3), np.empty((3, 6))
    echo = np.empty(dwell.code.shape[0], dtype=np.complex128)
    for row in range(out.tx.shape[0]):
        index = first + np.uint64(row)
        fill_example(dwell, seed, domain, index, row, out, echo, state, inertia, work)
