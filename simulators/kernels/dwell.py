"""The dwell kernel: slow time, one sample per pulse, the body turning from pulse to pulse.

Functions of the whole ``DwellArrays`` are inlined in their callers, and none counts references:
``fill`` holds every array for as long as a kernel runs, see ``simulators.numba_options``.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from simulators.amplitudes.closed_form import amplitudes_along
from simulators.amplitudes.mesh import Meshes, mesh_echo
from simulators.amplitudes.tables import Tables, look_up_all
from simulators.fast_trig import sine_cosine
from simulators.impairments.noise import mean_power
from simulators.kernels.draws import (
    Objects,
    draw_object,
    draw_rotation,
    draw_signal,
    draw_sizes,
    draw_travel,
    random_code_sample,
    receive,
)
from simulators.kernels.signal_chain import (
    ImpairmentBuffers,
    Impairments,
    impair,
    impairment_buffers,
    noise_power,
    vary,
)
from simulators.motion import fill_directions
from simulators.numba_options import PART_OF_CALLER, UNCOUNTED
from simulators.objects.dispatch import set_inertia

RCS_FLOOR_M2 = 1e-6  # -60 dBsm: less is recorded as this
MIN_ECHO_M2 = 1e-30  # in place of no echo at all, as of an open shell from behind
PARAMETERS = (  # columns of ``Outputs.signal``
    "tumble_x_rad_per_s",
    "tumble_y_rad_per_s",
    "tumble_z_rad_per_s",
    "direction_x",
    "direction_y",
    "direction_z",
    "velocity_mps",
    "acceleration_mps2",
    "phase_rad",
    "snr_db",
    "realised_snr_db",
    "noise_power_m2",
)


class DwellArrays(NamedTuple):
    """A scene of dwells, as the arrays and numbers that the kernel reads.

    Attributes:
        objects: The object classes.
        impairments: Settings of the signal chain.
        k: Wavenumber [rad/m].
        interval_s: Time from pulse to pulse [s].
        code: Transmitted samples, complex128 ``(steps,)``.
        random_code: Whether each example draws a code of its own.
        velocities: Interval of the residual velocity [m/s].
        accelerations: Interval of the residual acceleration [m/s^2].
        snr_db: Interval of the signal-to-noise ratio per sample [dB].
        reference_m2: Echo power that the ratio is relative to; 0 takes each example's own.
        tables: Amplitudes over aspect of the classes that are tabulated.
        meshes: The bodies of the classes that are meshes.
        ripple: Table of the sphere's exact series, see ``of_shape.amplitude``.
        smallest_ka: First argument of that table.
    """

    objects: Objects
    impairments: Impairments
    k: float
    interval_s: float
    code: NDArray[np.complex128]
    random_code: bool
    velocities: NDArray[np.float64]
    accelerations: NDArray[np.float64]
    snr_db: NDArray[np.float64]
    reference_m2: float
    tables: Tables
    meshes: Meshes
    ripple: NDArray[np.complex128]
    smallest_ka: float


class Outputs(NamedTuple):
    """The arrays that a kernel fills, one row per example; see ``pairs.Pairs``.

    ``rcs_dbsm`` has no columns where it is not the target. The columns of ``signal`` are the
    kernel's ``PARAMETERS``, those of ``impairments`` are ``signal_chain.PARAMETERS``.
    """

    tx: NDArray[np.complex64]
    rx: NDArray[np.complex64]
    echo: NDArray[np.complex64]
    rcs_dbsm: NDArray[np.float32]
    label: NDArray[np.int32]
    group: NDArray[np.int64]
    split: NDArray[np.uint8]
    sizes: NDArray[np.float64]
    signal: NDArray[np.float64]
    impairments: NDArray[np.float64]


class DwellBuffers(NamedTuple):
    """Working memory for one example, so that the kernel allocates nothing in its loop."""

    state: NDArray[np.float64]  # (6,)
    inertia: NDArray[np.float64]  # (3,)
    work: NDArray[np.float64]  # (4, 6)
    directions: NDArray[np.float64]  # (3, steps)
    echo: NDArray[np.complex128]  # (steps,)
    noise: NDArray[np.float64]  # (2, steps + 1)
    impairments: ImpairmentBuffers | tuple[()]  # empty where the kernel has none


def dwell_buffers(dwell: DwellArrays) -> DwellBuffers:
    """Return working memory for one example."""
    steps = dwell.code.shape[0]
    return DwellBuffers(
        np.empty(6),
        np.empty(3),
        np.empty((4, 6)),
        np.empty((3, steps)),
        np.empty(steps, dtype=np.complex128),
        np.empty((2, steps + 1)),
        impairment_buffers(dwell.impairments, steps),
    )


@njit(**PART_OF_CALLER)
def scatter(dwell, object_class, number, sizes, directions, echo):
    """Set ``echo`` to the amplitude of a body in each of the directions, ``(3, steps)``."""
    if dwell.meshes.extents[object_class] > 0.0 and dwell.tables.start[object_class] < 0:
        mesh_echo(
            dwell.meshes, object_class, dwell.k, sizes[0], directions,
            dwell.ripple, dwell.smallest_ka, echo,
        )  # fmt: skip
        return
    scatter_form(dwell, object_class, number, sizes, directions, echo)


@njit(**PART_OF_CALLER)
def scatter_form(dwell, object_class, number, sizes, directions, echo):
    """As ``scatter``, for a body that is not a mesh: by its table or its closed form."""
    kind, tables = dwell.objects.kinds[object_class], dwell.tables
    if tables.start[object_class] >= 0:
        length = tables.length[object_class]
        member = np.int64(number) - object_class * dwell.objects.per_class
        start = tables.start[object_class] + member * length
        look_up_all(tables.values, start, length, directions, echo)
        return
    amplitudes_along(kind, dwell.k, sizes, directions, dwell.ripple, dwell.smallest_ka, echo)


@njit(**PART_OF_CALLER)
def propagate(dwell, velocity, acceleration, phase, echo):
    """Turn the echo by the phase of its way there and back, 2 k times the travel [m]."""
    turns, start = dwell.k / np.pi, phase / (2.0 * np.pi)
    for n in range(echo.shape[0]):
        t = n * dwell.interval_s
        travel = (velocity + 0.5 * acceleration * t) * t  # towards the radar
        sine, cosine = sine_cosine(start + turns * travel)
        re, im = echo[n].real, echo[n].imag
        echo[n] = complex(re * cosine - im * sine, re * sine + im * cosine)


@njit(**PART_OF_CALLER)
def modulate(dwell, seed, domain, index, echo, tx):
    """Set the transmitted samples and multiply the echo by them; return the echo's mean power."""
    power = max(mean_power(echo), MIN_ECHO_M2)
    if dwell.random_code:
        for n in range(echo.shape[0]):
            sample = random_code_sample(seed, domain, index, n)
            echo[n] *= sample
            tx[n] = sample
        return power
    code = dwell.code
    for n in range(echo.shape[0]):
        a, b, re, im = code[n].real, code[n].imag, echo[n].real, echo[n].imag
        echo[n] = complex(a * re - b * im, a * im + b * re)
        tx[n] = code[n]
    return power


