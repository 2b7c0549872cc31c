"""Pulse mode: echoes against a slow route from the stored parameters, and physics by hand."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from signals import columns, image, joined

from simulators.amplitudes.tabulate import MAX_ERROR
from simulators.impairments.dropouts import DroppedPulses
from simulators.impairments.environment import Environment
from simulators.impairments.fluctuation import Fluctuation
from simulators.kernels.dwell import RCS_FLOOR_M2
from simulators.objects import Box, Cone, Cylinder, Disc, Plate, RocketBody, Sphere
from simulators.objects.dispatch import amplitude
from simulators.pairs import FRESH_TRAIN, PairGenerator
from simulators.scattering.closed_forms import mie
from simulators.scene import Motion, Radar, Receiver, Scene
from simulators.units import SPEED_OF_LIGHT_MPS, wavelength_m, wavenumber
from simulators.waveforms.pulse_settings import Pulse, WaveformSamples

CARRIER_HZ, STEPS = 10e9, 32
OBJECTS = (
    Sphere(name="sphere", radius_m=(0.25, 0.3)),
    Plate(name="plate", width_m=(0.1, 0.5), height_m=(0.1, 0.5)),
    Cylinder(name="cylinder"),
    Cone(name="cone"),
    Disc(name="disc"),
    Box(name="box"),
    RocketBody(name="rocket", radius_m=(0.1, 0.15), length_m=(0.4, 0.6)),
)
SCENE = Scene(
    objects=OBJECTS,
    objects_per_class=8,
    mode="pulse",
    pulse=Pulse(length=16, bandwidth_hz=0.8e9),
    motion=Motion(residual_velocity_mps=(-7000.0, 7000.0)),
)
RANDOM = replace(SCENE, objects_per_class=0, pulse=Pulse(waveform="random", length=12))
CIRCULAR = replace(SCENE, objects_per_class=0, pulse=Pulse(waveform="zadoff_chu", circular=True))
DIRECT = replace(SCENE, objects_per_class=0)


@pytest.fixture(scope="module")
def generator():
    return PairGenerator(SCENE, seed=3)


@pytest.fixture(scope="module")
def many(generator):
    return generator(0, 4000)


def slow_amplitudes(item, sizes, u, frequency_hz):
    if item.name == "sphere":
        return mie.sphere_amplitude_m(sizes[0], [wavenumber(f) for f in frequency_hz])
    nothing = np.zeros(0, dtype=complex)
    return np.array(
        [amplitude(item.kind, wavenumber(f), sizes, *u, nothing, 0.0) for f in frequency_hz]
    )


def slow_echo(pairs, row, scene):
    """Return the echo of the stored parameters: frequency by frequency, then by convolution."""
    drawn = {name: float(values[row]) for name, values in pairs.parameters.items()}
    item, pulse = scene.objects[pairs.label[row]], scene.fast_time
    interval_s, n = pulse.sample_interval_s, np.arange(STEPS)
    count = STEPS if pulse.circular else 4 * STEPS
    baseband_hz = (np.arange(count) - count // 2) / count / interval_s
    u = [drawn[f"direction_{axis}"] for axis in "xyz"]
    sizes = np.array([drawn.get(name, 1.0) for name in (*item.size_names, *"1234")][:4])
    scattered = slow_amplitudes(item, sizes, u, CARRIER_HZ + baseband_hz)
    delay_s = 2 * drawn["offset_m"] / SPEED_OF_LIGHT_MPS
    lags = np.arange(count) - count // 2
    turns = np.outer(lags * interval_s - delay_s, baseband_hz)
    response = np.exp(2j * np.pi * turns) @ scattered / count
    tx = pairs.tx[row].astype(complex)
    if pulse.circular:
        by_lag = np.roll(response, -(count // 2))
        echo = np.array([np.sum(tx * by_lag[(i - n) % STEPS]) for i in n])
    else:
        echo = np.convolve(tx, response)[count // 2 : count // 2 + STEPS]
    doppler_hz = 2 * drawn["velocity_mps"] / wavelength_m(CARRIER_HZ)
    return echo * np.exp(1j * (drawn["phase_rad"] + 2 * np.pi * doppler_hz * n * interval_s))


# Stored directions are float32: 3e-8 of one turns a two-way phase of 2 k D = 300 rad by 1e-5.
@pytest.mark.slow
@pytest.mark.parametrize("scene", [DIRECT, RANDOM, CIRCULAR], ids=["lfm", "random", "circular"])
def test_the_echo_is_that_of_its_stored_parameters_by_the_slow_route(scene):
    pairs = PairGenerator(scene, seed=5)(0, 42)
    assert set(pairs.label) == set(range(len(OBJECTS)))
    for row in range(len(pairs.label)):
        expected = slow_echo(pairs, row, scene)
        scale = np.sqrt(np.mean(np.abs(expected) ** 2))
        assert np.abs(pairs.target[row] - expected).max() < 2e-4 * scale + 2e-6


@pytest.mark.slow
def test_the_tables_of_bodies_with_an_axis_keep_their_promise(many):
    """An error is a share of the object's strongest look, as the gate of the tables has it."""
    errors = []
    for row in np.flatnonzero(many.label != 1)[:60]:
        item = OBJECTS[many.label[row]]
        drawn = [float(many.parameters[name][row]) for name in item.size_names]
        sizes = np.array([*drawn, 1.0, 1.0, 1.0][:4])
        looks = ([np.sin(t), 0.0, np.cos(t)] for t in np.linspace(0, np.pi, 181))
        strongest = max(abs(slow_amplitudes(item, sizes, u, [CARRIER_HZ])[0]) for u in looks)
        difference = np.abs(many.target[row] - slow_echo(many, row, SCENE))
        errors.append(difference.max() / strongest)
    assert max(errors) < 2 * MAX_ERROR
    assert np.median(errors) < 1e-4


