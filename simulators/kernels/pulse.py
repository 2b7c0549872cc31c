"""The pulse kernel: fast time, one waveform, a body that stands still but for its Doppler.

The amplitude is taken at the nodes of ``simulators.waveforms.responses``. Each node adds a fixed
sequence to the samples, so an echo is one small matrix product, which vectorises. The functions
count no references, for the reason in ``simulators.numba_options``.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators import random as rng
from simulators.amplitudes.closed_form import over_band
from simulators.amplitudes.mesh import Meshes, mesh_amplitudes
from simulators.amplitudes.tables import Tables, look_up
from simulators.fast_trig import sine_cosine
from simulators.kernels import pulse_impairments
from simulators.kernels.draws import (
    Objects,
    draw_object,
    draw_signal,
    draw_sizes,
    draw_travel,
    random_code_sample,
    receive,
)
from simulators.kernels.dwell import MIN_ECHO_M2, RCS_FLOOR_M2, Outputs
from simulators.kernels.signal_chain import Impairments
from simulators.numba_options import PART_OF_CALLER, UNCOUNTED

PARAMETERS = (  # columns of ``Outputs.signal``
    "direction_x",
    "direction_y",
    "direction_z",
    "velocity_mps",
    "offset_m",
    "phase_rad",
    "snr_db",
    "realised_snr_db",
    "noise_power_m2",
)


class NodeSequences(NamedTuple):
    """The samples that each node adds per unit of amplitude.

    Attributes:
        real: Real parts ``(node, sample)``.
        imaginary: Imaginary parts ``(node, sample)``.
        first: Sample of column 0, counted from the body's.
    """

    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]
    first: int


class PulseArrays(NamedTuple):
    """A scene of pulses, as the arrays and numbers that the kernel reads.

    Attributes:
        objects: The object classes.
        impairments: Settings of the signal chain, which ``pulse_impairments`` runs afterwards.
        k: Wavenumber at the carrier [rad/m].
        node_k: Wavenumbers at the nodes [rad/m], ``(node,)``.
        tables: Amplitudes at the nodes over aspect, for the objects that have an axis.
        meshes: The bodies of the classes that are meshes.
        node_turns: Phase of one sample of delay at the nodes [turns], ``(node,)``.
        echo: Sequences of the echo; of one sent sample where each example draws its code.
        profile: Sequences of the range profile.
        tx: Transmitted samples, complex128 ``(steps,)``.
        length: Samples of the waveform, which the others follow as zeros.
        random_code: Whether each example draws a code of its own.
        interval_s: Time from sample to sample [s].
        bin_m: Range from sample to sample [m].
        offsets_m: Interval of the range of the body's centre beyond the first sample [m].
        velocities: Interval of the residual velocity [m/s].
        snr_db: Interval of the signal-to-noise ratio per sample [dB].
        reference_m2: Echo power that the ratio is relative to; 0 takes each example's own.
        ripple: Table of the sphere's exact series, see ``of_shape.amplitude``.
        smallest_ka: First argument of that table.
    """

    objects: Objects
    impairments: Impairments
    k: float
    node_k: NDArray[np.float64]
    tables: Tables
    meshes: Meshes
    node_turns: NDArray[np.float64]
    echo: NodeSequences
    profile: NodeSequences
    tx: NDArray[np.complex128]
    length: int
    random_code: bool
    interval_s: float
    bin_m: float
    offsets_m: NDArray[np.float64]
    velocities: NDArray[np.float64]
    snr_db: NDArray[np.float64]
    reference_m2: float
    ripple: NDArray[np.complex128]
    smallest_ka: float


class PulseBuffers(NamedTuple):
    """Working memory for one example, so that the kernel allocates nothing."""

    direction: NDArray[np.float64]  # (3,)
    parts: NDArray[np.float64]  # (2 node,)
    at_nodes: NDArray[np.complex128]  # (node,)
    real: NDArray[np.float64]  # (2 steps,)
    imaginary: NDArray[np.float64]  # (2 steps,)
    echo: NDArray[np.complex128]  # (steps,)
    noise: NDArray[np.float64]  # (2, steps + 1)


@njit(**UNCOUNTED, fastmath={"contract"})
def add_nodes(sequences, at_nodes, shift, real, imaginary):
    """Set the samples to the sum over the nodes of amplitude times sequence.

    Args:
        sequences: A ``NodeSequences``.
        at_nodes: Amplitudes at the nodes, complex128 ``(node,)``.
        shift: The first sample to set, counted from the body's.
        real: Is set, ``(samples,)``.
        imaginary: Is set, ``(samples,)``.
    """
    count, column = real.shape[0], shift - sequences.first
    for n in range(count):
        real[n] = imaginary[n] = 0.0
    for node in range(at_nodes.shape[0]):
        x, y = at_nodes[node].real, at_nodes[node].imag
        u = sequences.real[node, column : column + count]
        v = sequences.imaginary[node, column : column + count]
        for n in range(count):
            real[n] += x * u[n] - y * v[n]
            imaginary[n] += x * v[n] + y * u[n]


@njit(**PART_OF_CALLER)
def scatter(pulse, object_class, number, sizes, delay, buffers):
    """Set the amplitudes at the nodes, each turned by ``delay``, a fraction of a sample."""
    at_nodes, parts, u = buffers.at_nodes, buffers.parts, buffers.direction
    tables = pulse.tables
    if pulse.meshes.extents[object_class] > 0.0:
        mesh_amplitudes(
            pulse.meshes, object_class, pulse.node_k, sizes[0], u.reshape((1, 3)),
            pulse.ripple, pulse.smallest_ka, at_nodes.reshape((1, at_nodes.shape[0])),
        )  # fmt: skip
    elif tables.start[object_class] >= 0:
        length = tables.length[object_class]
        member = np.int64(number) - object_class * pulse.objects.per_class
        start = tables.start[object_class] + member * length
        look_up(tables.values, start, length, u[2], parts)
        for node in range(at_nodes.shape[0]):
            at_nodes[node] = complex(parts[2 * node], parts[2 * node + 1])
    else:
        kind = pulse.objects.kinds[object_class]
        over_band(
            kind, pulse.node_k, sizes, u[0], u[1], u[2],
            pulse.ripple, pulse.smallest_ka, at_nodes,
        )  # fmt: skip
    for node in range(at_nodes.shape[0]):
        sine, cosine = sine_cosine(delay * pulse.node_turns[node])
        re, im = at_nodes[node].real, at_nodes[node].imag
        at_nodes[node] = complex(re * cosine - im * sine, re * sine + im * cosine)


@njit(**UNCOUNTED, fastmath={"contract"})
def convolve(code, real, imaginary, echo):
    """Set ``echo`` to the code convolved with a response whose last sample is the echo's last."""
    steps, length = echo.shape[0], code.shape[0]
    for n in range(steps):
        echo[n] = 0.0
    for m in range(length):
        x, y = code[m].real, code[m].imag
        for n in range(steps):
            u, v = real[n + length - 1 - m], imaginary[n + length - 1 - m]
            echo[n] += complex(x * u - y * v, x * v + y * u)


