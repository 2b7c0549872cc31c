"""Measures pairs per second of the compiled generator, against plain NumPy in the same run.

    OMP_NUM_THREADS=1 python benchmarks/simulate.py [--pairs N] [--stream N]

The recipe is ``datasets/space_objects.toml``, the NumPy version ``benchmarks/numpy_pairs.py``. The
script first checks that both agree. The parts are the kernel's own functions, each in a loop of its
own. The limit is the work that every pair needs: drawing its random numbers by the same Philox, and
storing its three sequences. The rates of ``datasets/pulse_profiles.toml`` follow. ``--stream``
writes this number of pairs to a temporary dataset and prints the peak resident size (0 skips this;
2,000,000 take 1.8 GB of disk).
"""

import argparse
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit
from numpy_pairs import dwell_of
from numpy_pairs import pairs as numpy_pairs

from radarseq.dataset.simulate import simulate
from radarseq.recipes.recipe import read_recipe
from simulators import random as rng
from simulators.kernels import dwell as kernel
from simulators.kernels import pulse
from simulators.kernels.draws import (
    draw_object,
    draw_rotation,
    draw_signal,
    draw_sizes,
    draw_travel,
    receive,
)
from simulators.motion import fill_directions
from simulators.objects.dispatch import set_inertia
from simulators.pairs import PairGenerator

RECIPE = Path(__file__).parents[1] / "datasets" / "space_objects.toml"
PULSE_RECIPE = RECIPE.with_name("pulse_profiles.toml")
SEED, REPEATS, BATCH = np.uint64(1), 7, 10_000
AS_THE_KERNELS: dict[str, Any] = {"nogil": True, "_nrt": False}  # see simulators.numba_options


@njit(**AS_THE_KERNELS)
def _copy(source, target):
    for i in range(source.shape[0]):
        target[i] = source[i]


@njit(**AS_THE_KERNELS)
def _draw(dwell, out, buffers):
    """Draw the parameters of every example."""
    for row in range(out.label.shape[0]):
        index, objects = np.uint64(row), dwell.objects
        split, label, number, home = draw_object(objects, SEED, 0, index)
        out.label[row], out.group[row], out.split[row] = label, number, split
        draw_sizes(objects.sizes[label], SEED, home, number, out.sizes[row])
        set_inertia(objects.kinds[label], out.sizes[row], buffers.inertia)
        draw_rotation(objects, label, SEED, 0, index, buffers.inertia, buffers.state)
        _copy(buffers.state, out.signal[row])
        velocity, acceleration = draw_travel(dwell.velocities, dwell.accelerations, SEED, 0, index)
        phase, snr_db = draw_signal(dwell.snr_db, SEED, 0, index)
        signal = out.signal[row]
        signal[6], signal[7], signal[8], signal[9] = velocity, acceleration, phase, snr_db


@njit(**AS_THE_KERNELS)
def _move(dwell, out, buffers, paths):
    for row in range(out.label.shape[0]):
        label = out.label[row]
        set_inertia(dwell.objects.kinds[label], out.sizes[row], buffers.inertia)
        _copy(out.signal[row, :6], buffers.state)
        only = dwell.objects.axisymmetric[label]
        interval_s = dwell.interval_s
        fill_directions(buffers.inertia, buffers.state, interval_s, only, buffers.work, paths[row])


@njit(**AS_THE_KERNELS)
def _scatter(dwell, out, buffers, paths):
    for row in range(out.label.shape[0]):
        for axis in range(3):
            _copy(paths[row, axis], buffers.directions[axis])
        number, sizes = np.uint64(out.group[row]), out.sizes[row]
        kernel.scatter(dwell, out.label[row], number, sizes, buffers.directions, buffers.echo)
        out.echo[row, 0] = buffers.echo[0]


@njit(**AS_THE_KERNELS)
def _send(dwell, out, buffers):
    for row in range(out.label.shape[0]):
        for n in range(buffers.echo.shape[0]):
            buffers.echo[n] = 1.0
        kernel.propagate(dwell, out.signal[row, 6], out.signal[row, 7], 1.0, buffers.echo)
        index = np.uint64(row)
        out.signal[row, 11] = kernel.modulate(dwell, SEED, 0, index, buffers.echo, out.tx[row])


@njit(**AS_THE_KERNELS)
def _receive(dwell, out, buffers):
    for row in range(out.label.shape[0]):
        echo, index = buffers.echo, np.uint64(row)
        receive(echo, 0.1, SEED, 0, index, buffers.noise, out.echo[row], out.rx[row])


@njit(**AS_THE_KERNELS)
def _draw_pulse(fast, out, buffers):
    for row in range(out.label.shape[0]):
        pulse.draw_example(fast, SEED, 0, np.uint64(row), row, out, buffers)


@njit(**AS_THE_KERNELS)
def _scatter_pulse(fast, out, buffers):
    for row in range(out.label.shape[0]):
        _copy(out.signal[row, :3], buffers.direction)
        number, sizes = np.uint64(out.group[row]), out.sizes[row]
        pulse.scatter(fast, out.label[row], number, sizes, 0.3, buffers)


@njit(**AS_THE_KERNELS)
def _send_pulse(fast, out, buffers):
    for row in range(out.label.shape[0]):
        pulse.send(fast, SEED, 0, np.uint64(row), 8, buffers, out.tx[row])
        out.signal[row, 8] = pulse.move(buffers.echo, 1.0, 1e-4)


@njit(**AS_THE_KERNELS)
def _show_pulse(fast, out, buffers):
    for row in range(out.label.shape[0]):
        pulse.record_profile(fast, 8, buffers, out.rcs_dbsm[row])


