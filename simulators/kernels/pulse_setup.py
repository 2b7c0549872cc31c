"""From a scene in pulse mode to the arrays that its kernel reads."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.amplitudes.closed_form import ripple_table
from simulators.amplitudes.mesh import meshes_of
from simulators.amplitudes.tabulate import Band, Progress
from simulators.kernels.draws import Objects
from simulators.kernels.object_tables import scene_tables
from simulators.kernels.pulse import FastTime, Sequences
from simulators.kernels.signal_chain import Effects
from simulators.scene import Scene
from simulators.units import wavenumber
from simulators.waveforms.responses import (
    frequency_grid_hz,
    node_sequences,
    nodes_hz,
    profile_taper,
)


def fast_time(
    scene: Scene,
    seed: np.uint64,
    objects: Objects,
    effects: Effects,
    progress: Progress | None = None,
) -> FastTime:
    """Return a scene in pulse mode as the arrays that the kernel reads.

    Args:
        scene: In pulse mode.
        seed: Seed that the objects' sizes are drawn with.
        objects: Its object classes, as arrays.
        effects: What happens to the echo.
        progress: Called with (objects done, objects in all) while tables are made.
    """
    pulse, steps = scene.fast_time, scene.radar.steps + scene.horizon
    sent = pulse.samples(scene.radar.steps, scene.waveform_samples)
    random_code = scene.waveform_samples is None and pulse.name == "random"
    offsets_m = pulse.offsets_m(scene.longest_body_m, scene.radar.steps, len(sent))
    count = scene.amplitude_count
    baseband_hz = nodes_hz(count, pulse.sample_interval_s)
    tx = np.zeros(steps, dtype=np.complex128)
    tx[: len(sent)] = sent
    grid_hz = frequency_grid_hz(steps, pulse.sample_interval_s, circular=pulse.circular)
    spectrum = np.fft.fft(tx, len(grid_hz))
    taper = profile_taper(grid_hz, pulse.sample_interval_s).astype(np.complex128)
    samples = tuple(math.floor(offset / pulse.bin_m) for offset in offsets_m)
    lead = len(sent) - 1 if random_code else 0

    def sequences(spectrum: NDArray[Any], lead: int) -> Sequences:
        first, last = -samples[1] - lead, steps - 1 - samples[0]
        made = node_sequences(spectrum, count, pulse.sample_interval_s, first=first, last=last)
        return Sequences(made.real.copy(), made.imag.copy(), first)

    node_k = np.array([wavenumber(scene.radar.carrier_hz + f) for f in baseband_hz.tolist()])
    band = Band(node_k, *ripple_table(scene.objects, node_k.min(), node_k.max()))
    return FastTime(
        objects=objects,
        effects=effects,
        k=wavenumber(scene.radar.carrier_hz),
        node_k=node_k,
        tables=scene_tables(scene, objects, seed, band, progress),
        meshes=meshes_of(scene.objects, node_k.max()),
        node_turns=-baseband_hz * pulse.sample_interval_s,
        echo=sequences(np.ones_like(spectrum) if random_code else spectrum, lead),
        profile=sequences(taper, 0),
        tx=tx,
        length=len(sent),
        random_code=random_code,
        interval_s=pulse.sample_interval_s,
        bin_m=pulse.bin_m,
        offsets_m=np.array(offsets_m),
        velocities=np.array(scene.motion.residual_velocity_mps),
        snr_db=np.array(scene.receiver.snr_interval_db),
        reference_m2=0.0,
        ripple=band.ripple,
        smallest_ka=band.smallest_ka,
    )
