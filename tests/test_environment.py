"""Range equation, clutter, interference and losses against their own moments and spectra."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import special, stats

from simulators.impairments import clutter as cl
from simulators.impairments import dropouts as fa
from simulators.impairments import environment as en
from simulators.impairments import fluctuation as fl
from simulators.impairments import interference as it
from simulators.impairments.receiver import add_noise, noise_power_w

SEED, DOMAIN = np.uint64(12), 0
UNLIKELY = 1e-3  # a p-value; the draws are fixed by the seed, so a pass stays a pass
WHITE = np.zeros(0)  # no taps and no correlation
WORK = np.empty(3000, dtype=np.complex128)


def indices(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


def within(values, expected, sigmas=3.0):
    """Whether the mean of independent values lies within some standard errors of ``expected``."""
    return abs(np.mean(values) - expected) < sigmas * np.std(values) / np.sqrt(len(values))


def echo_of(steps=32, frequency=0.03):
    return np.exp(2j * np.pi * (frequency * np.arange(steps) + 0.2))


# Range equation -------------------------------------------------------------------------------


def test_range_equation_meets_the_published_example():
    radar = en.RangeEquation(peak_power_w=1.5e6)
    assert radar.snr_db(0.1, 100e3, 5.6e9) == pytest.approx(11.343, abs=5e-4)


def test_echo_power_and_noise_equivalent_rcs_follow_from_the_same_equation():
    radar = en.RangeEquation(peak_power_w=1e3, transmit_gain_db=30.0, receive_gain_db=33.0)
    near, far = radar.echo_power_w(1.0, 1e4, 1e10), radar.echo_power_w(1.0, 2e4, 1e10)
    assert near / far == pytest.approx(16.0)
    assert radar.echo_power_w(2.5, 1e4, 1e10) == pytest.approx(2.5 * near)
    assert radar.echo_power_w(1.0, 1e4, 5e9) == pytest.approx(4 * near)  # longer wave, more
    rcs = radar.noise_equivalent_rcs_m2(1e4, 1e10)
    assert radar.snr_db(rcs, 1e4, 1e10) == pytest.approx(0.0, abs=1e-12)
    noise = noise_power_w(radar.bandwidth_hz, radar.noise_figure_db)
    assert radar.echo_power_w(rcs, 1e4, 1e10) == pytest.approx(noise)


# Clutter --------------------------------------------------------------------------------------


def clutter(kind, shape, count=20_000, steps=16, power=1.0, taps=WHITE, correlation=0.0, f=0.0):
    rows = np.zeros((count, steps), dtype=np.complex128)
    for row, i in zip(rows, indices(count), strict=True):
        cl.add_clutter(row, kind, power, shape, taps, correlation, f, WORK, SEED, DOMAIN, i)
    return rows


def k_intensity_cdf(intensity, order):
    root = np.sqrt(order * intensity)
    return 1 - 2 / special.gamma(order) * root**order * special.kv(order, 2 * root)


@pytest.mark.parametrize(("order", "second"), [(0.5, 6.0), (1.0, 4.0), (5.0, 2.4)])
def test_k_clutter_has_its_law_mean_power_and_second_moment(order, second):
    intensity = np.abs(clutter(fl.K, order)) ** 2
    assert within(intensity.mean(axis=1), 1.0)
    assert within((intensity**2).mean(axis=1), second)
    one_a_dwell = intensity[:, 7]  # steps of one dwell share its texture
    assert stats.kstest(one_a_dwell, k_intensity_cdf, args=(order,)).pvalue > UNLIKELY


@pytest.mark.parametrize("exponent", [0.9, 1.4])
def test_weibull_clutter_is_weibull_in_amplitude(exponent):
    intensity = np.abs(clutter(fl.WEIBULL, exponent)) ** 2
    half = exponent / 2
    second = special.gamma(1 + 2 / half) / special.gamma(1 + 1 / half) ** 2
    assert within(intensity.mean(axis=1), 1.0)
    assert within((intensity**2).mean(axis=1), second)
    law = stats.weibull_min(exponent, scale=special.gamma(1 + 1 / half) ** -0.5)
    assert stats.kstest(np.sqrt(intensity[:, 3]), law.cdf).pvalue > UNLIKELY


def test_log_normal_clutter_has_its_second_moment():
    intensity = np.abs(clutter(fl.LOG_NORMAL, 0.6)) ** 2
    assert within(intensity.mean(axis=1), 1.0)
    assert within((intensity**2).mean(axis=1), 2 * np.exp(0.36))


def test_texture_holds_over_the_dwell_and_speckle_does_not():
    intensity = np.abs(clutter(fl.K, 1.0)) ** 2
    # Of independent speckle, <I_m I_n> = <texture^2>; of independent texture it would be 1.
    assert within(intensity[:, 2] * intensity[:, 9], 2.0)


def test_clutter_power_is_returned_and_scales():
    row = np.zeros(2000, dtype=np.complex128)
    local = cl.add_clutter(row, fl.K, 8.0, 0.7, WHITE, 0.0, 0.0, WORK, SEED, DOMAIN, np.uint64(5))
    assert local == 8.0 * fl.texture(fl.K, 0.7, SEED, DOMAIN, np.uint64(5))
    assert within(np.abs(row) ** 2, local)


@pytest.mark.parametrize("spectrum", ["gaussian", "autoregressive"])
def test_clutter_spectrum_peaks_at_its_doppler_with_its_width(spectrum):
    settings = cl.Clutter(
        distribution="k", clutter_to_noise_db=(20.0, 20.0), spectrum=spectrum, correlation=0.9
    )
    rows = clutter(fl.K, 2.0, 6000, 64, taps=settings.taps(), correlation=0.9, f=0.2)
    spectra = np.abs(np.fft.fft(rows, axis=1)) ** 2 / 64
    lags = np.arange(-63, 64)
    law = 0.9 ** (lags**2.0 if spectrum == "gaussian" else np.abs(lags))
    # The mean periodogram is the transform of the correlation under a triangle.
    turned = np.exp(2j * np.pi * np.outer(0.2 - np.arange(64) / 64, lags))
    expected = np.real(turned @ ((1 - np.abs(lags) / 64) * law))
    error = spectra.std(axis=0) / np.sqrt(len(rows))
    assert np.all(np.abs(spectra.mean(axis=0) - expected) < 4 * error + 1e-4)
    assert np.argmax(spectra.mean(axis=0)) == 13  # 0.2 x 64 = 12.8


def test_clutter_settings_give_the_kernel_its_numbers():
    settings = cl.Clutter(
        distribution="weibull",
        signal_to_clutter_db=(-3.0, 10.0),
        shape=(1.0, 1.5),
        doppler_hz=(-50.0, 100.0),
    )
    assert (settings.kind, settings.is_on, settings.is_relative_to_signal) == (3, True, True)
    np.testing.assert_allclose(settings.priors(2e-3), [[-10, 3], [1, 1.5], [-0.1, 0.2]])
    np.testing.assert_array_equal(settings.taps(), fl.gaussian_taps(0.9))
    assert cl.Clutter(spectrum="autoregressive").taps().shape == (0,)
    over_noise = cl.Clutter(distribution="k", clutter_to_noise_db=(5.0, 6.0))
    assert not over_noise.is_relative_to_signal
    np.testing.assert_array_equal(over_noise.priors(1.0)[0], [5.0, 6.0])


# Interference ---------------------------------------------------------------------------------


def interfere(row, kind, ratio_db=6.0, f=0.0, sweep=0.0, delay=1, index=0, echo=None):
    echo = row if echo is None else echo
    it.add_interference(
        row, echo, kind, ratio_db, 2.0, f, sweep, delay, SEED, DOMAIN, np.uint64(index)
    )
    return row


def test_tone_has_its_frequency_and_power():
    row = interfere(np.zeros(64, complex), it.TONE, ratio_db=6.0, f=-11 / 64)
    spectrum = np.abs(np.fft.fft(row)) ** 2 / 64**2
    assert np.argmax(spectrum) == 64 - 11
    assert spectrum[53] == pytest.approx(2.0 * 10**0.6)
    assert np.delete(spectrum, 53).max() < 1e-25


@pytest.mark.parametrize("kind", [it.TONE, it.SWEEP, it.REPEATER])
def test_phase_of_an_interferer_is_uniform(kind):
    phases = [
        np.angle(
            interfere(np.zeros(2, complex), kind, delay=0, index=i, echo=np.ones(2, complex))[0]
        )
        for i in range(3000)
    ]
    assert stats.kstest(phases, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > UNLIKELY


@pytest.mark.parametrize("sweep", [0.4, -0.3])
def test_sweep_runs_linearly_through_its_band_at_steady_power(sweep):
    row = interfere(np.zeros(33, complex), it.SWEEP, ratio_db=-10.0, f=0.05, sweep=sweep)
    np.testing.assert_allclose(np.abs(row) ** 2, 0.2, rtol=1e-12)
    frequency = np.angle(row[1:] / row[:-1]) / (2 * np.pi)  # at the middle of each step
    expected = 0.05 + sweep * ((np.arange(32) + 0.5) / 32 - 0.5)
    np.testing.assert_allclose(frequency, expected, atol=1e-12)


def test_noise_jamming_is_white_gaussian_and_not_the_receivers_noise():
    rows = np.zeros((3000, 4), dtype=np.complex128)
    thermal = np.zeros_like(rows)
    for i, (row, other) in enumerate(zip(rows, thermal, strict=True)):
        interfere(row, it.NOISE, ratio_db=3.0, index=i)
        add_noise(other, 2.0 * 10**0.3, SEED, DOMAIN, np.uint64(i))
    power = 2.0 * 10**0.3
    intensity = np.abs(rows.ravel()) ** 2
    assert within(intensity, power)
    assert stats.kstest(intensity, stats.expon(scale=power).cdf).pvalue > UNLIKELY
    covariance = rows.T @ rows.conj() / 3000
    assert np.abs(covariance - power * np.eye(4)).max() < 4 * power / np.sqrt(3000)
    assert within(np.real(rows * thermal.conj()).ravel(), 0.0)


@pytest.mark.parametrize("delay", [0, 1, 5, 40])
def test_repeater_sends_the_echo_again_late_stronger_and_shifted(delay):
    echo = echo_of() * np.linspace(1, 2, 32)
    row = interfere(echo.copy(), it.REPEATER, ratio_db=12.0, f=0.1, delay=delay)
    copy = row - echo
    np.testing.assert_array_equal(copy[:delay], 0.0)
    if delay < 32:
        ratio = copy[delay:] / echo[: 32 - delay] * np.exp(-0.2j * np.pi * np.arange(delay, 32))
        np.testing.assert_allclose(np.abs(ratio), 10**0.6, rtol=1e-12)
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)


def test_repeater_copies_an_echo_kept_elsewhere_and_leaves_it_alone():
    echo = echo_of()
    before, row = echo.copy(), interfere(echo.copy(), it.REPEATER, delay=3)
    other = interfere(np.zeros(32, complex), it.REPEATER, delay=3, echo=echo)
    np.testing.assert_allclose(row, echo + other, atol=1e-14)
    np.testing.assert_array_equal(echo, before)


# Losses and spikes ----------------------------------------------------------------------------


def test_occlusion_takes_one_run_of_uniform_length_and_place():
    rows, lengths, firsts = np.ones((12_000, 16), dtype=np.complex128), [], []
    for row, i in zip(rows, indices(12_000), strict=True):
        lost = fa.occlude(row, 0.5, 3, 5, SEED, DOMAIN, i)
        gone = np.flatnonzero(row == 0)
        assert len(gone) == lost
        if lost:
            assert gone[-1] - gone[0] == lost - 1  # one run
            lengths.append(lost)
            firsts.append(gone[0])
    happened = np.zeros(12_000)
    happened[: len(lengths)] = 1.0
    assert within(happened, 0.5)
    counts = np.bincount(lengths)
    assert len(counts) == 6  # 3, 4 and 5 steps
    assert np.all(counts[:3] == 0)
    assert stats.chisquare(counts[3:]).pvalue > UNLIKELY
    places = np.bincount(np.array(firsts)[np.array(lengths) == 4])
    assert len(places) == 13  # the last place at which a run of 4 still fits, and all before
    assert stats.chisquare(places).pvalue > UNLIKELY


def test_occlusion_longer_than_the_dwell_takes_all_of_it():
    row = np.ones(8, dtype=np.complex128)
    assert fa.occlude(row, 1.0, 20, 30, SEED, DOMAIN, np.uint64(0)) == 8
    assert not row.any()


def test_dropped_pulses_are_independent_and_as_many_as_asked():
    rows = np.ones((8000, 9), dtype=np.complex128)
    lost = [fa.drop(row, 0.3, SEED, DOMAIN, i) for row, i in zip(rows, indices(8000), strict=True)]
    gone = (rows == 0).astype(float)
    np.testing.assert_array_equal(lost, gone.sum(axis=1))
    assert np.all(rows[gone == 0] == 1.0)
    covariance = np.cov(gone.T)
    assert np.abs(covariance - 0.21 * np.eye(9)).max() < 4 * 0.21 / np.sqrt(8000)
    assert within(gone.mean(axis=1), 0.3)


def test_spikes_hit_as_often_and_as_hard_as_asked_with_any_phase():
    rows = np.zeros((8000, 5), dtype=np.complex128)
    hits = [
        fa.add_spikes(row, 0.2, 50.0, SEED, DOMAIN, i)
        for row, i in zip(rows, indices(8000), strict=True)
    ]
    hit = rows != 0
    np.testing.assert_array_equal(hits, hit.sum(axis=1))
    assert within(hit.mean(axis=1), 0.2)
    assert np.abs(np.cov(hit.T.astype(float)) - 0.16 * np.eye(5)).max() < 4 * 0.16 / np.sqrt(8000)
    np.testing.assert_allclose(np.abs(rows[hit]) ** 2, 50.0, rtol=1e-12)
    phase = np.angle(rows[hit])
    assert stats.kstest(phase, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > UNLIKELY


# What all effects share -----------------------------------------------------------------------


def effects():
    """Return each effect as (row, echo, on, index) -> None, ``on`` False at its off setting."""

    def cluttered(row, echo, on, i):
        kind, taps = fl.K if on else fl.CLUTTER_OFF, fl.gaussian_taps(0.9)
        cl.add_clutter(row, kind, 1.0, 0.5, taps, 0.0, 0.1, WORK, SEED, DOMAIN, np.uint64(i))

    def interfered(row, echo, on, i):
        interfere(row, it.REPEATER if on else it.INTERFERENCE_OFF, index=i, echo=echo)

    def occluded(row, echo, on, i):
        fa.occlude(row, float(on), 2, 20, SEED, DOMAIN, np.uint64(i))

    def dropped(row, echo, on, i):
        fa.drop(row, 0.5 * on, SEED, DOMAIN, np.uint64(i))

    def spiked(row, echo, on, i):
        fa.add_spikes(row, 0.5 * on, 9.0, SEED, DOMAIN, np.uint64(i))

    return [cluttered, interfered, occluded, dropped, spiked]


@pytest.mark.parametrize("effect", effects(), ids=lambda effect: effect.__name__)
def test_an_effect_changes_its_row_alone_and_only_when_on(effect):
    echo, row = echo_of(), echo_of()
    effect(row, echo, False, 3)
    np.testing.assert_array_equal(row, echo_of())
    effect(row, echo, True, 3)
    assert np.any(row != echo_of())
    np.testing.assert_array_equal(echo, echo_of())


@pytest.mark.parametrize("effect", effects(), ids=lambda effect: effect.__name__)
def test_an_example_alone_is_the_example_in_a_batch(effect):
    batch = np.array([echo_of()] * 20)
    for i in reversed(range(20)):
        effect(batch[i], echo_of(), True, i)
    alone = echo_of()
    effect(alone, echo_of(), True, 13)
    np.testing.assert_array_equal(batch[13], alone)
    assert len(np.unique(batch, axis=0)) > 15  # the others are others


def test_no_power_and_no_probability_are_off_too():
    row = echo_of()
    zero = np.uint64(0)
    cl.add_clutter(row, fl.K, 0.0, 0.5, WHITE, 0.0, 0.0, WORK, SEED, DOMAIN, zero)
    fa.occlude(row, 0.0, 4, 8, SEED, DOMAIN, zero)
    np.testing.assert_array_equal(row, echo_of())


# Settings -------------------------------------------------------------------------------------


def test_everything_is_off_by_default():
    settings = en.Environment()
    assert not settings.range_equation.is_on
    assert not settings.clutter.is_on
    assert (settings.clutter.kind, settings.interference.number) == (
        fl.CLUTTER_OFF,
        it.INTERFERENCE_OFF,
    )
    assert settings.occlusion.probability == 0
    assert settings.dropped.probability == 0
    assert settings.spikes.probability == 0


def test_environment_priors_are_in_the_order_that_they_say():
    settings = en.Environment(
        range_equation=en.RangeEquation(range_m=(1e3, 2e3)),
        clutter=cl.Clutter(distribution="k", clutter_to_noise_db=(3.0, 4.0), doppler_hz=(5.0, 6.0)),
        interference=it.Interference(
            kind="sweep",
            interference_to_signal_db=(7.0, 8.0),
            frequency_hz=(-10.0, 10.0),
            sweep_hz=(20.0, 30.0),
        ),
        spikes=fa.Spikes(spike_to_signal_db=(9.0, 11.0)),
    )
    expected = [
        [1e3, 2e3], [3, 4], [1, 1], [0.5, 0.6], [7, 8], [-1, 1], [2, 3], [9, 11]
    ]  # fmt: skip
    np.testing.assert_allclose(settings.priors(0.1), expected)
    assert settings.interference.number == it.SWEEP


def test_kinds_are_numbered_in_the_order_of_their_names():
    names = ("rayleigh", "k", "weibull", "log_normal")
    kinds = [cl.Clutter(distribution=name, clutter_to_noise_db=(0.0, 0.0)).kind for name in names]
    assert kinds == [fl.RAYLEIGH, fl.K, fl.WEIBULL, fl.LOG_NORMAL]
    numbers = [it.Interference(kind=name).number for name in ("tone", "sweep", "noise", "repeater")]
    assert numbers == [it.TONE, it.SWEEP, it.NOISE, it.REPEATER]


LEVEL = {"clutter_to_noise_db": (0.0, 0.0)}


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (en.RangeEquation, {"peak_power_w": -1.0}, "peak_power_w is -1.0; expected 0 or more"),
        (en.RangeEquation, {"loss_db": -1.0}, "loss_db is -1.0"),
        (en.RangeEquation, {"bandwidth_hz": 0.0}, "bandwidth_hz is 0.0; expected above 0"),
        (en.RangeEquation, {"range_m": (0.0, 1.0)}, "range_m is .*; expected above 0"),
        (cl.Clutter, {"distribution": "pareto"}, "distribution is 'pareto'; expected one of off"),
        (cl.Clutter, {"spectrum": "flat"}, "spectrum is 'flat'"),
        (
            cl.Clutter,
            {"distribution": "k"},
            "clutter has 0 levels; expected clutter_to_noise_db or",
        ),
        (cl.Clutter, {**LEVEL, "signal_to_clutter_db": (0.0, 0.0)}, "clutter has 2 levels"),
        (cl.Clutter, {"clutter_to_noise_db": (1.0, 0.0)}, "the lower end comes first"),
        (
            cl.Clutter,
            {**LEVEL, "distribution": "k", "shape": (0.0, 1.0)},
            "shape is .*0.05 to 1000",
        ),
        (
            cl.Clutter,
            {**LEVEL, "distribution": "weibull", "shape": (1.0, 2.1)},
            "shape is .*0.2 to",
        ),
        (cl.Clutter, {"correlation": 1.0}, "correlation is 1.0; expected 0 to 0.9999"),
        (cl.Clutter, {"doppler_hz": (1.0, -1.0)}, "doppler_hz is"),
        (it.Interference, {"kind": "pulse"}, "kind is 'pulse'; expected one of off, tone"),
        (it.Interference, {"sweep_hz": (2.0, 1.0)}, "sweep_hz is"),
        (it.Interference, {"delay_steps": -1}, "delay_steps is -1; expected 0 or more"),
        (fa.Occlusion, {"probability": 1.5}, "probability is 1.5; expected 0 to 1"),
        (fa.Occlusion, {"length_steps": (0, 3)}, "length_steps is .*; expected 1"),
        (fa.Dropped, {"probability": -0.1}, "probability is -0.1"),
        (fa.Spikes, {"spike_to_signal_db": (3.0, 2.0)}, "spike_to_signal_db is"),
    ],
)
def test_settings_refuse_what_cannot_be(kind, values, message):
    with pytest.raises(ValueError, match=message):
        kind(**values)


def test_settings_are_read_strictly():
    reader = TypeAdapter(en.Environment)
    read = reader.validate_json('{"clutter": {"distribution": "k", "clutter_to_noise_db": [3, 5]}}')
    assert read.clutter.clutter_to_noise_db == (3.0, 5.0)
    with pytest.raises(ValidationError, match=r"clutter\.color"):
        reader.validate_json('{"clutter": {"color": "white"}}')
    with pytest.raises(ValidationError, match=r"dropped\.probability"):
        reader.validate_json('{"dropped": {"probability": "0.5"}}')


def test_streams_differ_from_each_other():
    names = [name for name in dir(en) if name.startswith("STREAM_")]
    numbers = {getattr(en, name) for name in names} | {16, 18, 19}  # those of fluctuation
    assert len(numbers) == len(names) + 3
    assert min(numbers) >= 16
    assert max(numbers) < 32  # where the receiver's begin