@njit(**PART_OF_CALLER)
def send(pulse, seed, domain, index, sample, buffers, tx):
    """Set the transmitted samples, and their echo of a body ``sample`` samples into the gate."""
    steps, echo = pulse.tx.shape[0], buffers.echo
    for n in range(steps):
        tx[n] = pulse.tx[n]
    lead = pulse.length - 1 if pulse.random_code else 0
    real, imaginary = buffers.real[: steps + lead], buffers.imaginary[: steps + lead]
    add_nodes(pulse.echo, buffers.at_nodes, -sample - lead, real, imaginary)
    if pulse.random_code:
        for n in range(pulse.length):
            tx[n] = random_code_sample(seed, domain, index, n)
        convolve(tx[: pulse.length], real, imaginary, echo)
    else:
        for n in range(steps):
            echo[n] = complex(real[n], imaginary[n])


@njit(**PART_OF_CALLER)
def move(echo, phase, turns):
    """Turn the echo by ``phase`` [rad] and by ``turns`` per sample; return its mean power."""
    start, power = phase / (2.0 * np.pi), 0.0
    for n in range(echo.shape[0]):
        sine, cosine = sine_cosine(start + n * turns)
        re, im = echo[n].real, echo[n].imag
        echo[n] = complex(re * cosine - im * sine, re * sine + im * cosine)
        power += re * re + im * im
    return max(power / echo.shape[0], MIN_ECHO_M2)