def ball(radius_m=1.6, **changes):
    """A sphere beyond the table of the exact series: one point, its radius nearer to the radar."""
    item = Sphere(name="ball", radius_m=(radius_m, radius_m))
    settings = {
        "objects": (item,),
        "objects_per_class": 0,
        "mode": "pulse",
        "radar": Radar(carrier_hz=CARRIER_HZ),
        "motion": Motion(residual_velocity_mps=(0.0, 0.0)),
        "receiver": Receiver(snr_db=(60.0, 60.0)),
    }
    return Scene(**settings | changes)


def test_a_point_scatterer_returns_the_delayed_waveform():
    pulse = Pulse(waveform="barker", sample_interval_s=1e-9)
    bin_m = pulse.bin_m
    radius_m = 11 * bin_m
    offset_m = 17 * bin_m
    scene = ball(radius_m, pulse=replace(pulse, offset_m=(offset_m, offset_m)))
    pairs = PairGenerator(scene, seed=1)(0, 3)
    expected = np.zeros((3, STEPS), dtype=complex)
    k = wavenumber(CARRIER_HZ)
    expected[:, 6:19] = pairs.tx[:, :13]
    expected *= -np.sqrt(np.pi) * radius_m * np.exp(2j * k * radius_m)
    expected *= np.exp(1j * pairs.parameters["phase_rad"].astype(float))[:, None]
    np.testing.assert_allclose(pairs.target, expected, atol=1e-5 * radius_m)


@pytest.mark.parametrize("speed", [6000.0, -3000.0])
def test_doppler_turns_the_pulse_and_closing_is_positive(speed):
    pulse = Pulse(waveform="rectangular", sample_interval_s=5e-8, circular=True)
    motion = Motion(residual_velocity_mps=(speed, speed))
    echo = PairGenerator(ball(pulse=pulse, motion=motion), seed=1)(0, 4).target.astype(complex)
    turn = np.angle(echo[:, 1:] * echo[:, :-1].conj())
    expected = 2 * np.pi * 2 * speed / wavelength_m(CARRIER_HZ) * 5e-8
    np.testing.assert_allclose(turn, expected, rtol=1e-3)


def test_the_profile_shows_a_point_in_its_range_bin_with_its_rcs():
    pulse = Pulse(waveform="barker")
    radius_m, offset_m = 11 * pulse.bin_m, 20 * pulse.bin_m
    pulse = replace(pulse, offset_m=(offset_m, offset_m))
    pairs = PairGenerator(ball(radius_m, pulse=pulse, target="profile"), seed=1)(0, 3)
    assert pairs.target.dtype == np.float32
    assert set(pairs.target.argmax(axis=1)) == {9}
    rcs_dbsm = 10 * np.log10(np.pi * radius_m**2)
    np.testing.assert_allclose(pairs.target[:, 9], rcs_dbsm, atol=0.01)
    assert pairs.target.min() >= 10 * np.log10(RCS_FLOOR_M2)
    plain = PairGenerator(ball(radius_m, pulse=pulse), seed=1)(0, 3)
    np.testing.assert_array_equal(pairs.rx, plain.rx)