@njit(**PART_OF_CALLER)
def record_rcs(echo, rcs_dbsm):
    """Set the cross-section at each step [dBsm], at least ``RCS_FLOOR_M2``."""
    for n in range(rcs_dbsm.shape[0]):
        rcs = echo[n].real ** 2 + echo[n].imag ** 2
        rcs_dbsm[n] = 10.0 * np.log10(max(rcs, RCS_FLOOR_M2))


@njit(**PART_OF_CALLER)
def draw_example(dwell, seed, domain, index, row, out, buffers):
    """Draw example ``index``: set ``buffers.directions`` and its columns of the outputs.

    Returns:
        Its class, its object's number, and the asked signal-to-noise ratio [dB].
    """
    split, object_class, number, home = draw_object(dwell.objects, seed, domain, index)
    out.label[row], out.split[row], out.group[row] = object_class, split, np.int64(number)
    sizes, signal, kind = out.sizes[row], out.signal[row], dwell.objects.kinds[object_class]
    draw_sizes(dwell.objects.sizes[object_class], seed, home, number, sizes)
    set_inertia(kind, sizes, buffers.inertia)
    draw_rotation(dwell.objects, object_class, seed, domain, index, buffers.inertia, buffers.state)
    velocity, acceleration = draw_travel(dwell.velocities, dwell.accelerations, seed, domain, index)
    phase, snr_db = draw_signal(dwell.snr_db, seed, domain, index)
    for i in range(6):
        signal[i] = buffers.state[i]
    signal[6], signal[7], signal[8] = velocity, acceleration, phase
    fill_directions(
        buffers.inertia, buffers.state, dwell.interval_s, dwell.objects.axisymmetric[object_class],
        buffers.work, buffers.directions,
    )  # fmt: skip
    return object_class, number, snr_db


