"""The pulse kernel: fast time, one waveform, the body standing still but for its Doppler.

The amplitude is taken at the nodes of ``simulators.waveforms.responses``. Each node adds a fixed
sequence to the samples, so an echo is one small matrix product, made for vector units.
``simulators.numba_options`` gives the reason why its functions count no references.
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
from simulators.kernels.signal_chain import Effects
from simulators.numba_options import PART_OF_CALLER, UNCOUNTED

STREAM_GATE = 30  # where the body lies in the gate
SNR_COLUMN = 6
PARAMETERS = (
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


class Sequences(NamedTuple):
    """What each node adds to the samples, real and imaginary parts apart.

    Attributes:
        real: ``(node, sample)``.
        imaginary: The same.
        first: Which sample, counted from the body's, column 0 is.
    """

    real: NDArray[np.float64]
    imaginary: NDArray[np.float64]
    first: int


class FastTime(NamedTuple):
    """What the kernel knows of a scene, as arrays and numbers.

    Attributes:
        objects: The object classes.
        effects: What ``simulators.kernels.extra_impairments`` does to the echo afterwards.
        k: Wavenumber at the carrier [rad/m].
        node_k: Wavenumbers at the nodes [rad/m], ``(node,)``.
        tables: Amplitudes at the nodes over aspect, for the objects that have an axis.
        meshes: The bodies of the classes that are meshes.
        node_turns: What one sample of delay turns the phase, at the nodes [turns], ``(node,)``.
        echo: Sequences of the echo; of one sent sample where each example draws its code.
        profile: Sequences of the range profile.
        tx: Transmitted samples, complex128 ``(steps,)``.
        length: How many of them are the waveform.
        random_code: Whether each example draws a code of its own.
        interval_s: From sample to sample [s].
        bin_m: Range from sample to sample [m].
        offsets_m: Interval of the range of the body's centre beyond the first sample [m].
        velocities: Interval of the residual velocity [m/s].
        snr_db: Interval of the signal-to-noise ratio per sample [dB].
        reference_m2: Echo power that the ratio is over the noise; 0 takes each example's own.
        ripple: Table of the sphere's exact series, see ``bodies.amplitude``.
        smallest_ka: Where that table starts.
    """

    objects: Objects
    effects: Effects
    k: float
    node_k: NDArray[np.float64]
    tables: Tables
    meshes: Meshes
    node_turns: NDArray[np.float64]
    echo: Sequences
    profile: Sequences
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


class Scratch(NamedTuple):
    """Room for one example, so that the kernel allocates nothing."""

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
        sequences: A ``Sequences``.
        at_nodes: Amplitudes at the nodes, complex128 ``(node,)``.
        shift: Which sample, counted from the body's, the first to set is.
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
def scatter(fast, object_class, number, sizes, delay, room):
    """Set the amplitudes at the nodes, each turned by ``delay``, a part of a sample."""
    at_nodes, parts, u = room.at_nodes, room.parts, room.direction
    tables = fast.tables
    if fast.meshes.extents[object_class] > 0.0:
        mesh_amplitudes(
            fast.meshes, object_class, fast.node_k, sizes[0], u.reshape((1, 3)),
            fast.ripple, fast.smallest_ka, at_nodes.reshape((1, at_nodes.shape[0])),
        )  # fmt: skip
    elif tables.start[object_class] >= 0:
        length = tables.length[object_class]
        member = np.int64(number) - object_class * fast.objects.per_class
        start = tables.start[object_class] + member * length
        look_up(tables.values, start, length, u[2], parts)
        for node in range(at_nodes.shape[0]):
            at_nodes[node] = complex(parts[2 * node], parts[2 * node + 1])
    else:
        kind = fast.objects.kinds[object_class]
        over_band(
            kind, fast.node_k, sizes, u[0], u[1], u[2],
            fast.ripple, fast.smallest_ka, at_nodes,
        )  # fmt: skip
    for node in range(at_nodes.shape[0]):
        sine, cosine = sine_cosine(delay * fast.node_turns[node])
        re, im = at_nodes[node].real, at_nodes[node].imag
        at_nodes[node] = complex(re * cosine - im * sine, re * sine + im * cosine)


@njit(**UNCOUNTED, fastmath={"contract"})
def convolve(code, real, imaginary, echo):
    """Set ``echo`` to the code through a response whose last sample is the echo's last."""
    steps, length = echo.shape[0], code.shape[0]
    for n in range(steps):
        echo[n] = 0.0
    for m in range(length):
        x, y = code[m].real, code[m].imag
        for n in range(steps):
            u, v = real[n + length - 1 - m], imaginary[n + length - 1 - m]
            echo[n] += complex(x * u - y * v, x * v + y * u)


@njit(**PART_OF_CALLER)
def send(fast, seed, domain, index, sample, room, tx):
    """Set what is sent, and the echo of it for a body ``sample`` whole samples into the gate."""
    steps, echo = fast.tx.shape[0], room.echo
    for n in range(steps):
        tx[n] = fast.tx[n]
    lead = fast.length - 1 if fast.random_code else 0
    real, imaginary = room.real[: steps + lead], room.imaginary[: steps + lead]
    add_nodes(fast.echo, room.at_nodes, -sample - lead, real, imaginary)
    if fast.random_code:
        for n in range(fast.length):
            tx[n] = random_code_sample(seed, domain, index, n)
        convolve(tx[: fast.length], real, imaginary, echo)
    else:
        for n in range(steps):
            echo[n] = complex(real[n], imaginary[n])