def test_the_profile_of_a_tilted_plate_has_a_peak_at_each_edge():
    """The edges stand half the width times the sine of the tilt before and behind the centre."""
    item = Plate(name="plate", width_m=(3.0, 3.0), height_m=(0.3, 0.3))
    scene = replace(ball(), objects=(item,), target="profile", objects_per_class=1000)
    scene = replace(scene, pulse=Pulse(offset_m=(2.4, 2.4)))
    pairs = PairGenerator(scene, seed=1)(0, 4000)
    across = np.abs(pairs.parameters["direction_x"])
    level = np.abs(pairs.parameters["direction_y"]) < 0.03  # within the short side's main lobe
    rows = np.flatnonzero((across > 0.5) & (across < 0.95) & level)[:40]
    assert len(rows) == 40
    for row in rows:
        profile = pairs.target[row].astype(float)
        edge = 1.5 * across[row] / scene.fast_time.bin_m
        middle = 2.4 / scene.fast_time.bin_m
        first, second = profile[:16].argmax(), 16 + profile[16:].argmax()
        assert abs(first - (middle - edge)) <= 1
        assert abs(second - (middle + edge)) <= 1
        assert profile[[first, second]].min() > profile[round(middle)] + 10


def test_an_example_is_the_same_bytes_in_any_batch_and_thread(generator):
    whole = image(generator(100, 60))
    assert joined([generator(100, 7), generator(107, 53)]) == whole
    with ThreadPoolExecutor(3) as pool:
        assert joined(list(pool.map(lambda first: generator(first, 20), (100, 120, 140)))) == whole
    assert image(PairGenerator(SCENE, seed=3)(100, 60)) == whole


def test_types_shapes_and_what_is_stored(many):
    assert {many.tx.dtype.name, many.rx.dtype.name, many.target.dtype.name} == {"complex64"}
    assert many.rx.shape == (4000, STEPS)
    assert "tumble_x_rad_per_s" not in many.parameters
    assert all(np.isfinite(v).all() for n, v in columns(many).items() if n in ("tx", "rx"))
    np.testing.assert_allclose(np.abs(many.tx[:, :16]), 1.0, rtol=1e-6)
    assert not many.tx[:, 16:].any()


def test_where_a_body_lies_is_uniform_and_does_not_know_its_class(many):
    offset_m = many.parameters["offset_m"]
    low = SCENE.longest_body_m / 2
    high = 16 * SCENE.fast_time.bin_m - low
    assert stats.kstest(offset_m, "uniform", args=(low, high - low)).pvalue > 1e-4
    by_class = [offset_m[many.label == label] for label in range(len(OBJECTS))]
    assert stats.kruskal(*by_class).pvalue > 1e-4
    assert SCENE.warnings() == ()


def test_noise_is_as_far_below_the_mean_echo_as_asked(many):
    echo, noise = many.target.astype(complex), many.rx.astype(complex) - many.target
    power, disturbance = (np.mean(np.abs(z) ** 2, axis=1) for z in (echo, noise))
    asked = 10 ** (many.parameters["snr_db"].astype(float) / 10)
    np.testing.assert_allclose(many.parameters["noise_power_m2"], power / asked, rtol=3e-6)
    assert np.mean(disturbance * asked / power) == pytest.approx(1, abs=4.5 / np.sqrt(4000 * 32))


def test_random_codes_are_new_in_each_example_and_fresh_pairs_are_others():
    pairs = PairGenerator(RANDOM, seed=1)(0, 500)
    assert len(np.unique(pairs.tx, axis=0)) == 500
    assert not pairs.tx[:, 12:].any()
    fresh = PairGenerator(RANDOM, seed=1, domain=FRESH_TRAIN)(0, 500)
    assert not np.any(fresh.rx == pairs.rx)