@njit(**PART_OF_CALLER)
def fill_plain(dwell, seed, domain, index, row, out, buffers):
    """As ``fill_example``, for a body that is not a mesh, in white noise alone."""
    object_class, number, snr_db = draw_example(dwell, seed, domain, index, row, out, buffers)
    scatter_form(dwell, object_class, number, out.sizes[row], buffers.directions, buffers.echo)
    clean = transmit(dwell, seed, domain, index, row, out, buffers)
    record_white(dwell, clean, snr_db, seed, domain, index, row, out, buffers)


@njit(**PART_OF_CALLER)
def transmit(dwell, seed, domain, index, row, out, buffers):
    """Turn the amplitudes in ``buffers.echo`` into the clean echo; return its mean power."""
    signal = out.signal[row]
    propagate(dwell, signal[6], signal[7], signal[8], buffers.echo)
    return modulate(dwell, seed, domain, index, buffers.echo, out.tx[row])


@njit(**PART_OF_CALLER)
def record_white(dwell, clean, snr_db, seed, domain, index, row, out, buffers):
    """Record the clean echo of mean power ``clean`` in white noise alone."""
    reference = dwell.reference_m2 if dwell.reference_m2 > 0.0 else clean
    noise = reference * 10.0 ** (-0.1 * snr_db)
    record_rcs(buffers.echo, out.rcs_dbsm[row])
    target, rx = out.echo[row], out.rx[row]
    realised = receive(buffers.echo, noise, seed, domain, index, buffers.noise, target, rx)
    _record_levels(out.signal[row], clean, clean, noise, realised)


@njit(**PART_OF_CALLER)
def _record_levels(signal, clean, power, noise, realised):
    signal[9] = 10.0 * np.log10(clean / noise)
    signal[10] = 10.0 * np.log10(power / realised)
    signal[11] = noise


@njit(**PART_OF_CALLER)
def fill_example(dwell, seed, domain, index, row, out, buffers):
    """Simulate example ``index`` into row ``row`` of the outputs."""
    echo, settings, work = buffers.echo, dwell.impairments, buffers.impairments
    object_class, number, snr_db = draw_example(dwell, seed, domain, index, row, out, buffers)
    scatter(dwell, object_class, number, out.sizes[row], buffers.directions, echo)
    clean = transmit(dwell, seed, domain, index, row, out, buffers)
    if not settings.is_on:
        record_white(dwell, clean, snr_db, seed, domain, index, row, out, buffers)
        return
    reference = dwell.reference_m2 if dwell.reference_m2 > 0.0 else clean
    noise = noise_power(settings, reference, snr_db, work, seed, domain, index)
    factor, power = vary(settings, echo, seed, domain, index)
    record_rcs(echo, out.rcs_dbsm[row])
    realised = impair(
        settings, echo, clean, noise, factor, work, out.impairments[row], seed, domain, index
    )
    for n in range(echo.shape[0]):
        out.echo[row, n] = echo[n]
        out.rx[row, n] = work.row[n]
    _record_levels(out.signal[row], clean, power, noise, realised)


@njit(**UNCOUNTED)
def _fill_rows(dwell, seed, domain, first, out, buffers):
    for row in range(out.tx.shape[0]):
        fill_example(dwell, seed, domain, first + np.uint64(row), row, out, buffers)


@njit(**UNCOUNTED)
def _fill_plain_rows(dwell, seed, domain, first, out, buffers):
    for row in range(out.tx.shape[0]):
        fill_plain(dwell, seed, domain, first + np.uint64(row), row, out, buffers)


def fill(dwell: DwellArrays, seed: np.uint64, domain: int, first: np.uint64, out: Outputs) -> None:
    """Fill the outputs, one row per example, from example ``first`` on.

    A scene with neither meshes nor impairments has a kernel of its own, which is compiled in half
    the time and makes the same bits.
    """
    plain = not (dwell.impairments.is_on or dwell.meshes.extents.any())
    fill_rows = _fill_plain_rows if plain else _fill_rows
    fill_rows(dwell, seed, domain, first, out, dwell_buffers(dwell))