@njit(**AS_THE_KERNELS)
def _minimum(dwell, out, buffers):
    """Draw the random numbers of a pair and store its sequences: the work that every pair needs."""
    steps = out.tx.shape[1]
    for row in range(out.label.shape[0]):
        total = np.uint32(0)
        for block in range(7 + steps // 2):
            a, b, c, d = rng.words(SEED, 0, rng.STREAM_NOISE, np.uint64(row), block)
            total ^= a ^ b ^ c ^ d
        value = np.complex64(total)
        for n in range(steps):
            out.tx[row, n], out.rx[row, n], out.echo[row, n] = value, value, value


def _ns_per_pair(function: Callable[..., Any], *arguments: Any) -> float:
    """Return the processor time of one pair [ns], the minimum of several batches."""
    function(*arguments)
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        function(*arguments)
        times.append(time.process_time() - started)
    return min(times) / BATCH * 1e9


def dwell_parts(generate: PairGenerator) -> dict[str, float]:
    """Return the time of each part of the dwell kernel, per pair [ns]."""
    dwell, out = dwell_of(generate), generate.outputs(BATCH)
    buffers = kernel.dwell_buffers(dwell)
    paths = np.empty((BATCH, *buffers.directions.shape))
    _draw(dwell, out, buffers)
    return {
        "draws of the example": _ns_per_pair(_draw, dwell, out, buffers),
        "motion": _ns_per_pair(_move, dwell, out, buffers, paths),
        "tables and closed forms": _ns_per_pair(_scatter, dwell, out, buffers, paths),
        "Doppler and waveform": _ns_per_pair(_send, dwell, out, buffers),
        "noise, with its draws": _ns_per_pair(_receive, dwell, out, buffers),
        "whole kernel": _ns_per_pair(kernel.fill, dwell, SEED, 0, np.uint64(0), out),
        "whole generator": _ns_per_pair(generate, 0, BATCH),
        "limit: draws and stores": _ns_per_pair(_minimum, dwell, out, buffers),
    }


def pulse_parts(generate: PairGenerator) -> dict[str, float]:
    """Return the time of each part of the pulse kernel, per pair [ns]."""
    fast, out = generate.arrays, generate.outputs(BATCH)
    assert isinstance(fast, pulse.PulseArrays)
    buffers = pulse.pulse_buffers(fast)
    _draw_pulse(fast, out, buffers)
    return {
        "draws of the example": _ns_per_pair(_draw_pulse, fast, out, buffers),
        "tables and closed forms": _ns_per_pair(_scatter_pulse, fast, out, buffers),
        "waveform and Doppler": _ns_per_pair(_send_pulse, fast, out, buffers),
        "range profile": _ns_per_pair(_show_pulse, fast, out, buffers),
        "noise, with its draws": _ns_per_pair(_receive, fast, out, buffers),
        "whole kernel": _ns_per_pair(pulse.fill, fast, SEED, 0, np.uint64(0), out),
        "whole generator": _ns_per_pair(generate, 0, BATCH),
    }


def pairs_per_s(generate: PairGenerator, pairs: int, threads: int) -> float:
    """Return the rate at which ``threads`` make ``pairs`` [1/s], by wall clock."""
    firsts = range(0, pairs, BATCH)
    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        for _ in pool.map(lambda first: len(generate(first, BATCH).label), firsts):
            pass
        return len(firsts) * BATCH / (time.perf_counter() - started)


def stream(pairs: int) -> None:
    """Write pairs to a dataset and print the peak resident size."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        simulate(RECIPE, Path(folder) / "data", examples=pairs, seed=1, workers=2)
        seconds = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{pairs:,} pairs to disk: {pairs / seconds:,.0f} pairs/s, {peak_mb:,.0f} MB resident")


def main() -> None:
    """Time everything and print it."""
    parser = argparse.ArgumentParser(description="Time the generator against plain NumPy.")
    parser.add_argument("--pairs", type=int, default=400_000, help="pairs per rate")
    parser.add_argument("--stream", type=int, default=2_000_000, help="pairs written to disk")
    options = parser.parse_args()
    print(f"{platform.machine()}, NumPy {np.__version__}, numba {numba.__version__}")
    generate = PairGenerator(read_recipe(RECIPE).scene, seed=int(SEED))
    rx, _, _ = numpy_pairs(generate, 0, BATCH)
    error = np.abs(rx - generate(0, BATCH).rx).max() / np.sqrt(np.mean(np.abs(rx) ** 2))
    print(f"largest difference to NumPy: {error:.1e} of the rms")
    timed = dwell_parts(generate)
    for name, ns in timed.items():
        print(f"  {name:<26}{ns:8,.0f} ns per pair")
    share = timed["limit: draws and stores"] / timed["whole generator"]
    plain = _ns_per_pair(numpy_pairs, generate, 0, BATCH)
    print(f"  {'plain NumPy':<26}{plain:8,.0f} ns per pair")
    print(f"{share:.0%} of the limit; {plain / timed['whole generator']:.1f} times plain NumPy")
    pulses = PairGenerator(read_recipe(PULSE_RECIPE).scene, seed=int(SEED))
    pulses(0, 1)  # compiles
    print(f"a pulse, its amplitude at {pulses.scene.amplitude_count} frequencies:")
    for name, ns in pulse_parts(pulses).items():
        print(f"  {name:<26}{ns:8,.0f} ns per pair")
    for name, made in (("dwell", generate), ("pulse", pulses)):
        for threads in (1, 2):
            rate = pairs_per_s(made, options.pairs, threads)
            print(f"{name}, {threads} threads: {rate:,.0f} pairs/s")
    if options.stream:
        stream(options.stream)


if __name__ == "__main__":
    main()
