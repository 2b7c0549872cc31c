"""Every effect that a recipe may ask for, seen through the generator, against its own moment."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from simulators.impairments.clutter import Clutter
from simulators.impairments.dropouts import DroppedPulses, Occlusion, Spikes
from simulators.impairments.environment import Environment, RangeEquation
from simulators.impairments.fluctuation import Fluctuation
from simulators.impairments.interference import Interference
from simulators.impairments.receiver import Adc, DcOffset, IqImbalance, PhaseNoise, Receiver
from simulators.objects import Plate, Sphere
from simulators.pairs import PairGenerator
from simulators.scene import Motion, Radar, Scene

COUNT, SEED = 4000, 11
STILL = Motion(residual_velocity_mps=(0.0, 0.0), residual_acceleration_mps2=(0.0, 0.0))
# One steady echo of one size: whatever varies is the effect.
BASE = Scene(
    objects=(Sphere(name="ball", radius_m=(0.2, 0.2), tumble_rad_per_s=(0.0, 0.0)),),
    radar=Radar(code="constant"),
    motion=STILL,
    receiver=Receiver(snr_db=(10.0, 10.0)),
)


def generate(count=COUNT, **changes):
    return PairGenerator(replace(BASE, **changes), seed=SEED)(0, count)


def power(values, axis=None):
    return np.mean(np.abs(values.astype(complex)) ** 2, axis=axis)


RCS_M2 = float(power(generate(10).target))


def quiet(**settings):
    return Receiver(snr_db=(80.0, 80.0), **settings)


@pytest.mark.parametrize(
    ("swerling", "law"),
    [(1, stats.expon()), (2, stats.expon()), (3, stats.gamma(2, scale=0.5)), (4, None)],
)
def test_swerling_models_have_their_laws_and_leave_the_noise_alone(swerling, law):
    pairs = generate(fluctuation=Fluctuation(swerling=swerling))
    factor = np.abs(pairs.target.astype(complex)) ** 2 / RCS_M2
    if swerling in (1, 3):
        np.testing.assert_allclose(factor, factor[:, :1] * np.ones(32), rtol=1e-5)
        np.testing.assert_allclose(pairs.parameters["rcs_factor"], factor[:, 0], rtol=1e-5)
    else:
        assert abs(np.corrcoef(factor[:, 0], factor[:, 1])[0, 1]) < 0.07
    law = law or stats.gamma(2, scale=0.5)
    assert stats.kstest(factor[:, 5], law.cdf).pvalue > 1e-4
    noise = pairs.rx - pairs.target
    assert power(noise) == pytest.approx(RCS_M2 / 10, rel=0.02)
    np.testing.assert_allclose(pairs.parameters["noise_power_m2"], RCS_M2 / 10, rtol=1e-5)


@pytest.mark.parametrize(
    ("distribution", "shape", "moment"),
    [("rayleigh", 1.0, 2.0), ("k", 5.0, 2.4), ("weibull", 2.0, 2.0), ("log_normal", 0.5, 2.568)],
)
def test_clutter_has_its_level_and_its_second_moment(distribution, shape, moment):
    clutter = Clutter(
        distribution=distribution,
        clutter_to_noise_db=(20.0, 20.0),
        shape=(shape, shape),
        correlation=0.0,
    )
    pairs = generate(20_000, environment=Environment(clutter=clutter))
    intensity = np.abs((pairs.rx - pairs.target).astype(complex)) ** 2
    asked = RCS_M2 / 10 * 101  # clutter 20 dB above the noise, and the noise
    assert np.mean(intensity) == pytest.approx(asked, rel=0.03)
    assert np.mean(intensity**2) / np.mean(intensity) ** 2 == pytest.approx(moment, rel=0.05)
    assert "noise_power_m2" not in pairs.parameters
    assert np.mean(pairs.parameters["clutter_power_m2"]) == pytest.approx(RCS_M2 * 10, rel=0.03)


def test_clutter_keeps_its_slow_time_correlation_and_its_doppler():
    clutter = Clutter(
        distribution="rayleigh",
        signal_to_clutter_db=(-20.0, -20.0),
        spectrum="autoregressive",
        correlation=0.8,
        doppler_hz=(50.0, 50.0),
    )
    pairs = generate(environment=Environment(clutter=clutter), receiver=quiet())
    speckle = (pairs.rx - pairs.target).astype(complex)
    lagged = np.mean(speckle[:, 1:] * speckle[:, :-1].conj()) / power(speckle)
    assert abs(lagged) == pytest.approx(0.8, abs=0.02)
    assert np.angle(lagged) == pytest.approx(2 * np.pi * 50.0 * 2e-3, abs=0.02)
    assert power(speckle) == pytest.approx(100 * RCS_M2, rel=0.05)


@pytest.mark.parametrize("kind", ["tone", "sweep", "noise", "repeater"])
def test_interference_has_its_power_and_its_frequency(kind):
    interference = Interference(
        kind=kind, interference_to_signal_db=(6.0, 6.0), frequency_hz=(125.0, 125.0), delay_steps=0
    )
    pairs = generate(environment=Environment(interference=interference), receiver=quiet())
    added = (pairs.rx - pairs.target).astype(complex)
    assert power(added) == pytest.approx(RCS_M2 * 10**0.6, rel=0.02)
    spectrum = power(np.fft.fft(added, axis=1), axis=0)
    peak = np.fft.fftfreq(32, 2e-3)[spectrum.argmax()]
    share = spectrum.max() / spectrum.sum()
    if kind == "noise":
        assert share < 0.05
    else:
        assert peak == 125.0
        assert share > 0.99


def test_an_occlusion_hides_the_echo_and_not_the_noise():
    hidden = Occlusion(probability=0.25, length_steps=(4, 8))
    pairs = generate(environment=Environment(occlusion=hidden))
    lost = np.sum(pairs.target == 0, axis=1)
    np.testing.assert_array_equal(lost, pairs.parameters["occluded_steps"])
    assert np.mean(lost > 0) == pytest.approx(0.25, abs=0.03)
    assert set(lost) == {0, 4, 5, 6, 7, 8}
    noise = (pairs.rx - pairs.target)[pairs.target == 0]
    assert power(noise) == pytest.approx(RCS_M2 / 10, rel=0.05)
    assert "noise_power_m2" in pairs.parameters


def test_dropped_pulses_and_spikes_come_as_often_as_asked():
    pairs = generate(environment=Environment(dropped=DroppedPulses(probability=0.1)))
    assert np.mean(pairs.rx == 0) == pytest.approx(0.1, abs=0.004)
    np.testing.assert_array_equal((pairs.rx == 0).sum(axis=1), pairs.parameters["dropped_steps"])
    assert np.all(pairs.target != 0)
    spikes = Spikes(probability=0.05, spike_to_signal_db=(30.0, 30.0))
    pairs = generate(environment=Environment(spikes=spikes), receiver=quiet())
    added = np.abs((pairs.rx - pairs.target).astype(complex)) ** 2
    hit = added > 10 * RCS_M2
    assert np.mean(hit) == pytest.approx(0.05, abs=0.003)
    assert np.mean(added[hit]) == pytest.approx(1000 * RCS_M2, rel=1e-3)


def test_phase_noise_turns_and_does_not_fade():
    oscillator = PhaseNoise(rms_rad=(0.1, 0.1), slope=0.0)
    pairs = generate(receiver=quiet(phase_noise=oscillator))
    turned = np.angle(pairs.rx * pairs.target.conj())
    assert np.std(turned) == pytest.approx(0.1, rel=0.02)
    np.testing.assert_allclose(np.abs(pairs.rx), np.abs(pairs.target), rtol=1e-3)


def test_an_unbalanced_mixer_makes_the_image_of_the_book():
    mixer = IqImbalance(gain_db=(1.0, 1.0), phase_deg=(5.0, 5.0))
    moving = Motion(residual_velocity_mps=(1.0, 1.0), residual_acceleration_mps2=(0.0, 0.0))
    pairs = generate(200, receiver=quiet(iq_imbalance=mixer), motion=moving)
    # The image is the conjugate: two least squares over each dwell, coherent to both.
    rx, echo = pairs.rx.astype(complex), pairs.target.astype(complex)
    columns = np.stack([echo, echo.conj()], axis=2)
    direct, image = np.array(
        [np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(columns, rx, strict=True)]
    ).T
    rejection_db = 10 * np.log10(np.abs(direct) ** 2 / np.abs(image) ** 2)
    np.testing.assert_allclose(rejection_db, 22.83, atol=0.05)


def test_an_offset_is_constant_and_a_converter_has_its_ratio():
    offset = DcOffset(offset_to_noise_db=(10.0, 10.0))
    pairs = generate(receiver=Receiver(snr_db=(10.0, 10.0), dc_offset=offset))
    level = np.mean((pairs.rx - pairs.target).astype(complex), axis=1)
    assert power(level) == pytest.approx(RCS_M2 * (1 + 0.1 / 32), rel=0.05)
    moving = Motion(residual_velocity_mps=(0.37, 0.37), residual_acceleration_mps2=(0.0, 0.0))
    converter = Adc(bits=8, headroom_db=(0.0, 0.0))
    pairs = generate(receiver=quiet(adc=converter), motion=moving)
    error = power(pairs.rx - pairs.target)
    assert 10 * np.log10(RCS_M2 / error) == pytest.approx(6.02 * 8 + 1.76, abs=0.5)


def test_the_range_equation_sets_the_noise():
    budget = RangeEquation(peak_power_w=1.5e6, range_m=(50e3, 200e3))
    scene = {"environment": Environment(range_equation=budget), "receiver": Receiver()}
    pairs = generate(200, radar=Radar(code="constant", carrier_hz=5.6e9), **scene)
    rcs = power(pairs.target, axis=1)
    expected = [
        budget.snr_db(float(s), float(r), 5.6e9)
        for s, r in zip(rcs, pairs.parameters["range_m"], strict=True)
    ]
    np.testing.assert_allclose(pairs.parameters["snr_db"], expected, atol=1e-3)
    assert np.ptp(pairs.parameters["range_m"]) > 100e3
    assert "noise_power_m2" in pairs.parameters


def test_noise_on_the_scene_keeps_the_level_telling():
    objects = (*BASE.objects, Plate(name="panel"))
    receiver = Receiver(snr_db=(10.0, 10.0), snr_reference="scene")
    pairs = generate(8192, objects=objects, receiver=receiver)
    noise = pairs.parameters["noise_power_m2"]
    np.testing.assert_allclose(noise, noise[0], rtol=1e-6)
    assert noise[0] == pytest.approx(power(pairs.target) / 10, rel=1e-5)
    assert np.ptp(pairs.parameters["snr_db"]) > 10


def test_a_normalised_level_takes_the_level_away_and_nothing_else():
    plain = generate(objects=(Plate(name="panel"),))
    shape = generate(objects=(Plate(name="panel"),), level="normalised")
    np.testing.assert_allclose(power(shape.rx, axis=1), 1.0, rtol=1e-5)
    ratio = shape.target / plain.target
    np.testing.assert_allclose(ratio, ratio[:, :1] * np.ones(32), rtol=1e-3)
    np.testing.assert_allclose(shape.rx / plain.rx, ratio[:, :1] * np.ones(32), rtol=1e-3)
    assert "noise_power_m2" not in shape.parameters


def test_targets_are_the_echo_told_in_other_ways():
    turning = {"objects": (Plate(name="panel"),)}
    echo = generate(500, **turning)
    rcs = generate(500, target="rcs", **turning)
    expected = 10 * np.log10(np.maximum(np.abs(echo.target.astype(complex)) ** 2, 1e-6))
    np.testing.assert_allclose(rcs.target, expected, atol=1e-4)
    assert rcs.target.dtype == np.float32
    np.testing.assert_array_equal(rcs.rx, echo.rx)
    both = generate(500, target="tx2rx", **turning)
    assert both.target is both.rx
    ahead = generate(500, target="forecast", horizon=3, **turning)
    assert ahead.target.shape == (500, 32, 3)
    assert ahead.rx.shape == ahead.tx.shape == (500, 32)
    np.testing.assert_array_equal(ahead.target[:, :-1, 0], ahead.rx[:, 1:])
    np.testing.assert_array_equal(ahead.target[:, :-2, 1], ahead.rx[:, 2:])
    np.testing.assert_array_equal(ahead.target[:, 1:, 0], ahead.target[:, :-1, 1])


def test_effects_are_functions_of_the_example_alone():
    scene = replace(
        BASE,
        fluctuation=Fluctuation(swerling=1),
        environment=Environment(
            clutter=Clutter(distribution="k", clutter_to_noise_db=(0.0, 9.0)),
            spikes=Spikes(probability=0.1),
            occlusion=Occlusion(probability=0.5),
        ),
        receiver=Receiver(phase_noise=PhaseNoise(rms_rad=(0.0, 0.1)), adc=Adc(bits=6)),
    )
    generator = PairGenerator(scene, seed=SEED)
    whole, part = generator(0, 40), generator(17, 9)
    assert part.rx.tobytes() == whole.rx[17:26].tobytes()
    for name, values in part.parameters.items():
        assert values.tobytes() == whole.parameters[name][17:26].tobytes()
