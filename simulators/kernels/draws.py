"""Compiled draws of an example: its object, motion, signal, code and noise.

One function per stream of random numbers, see ``simulators.random``, for the kernels of both
modes. None allocates, so that the same source runs on any processor, and none counts references,
see ``simulators.numba_options``.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.fast_trig import sine_cosine
from simulators.motion import TUMBLE, set_rotation
from simulators.numba_options import UNCOUNTED
from simulators.waveforms.codes import RANDOM_PHASES

# Domains keep the endless training stream apart from a stored dataset's examples.
STORED, FRESH_TRAIN, FRESH_VALIDATION, FRESH_TEST = range(4)


class Objects(NamedTuple):
    """The object classes, from which examples are drawn, as arrays.

    Attributes:
        kinds: Numbers of the shapes, see ``objects.kernel_ids``, int64 ``(class,)``.
        sizes: Intervals of the sizes [m], ``(class, size, 2)``.
        motions: Numbers of the motions, see ``aliasing.motion_number``, int64 ``(class,)``.
        rates: Intervals of the motion's rate [rad/s], ``(class, 2)``.
        angles: Intervals of the cone's half angle [rad], ``(class, 2)``.
        axisymmetric: Whether turning about z changes nothing, bool ``(class,)``.
        per_class: Objects of each class; 0 makes a new one for every example.
        instances: First object of each split, and the end of the last, int64 ``(4,)``.
        shares: Upper ends of the shares of training and validation, ``(2,)``.
    """

    kinds: NDArray[np.int64]
    sizes: NDArray[np.float64]
    motions: NDArray[np.int64]
    rates: NDArray[np.float64]
    angles: NDArray[np.float64]
    axisymmetric: NDArray[np.bool_]
    per_class: int
    instances: NDArray[np.int64]
    shares: NDArray[np.float64]


@njit(**UNCOUNTED, forceinline=True)
def draw_object(objects, seed, domain, index):
    """Draw the object of example ``index``.

    Returns:
        Its split, its class, its number (which is its group), and the domain that its sizes are
        drawn in: all domains share the objects, unless every example has its own.
    """
    u_split, u_class, u_instance, _ = rng.uniforms(seed, domain, rng.STREAM_EXAMPLE, index, 0)
    split = domain - 1
    if domain == STORED:
        split = int(u_split > objects.shares[0]) + int(u_split > objects.shares[1])
    object_class = int(u_class * objects.kinds.shape[0])
    if objects.per_class == 0:
        return split, object_class, np.uint64(index), domain
    here = objects.instances[split + 1] - objects.instances[split]
    member = objects.instances[split] + int(u_instance * here)
    return split, object_class, np.uint64(object_class * objects.per_class + member), 0


@njit(**UNCOUNTED, forceinline=True)
def draw_sizes(priors, seed, domain, number, sizes):
    """Set the sizes [m] of object ``number`` from the intervals ``priors``, ``(size, 2)``."""
    u = rng.uniforms(seed, domain, rng.STREAM_OBJECT, number, 0)
    for i in range(priors.shape[0]):
        sizes[i] = rng.between(priors[i, 0], priors[i, 1], u[i])


@njit(**UNCOUNTED)
def fill_sizes(priors, seed, first, sizes):
    """Set the sizes of the objects from number ``first`` on, one per row, ``(object, size)``."""
    for i in range(sizes.shape[0]):
        draw_sizes(priors, seed, 0, np.uint64(first + i), sizes[i])


@njit(**UNCOUNTED, forceinline=True)
def draw_rotation(objects, object_class, seed, domain, index, inertia, state):
    """Draw the rotation of an object: its angular velocity and its direction to the radar.

    Args:
        objects: The object classes.
        object_class: The class of the object.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.
        inertia: Principal moments of the object, ``(3,)``.
        state: Is set to both, in the body's frame, ``(6,)``.
    """
    u_rate, u1, u2, _ = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 0)
    _, u5, u6, _ = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 1)
    rate = rng.between(objects.rates[object_class, 0], objects.rates[object_class, 1], u_rate)
    state[3], state[4], state[5] = rng.direction(u5, u6)
    motion = objects.motions[object_class]
    if motion == TUMBLE:
        ax, ay, az = rng.direction(u1, u2)
        state[0], state[1], state[2] = rate * ax, rate * ay, rate * az
    else:
        angle = rng.between(objects.angles[object_class, 0], objects.angles[object_class, 1], u1)
        set_rotation(motion, rate, angle, 2.0 * np.pi * u2, inertia, state)


@njit(**UNCOUNTED, forceinline=True)
def draw_travel(velocities, accelerations, seed, domain, index):
    """Return the residual velocity [m/s] and acceleration [m/s^2], closing positive.

    Args:
        velocities: Interval of the velocity [m/s].
        accelerations: Interval of the acceleration [m/s^2].
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.
    """
    _, _, _, u3 = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 0)
    u4, _, _, _ = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 1)
    velocity = rng.between(velocities[0], velocities[1], u3)
    return velocity, rng.between(accelerations[0], accelerations[1], u4)


@njit(**UNCOUNTED, forceinline=True)
def draw_signal(snr_interval_db, seed, domain, index):
    """Return the propagation phase [rad] and the signal-to-noise ratio [dB]."""
    u_phase, u_snr, _, _ = rng.uniforms(seed, domain, rng.STREAM_SIGNAL, index, 0)
    return 2.0 * np.pi * u_phase, rng.between(snr_interval_db[0], snr_interval_db[1], u_snr)


@njit(**UNCOUNTED, forceinline=True)
def random_code_sample(seed, domain, index, n):
    """Return sample ``n`` of the quadriphase code that example ``index`` draws."""
    word = rng.words(seed, domain, rng.STREAM_CODE, index, n // 4)[n % 4]
    return np.exp(2j * np.pi * int(rng.unit(word) * RANDOM_PHASES) / RANDOM_PHASES)


@njit(**UNCOUNTED, forceinline=True)
def receive(echo, noise_power, seed, domain, index, noise, target, rx):
    """Set ``target`` to the echo and ``rx`` to the echo in white circular noise.

    The same numbers as ``receiver.add_noise``, in short loops that vectorise.

    Args:
        echo: The echo, complex128 ``(steps,)``.
        noise_power: Variance of the noise.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        index: The example.
        noise: Scratch space, float64 ``(2, steps + 1)``.
        target: Is set, complex64 ``(steps,)``.
        rx: Is set, complex64 ``(steps,)``.

    Returns:
        The mean power of the noise that was added.
    """
    steps, real, imaginary = echo.shape[0], noise[0], noise[1]
    half = (steps + 1) // 2  # samples 2 i lie at i, samples 2 i + 1 at half + i
    for i in range(half):
        real[i], imaginary[i], real[half + i], imaginary[half + i] = rng.uniforms(
            seed, domain, rng.STREAM_NOISE, index, i
        )
    for i in range(2 * half):
        radius = np.sqrt(noise_power * rng.minus_log(real[i]))
        sine, cosine = sine_cosine(imaginary[i])
        real[i], imaginary[i] = radius * cosine, radius * sine
    for n in range(steps):
        i = n // 2 + half * (n % 2)
        target[n] = echo[n]
        rx[n] = complex(echo[n].real + real[i], echo[n].imag + imaginary[i])
    even, odd = 0.0, 0.0
    for i in range(steps // 2):
        even += real[i] * real[i] + imaginary[i] * imaginary[i]
        odd += real[half + i] * real[half + i] + imaginary[half + i] * imaginary[half + i]
    if steps % 2:
        even += real[half - 1] * real[half - 1] + imaginary[half - 1] * imaginary[half - 1]
    return (even + odd) / steps