@njit(**PART_OF_CALLER)
def record_profile(pulse, sample, buffers, profile):
    """Set the range profile [dBsm]: the RCS in each range bin; nothing if it has no steps."""
    steps = profile.shape[0]
    if steps == 0:
        return
    real, imaginary = buffers.real[:steps], buffers.imaginary[:steps]
    add_nodes(pulse.profile, buffers.at_nodes, -sample, real, imaginary)
    for n in range(steps):
        rcs = real[n] ** 2 + imaginary[n] ** 2
        profile[n] = 10.0 * np.log10(max(rcs, RCS_FLOOR_M2))


@njit(**PART_OF_CALLER)
def draw_example(pulse, seed, domain, index, row, out, buffers):
    """Draw example ``index``: set ``buffers.direction`` and its columns of the outputs.

    Returns:
        Its class, its object's number, and the asked signal-to-noise ratio [dB].
    """
    split, object_class, number, home = draw_object(pulse.objects, seed, domain, index)
    out.label[row], out.split[row], out.group[row] = object_class, split, np.int64(number)
    sizes, signal, u = out.sizes[row], out.signal[row], buffers.direction
    draw_sizes(pulse.objects.sizes[object_class], seed, home, number, sizes)
    _, u5, u6, _ = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 1)
    u[0], u[1], u[2] = rng.direction(u5, u6)
    velocity, _ = draw_travel(pulse.velocities, pulse.velocities, seed, domain, index)
    phase, snr_db = draw_signal(pulse.snr_db, seed, domain, index)
    u7, _, _, _ = rng.uniforms(seed, domain, rng.STREAM_GATE, index, 0)
    offset_m = rng.between(pulse.offsets_m[0], pulse.offsets_m[1], u7)
    signal[0], signal[1], signal[2] = u[0], u[1], u[2]
    signal[3], signal[4], signal[5] = velocity, offset_m, phase
    return object_class, number, snr_db


@njit(**PART_OF_CALLER)
def fill_example(pulse, seed, domain, index, row, out, buffers):
    """Simulate example ``index`` into row ``row`` of the outputs: its echo, in white noise."""
    object_class, number, snr_db = draw_example(pulse, seed, domain, index, row, out, buffers)
    signal, sizes = out.signal[row], out.sizes[row]
    place = signal[4] / pulse.bin_m
    sample = int(np.floor(place))  # of the gate, in which the body lies
    scatter(pulse, object_class, number, sizes, place - sample, buffers)
    send(pulse, seed, domain, index, sample, buffers, out.tx[row])
    power = move(buffers.echo, signal[5], pulse.k / np.pi * signal[3] * pulse.interval_s)
    record_profile(pulse, sample, buffers, out.rcs_dbsm[row])
    reference = pulse.reference_m2 if pulse.reference_m2 > 0.0 else power
    noise = reference * 10.0 ** (-0.1 * snr_db)
    realised = receive(
        buffers.echo, noise, seed, domain, index, buffers.noise, out.echo[row], out.rx[row]
    )
    signal[6] = snr_db if pulse.impairments.is_on else 10.0 * np.log10(power / noise)
    signal[7] = 10.0 * np.log10(power / realised)
    signal[8] = noise


def pulse_buffers(pulse: PulseArrays) -> PulseBuffers:
    """Return working memory for one example."""
    steps, nodes = pulse.tx.shape[0], pulse.node_k.shape[0]
    return PulseBuffers(
        np.empty(3),
        np.empty(2 * nodes),
        np.empty(nodes, dtype=np.complex128),
        np.empty(2 * steps),
        np.empty(2 * steps),
        np.empty(steps, dtype=np.complex128),
        np.empty((2, steps + 1)),
    )


@njit(**UNCOUNTED)
def _fill_rows(pulse, seed, domain, first, out, buffers):
    for row in range(out.tx.shape[0]):
        fill_example(pulse, seed, domain, first + np.uint64(row), row, out, buffers)


def fill(pulse: PulseArrays, seed: np.uint64, domain: int, first: np.uint64, out: Outputs) -> None:
    """Fill the outputs, one row per example, from example ``first`` on.

    The range profile goes where a dwell has its RCS.
    """
    _fill_rows(pulse, seed, domain, first, out, pulse_buffers(pulse))
    if pulse.impairments.is_on:
        pulse_impairments.fill(pulse.impairments, pulse.reference_m2, seed, domain, first, out)