def test_a_waveform_of_the_users_own_is_sent_at_unit_power():
    own = WaveformSamples(i=(2.0, 0.0, -2.0), q=(0.0, 4.0, 0.0))
    scene = ball(waveform_samples=own, pulse=Pulse(waveform_file="own.npy"))
    tx = PairGenerator(scene, seed=1)(0, 1).tx[0]
    np.testing.assert_allclose(tx[:3], np.array([2, 4j, -2]) / np.sqrt(8), rtol=1e-6)
    assert not tx[3:].any()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(SCENE, mode="dwell"), 'pulse is set, but mode is "dwell"'),
        (lambda: replace(SCENE, mode="dwell", pulse=None, target="profile"), 'target is "profile"'),
        (lambda: ball(pulse=Pulse(length=33)), "pulse.length is 33 for lfm, radar.steps 32"),
        (lambda: ball(pulse=Pulse(waveform="frank", length=20)), "pulse.length: there is no frank"),
        (lambda: ball(3.0), r"objects.ball: up to 6 m long, but the gate of 32 samples spans 4.8"),
        (lambda: ball(radar=Radar(steps=2000)), "radar.steps is 2000 in pulse mode; expected 2 to"),
        (lambda: ball(radar=Radar(carrier_hz=5e8)), "pulse.sample_interval_s: a sample rate of 1e"),
        (lambda: ball(pulse=Pulse(offset_m=(1.0, 9.0))), r"pulse.offset_m is \[1.0, 9.0\]; expect"),
        (lambda: Pulse(bandwidth_hz=2e9), "bandwidth_hz is 2e.09; expected 0 to the sample rate"),
        (
            lambda: Pulse(waveform="p4", bandwidth_hz=1e8),
            "bandwidth_hz is set, but p4 has one",
        ),
        (
            lambda: Pulse(waveform_file="a.npy", length=3),
            "length is set together with waveform_file",
        ),
        (lambda: Pulse(sample_interval_s=0.0), "sample_interval_s must be 1e-13 to 1"),
        (lambda: Pulse(length=-1), "length is -1"),
        (lambda: WaveformSamples(i=(1.0,), q=()), "i has 1 samples, q 0"),
        (lambda: WaveformSamples(i=(0.0,), q=(0.0,)), "not all 0"),
        (
            lambda: ball(pulse=Pulse(waveform_file="a.npy")),
            "waveform_file 'a.npy' has not been",
        ),
        (
            lambda: ball(waveform_samples=WaveformSamples(i=(1.0,) * 33, q=(0.0,) * 33)),
            "pulse.waveform_file holds 33 samples, more than radar.steps = 32",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_its_key(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_tables_beyond_the_memory_budget_are_refused_with_what_would_fit():
    with pytest.raises(ValueError, match=r"table_mib is 512: tables of 1,000,000 objects"):
        replace(SCENE, objects_per_class=1_000_000)
    message = ""
    try:
        replace(SCENE, objects_per_class=1_000_000)
    except ValueError as fault:
        message = str(fault)
    fitting = int(message.split("objects_per_class to ")[1].split(" ")[0].replace(",", ""))
    assert replace(SCENE, objects_per_class=fitting).table_bytes <= 512 << 20
    assert replace(SCENE, objects_per_class=1_000_000, table_mib=0).tabulated == (False,) * 7


def test_an_echo_that_leaves_the_gate_is_warned_of_but_not_in_circular_mode():
    (warning,) = replace(SCENE, pulse=Pulse()).warnings()
    for part in ("eclipsing", "the waveform has 32", "pulse.length", "circular = true"):
        assert part in warning
    assert replace(SCENE, pulse=Pulse(circular=True)).warnings() == ()
    (warning,) = replace(SCENE, pulse=Pulse(sample_interval_s=1e-8, length=16)).warnings()
    assert "every profile is one point" in warning


@pytest.mark.slow
def test_effects_reach_a_pulse_and_fluctuation_moves_the_profile_with_the_echo():
    pulse = Pulse(waveform="barker", offset_m=(3.0, 3.0))
    plain = ball(pulse=pulse, target="profile")
    scene = replace(
        plain,
        fluctuation=Fluctuation(swerling=2),
        environment=Environment(dropped=DroppedPulses(probability=0.25)),
    )
    moved, still = (PairGenerator(one, seed=1)(0, 3000) for one in (scene, plain))
    factor = moved.parameters["rcs_factor"].astype(float)
    assert stats.kstest(factor, "expon").pvalue > 1e-4  # one draw a pulse: Swerling's model 1
    peak = still.target[0].argmax()
    gain_db = moved.target[:, peak].astype(float) - still.target[:, peak]
    np.testing.assert_allclose(gain_db, 10 * np.log10(factor), atol=1e-3)
    assert np.mean(moved.rx == 0) == pytest.approx(0.25, abs=4 * np.sqrt(0.1875 / moved.rx.size))
    assert "noise_power_m2" not in moved.parameters