@njit(**PART_OF_CALLER)
def move(echo, phase, turns):
    """Turn the echo by ``phase`` [rad] and by ``turns`` a sample; return its mean power."""
    start, power = phase / (2.0 * np.pi), 0.0
    for n in range(echo.shape[0]):
        sine, cosine = sine_cosine(start + n * turns)
        re, im = echo[n].real, echo[n].imag
        echo[n] = complex(re * cosine - im * sine, re * sine + im * cosine)
        power += re * re + im * im
    return max(power / echo.shape[0], MIN_ECHO_M2)


@njit(**PART_OF_CALLER)
def show_profile(fast, sample, room, profile):
    """Set the range profile [dBsm]: the RCS in each range bin; nothing if it has no steps."""
    steps = profile.shape[0]
    if steps == 0:
        return
    real, imaginary = room.real[:steps], room.imaginary[:steps]
    add_nodes(fast.profile, room.at_nodes, -sample, real, imaginary)
    for n in range(steps):
        rcs = real[n] ** 2 + imaginary[n] ** 2
        profile[n] = 10.0 * np.log10(max(rcs, RCS_FLOOR_M2))


@njit(**PART_OF_CALLER)
def draw_example(fast, seed, domain, index, row, out, room):
    """Draw what example ``index`` is; set ``room.direction`` and its columns of the outputs.

    Returns:
        Its class, its object's number, and the asked signal-to-noise ratio [dB].
    """
    split, object_class, number, home = draw_object(fast.objects, seed, domain, index)
    out.label[row], out.split[row], out.group[row] = object_class, split, np.int64(number)
    sizes, signal, u = out.sizes[row], out.signal[row], room.direction
    draw_sizes(fast.objects.sizes[object_class], seed, home, number, sizes)
    _, u5, u6, _ = rng.uniforms(seed, domain, rng.STREAM_MOTION, index, 1)
    u[0], u[1], u[2] = rng.direction(u5, u6)
    velocity, _ = draw_travel(fast.velocities, fast.velocities, seed, domain, index)
    phase, snr_db = draw_signal(fast.snr_db, seed, domain, index)
    u7, _, _, _ = rng.uniforms(seed, domain, STREAM_GATE, index, 0)
    offset_m = rng.between(fast.offsets_m[0], fast.offsets_m[1], u7)
    signal[0], signal[1], signal[2] = u[0], u[1], u[2]
    signal[3], signal[4], signal[5] = velocity, offset_m, phase
    return object_class, number, snr_db


@njit(**PART_OF_CALLER)
def make_echo(fast, seed, domain, index, row, out, room):
    """Set ``room.echo`` to the clean echo.

    Returns:
        Its mean power, the asked SNR [dB], and in which sample of the gate the body lies.
    """
    object_class, number, snr_db = draw_example(fast, seed, domain, index, row, out, room)
    signal, sizes = out.signal[row], out.sizes[row]
    place = signal[4] / fast.bin_m
    sample = int(np.floor(place))
    scatter(fast, object_class, number, sizes, place - sample, room)
    send(fast, seed, domain, index, sample, room, out.tx[row])
    power = move(room.echo, signal[5], fast.k / np.pi * signal[3] * fast.interval_s)
    return power, snr_db, sample


@njit(**PART_OF_CALLER)
def fill_example(fast, seed, domain, index, row, out, room):
    """Simulate example ``index`` into row ``row`` of the outputs: its echo, in white noise."""
    signal = out.signal[row]
    power, snr_db, sample = make_echo(fast, seed, domain, index, row, out, room)
    show_profile(fast, sample, room, out.rcs_dbsm[row])
    reference = fast.reference_m2 if fast.reference_m2 > 0.0 else power
    noise = reference * 10.0 ** (-0.1 * snr_db)
    realised = receive(
        room.echo, noise, seed, domain, index, room.noise, out.echo[row], out.rx[row]
    )
    signal[6] = snr_db if fast.effects.any else 10.0 * np.log10(power / noise)
    signal[7] = 10.0 * np.log10(power / realised)
    signal[8] = noise


def scratch(fast: FastTime) -> Scratch:
    """Return room for one example."""
    steps, nodes = fast.tx.shape[0], fast.node_k.shape[0]
    return Scratch(
        np.empty(3),
        np.empty(2 * nodes),
        np.empty(nodes, dtype=np.complex128),
        np.empty(2 * steps),
        np.empty(2 * steps),
        np.empty(steps, dtype=np.complex128),
        np.empty((2, steps + 1)),
    )


@njit(**UNCOUNTED)
def _fill_rows(fast, seed, domain, first, out, room):
    for row in range(out.tx.shape[0]):
        fill_example(fast, seed, domain, first + np.uint64(row), row, out, room)


def fill(fast: FastTime, seed: np.uint64, domain: int, first: np.uint64, out: Outputs) -> None:
    """Fill the outputs, one example a row, from example ``first`` on.

    Args:
        fast: A ``FastTime``.
        seed: Seed of the dataset.
        domain: Domain of the draws.
        first: The first example.
        out: A ``dwell.Outputs``; the range profile goes where a dwell has its RCS.
    """
    _fill_rows(fast, seed, domain, first, out, scratch(fast))
