"""Conversion of a scene to the arrays and numbers that its kernel reads."""

import math

import numpy as np
from numpy.typing import NDArray

from simulators.aliasing import motion_number
from simulators.amplitudes.closed_form import ripple_table
from simulators.amplitudes.mesh import meshes_of
from simulators.amplitudes.tables import Tables
from simulators.amplitudes.tabulate import Band, Body, Progress, tabulate
from simulators.kernels.draws import Objects, fill_sizes
from simulators.kernels.dwell import DwellArrays
from simulators.kernels.pulse import NodeSequences, PulseArrays
from simulators.kernels.signal_chain import impairments_of
from simulators.objects import MAX_SIZES
from simulators.scene import Scene
from simulators.units import wavenumber
from simulators.waveforms.codes import code
from simulators.waveforms.responses import (
    frequency_grid_hz,
    node_sequences,
    nodes_hz,
    profile_taper,
)


def scene_arrays(
    scene: Scene, seed: np.uint64, progress: Progress | None = None
) -> DwellArrays | PulseArrays:
    """Return the arrays of a scene, and make the amplitude tables of its objects.

    Args:
        scene: In either mode.
        seed: Seed that the objects' sizes are drawn with.
        progress: Called with (objects done, objects in all) while tables are made.
    """
    train, validation = scene.split.train, scene.split.validation
    angles = [item.angle_deg or (0.0, 0.0) for item in scene.objects]
    objects = Objects(
        kinds=np.array([item.kernel_kind for item in scene.objects]),
        sizes=np.array([item.columns() for item in scene.objects], dtype=np.float64),
        motions=np.array([motion_number(item) for item in scene.objects]),
        rates=np.array([item.rate_rad_per_s() for item in scene.objects]),
        angles=np.radians(angles),
        axisymmetric=np.array([item.axisymmetric for item in scene.objects]),
        per_class=scene.objects_per_class,
        instances=np.array([0, *np.cumsum(scene.objects_per_split)], dtype=np.int64),
        shares=np.array([train, train + validation]),
    )
    if scene.mode == "pulse":
        return _pulse_arrays(scene, objects, seed, progress)
    k = wavenumber(scene.radar.carrier_hz)
    band = Band(np.array([k]), *ripple_table(scene.objects, k))
    return DwellArrays(
        objects=objects,
        impairments=impairments_of(
            scene.environment, scene.receiver, scene.fluctuation,
            interval_s=scene.sample_interval_s, carrier_hz=scene.radar.carrier_hz,
        ),
        k=k,
        interval_s=scene.radar.pulse_interval_s,
        code=code(scene.radar.code, scene.radar.steps + scene.horizon),
        random_code=scene.radar.code == "random",
        velocities=np.array(scene.motion.residual_velocity_mps),
        accelerations=np.array(scene.motion.residual_acceleration_mps2),
        snr_db=np.array(scene.receiver.snr_interval_db),
        reference_m2=0.0,
        tables=_amplitude_tables(scene, objects, seed, band, progress),
        meshes=meshes_of(scene.objects, k),
        ripple=band.ripple,
        smallest_ka=band.smallest_ka,
    )  # fmt: skip


def _pulse_arrays(
    scene: Scene, objects: Objects, seed: np.uint64, progress: Progress | None
) -> PulseArrays:
    """Return the arrays of a scene in pulse mode."""
    pulse, steps, carrier_hz = (
        scene.fast_time,
        scene.radar.steps + scene.horizon,
        scene.radar.carrier_hz,
    )
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

    def sequences(spectrum: NDArray[np.complex128], lead: int) -> NodeSequences:
        first, last = -samples[1] - lead, steps - 1 - samples[0]
        made = node_sequences(spectrum, count, pulse.sample_interval_s, first=first, last=last)
        return NodeSequences(made.real.copy(), made.imag.copy(), first)

    node_k = np.array([wavenumber(carrier_hz + f) for f in baseband_hz.tolist()])
    band = Band(node_k, *ripple_table(scene.objects, node_k.min(), node_k.max()))
    return PulseArrays(
        objects=objects,
        impairments=impairments_of(
            scene.environment, scene.receiver, scene.fluctuation,
            interval_s=scene.sample_interval_s, carrier_hz=carrier_hz, one_pulse=True,
        ),
        k=wavenumber(carrier_hz),
        node_k=node_k,
        tables=_amplitude_tables(scene, objects, seed, band, progress),
        meshes=meshes_of(scene.objects, node_k.max()),
        node_turns=-baseband_hz * pulse.sample_interval_s,
        # Where each example draws its code, the sequences are those of one sent sample.
        echo=sequences(np.ones_like(spectrum), len(sent) - 1)
        if random_code
        else sequences(spectrum, 0),
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
    )  # fmt: skip


def _amplitude_tables(
    scene: Scene, objects: Objects, seed: np.uint64, band: Band, progress: Progress | None
) -> Tables:
    """Return the amplitude tables of the classes that are to be tabulated over ``band``."""
    bodies = []
    for index, (item, is_tabulated) in enumerate(zip(scene.objects, scene.tabulated, strict=True)):
        if not is_tabulated:
            bodies.append(None)
            continue
        sizes = np.empty((scene.objects_per_class, MAX_SIZES))
        first = index * scene.objects_per_class
        fill_sizes(objects.sizes[index], seed, np.int64(first), sizes)
        bodies.append(Body(item.kernel_kind, item.aspect_extent_m(), sizes))
    return tabulate(bodies, band, max_bytes=scene.table_mib << 20, progress=progress)
