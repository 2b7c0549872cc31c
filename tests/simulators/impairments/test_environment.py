"""The range equation, and the effects of the environment together."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from signals import echo_of, interfere

from simulators import random as rng
from simulators.impairments import clutter as cl
from simulators.impairments import dropouts as fa
from simulators.impairments import environment as en
from simulators.impairments import fluctuation as fl
from simulators.impairments import interference as it
from simulators.impairments.fluctuation import Fluctuation
from simulators.impairments.noise import noise_power_w
from simulators.impairments.receiver import Receiver
from simulators.kernels.signal_chain import impairments_of

SEED, DOMAIN = np.uint64(12), 0
WHITE = np.zeros(0)  # no taps and no correlation
WORK = np.empty(3000, dtype=np.complex128)


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


def test_everything_is_off_by_default():
    settings = en.Environment()
    assert not settings.range_equation.is_on
    assert not settings.clutter.is_on
    assert (settings.clutter.kernel_kind, settings.interference.kernel_kind) == (
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
    chain = impairments_of(settings, Receiver(), Fluctuation(), interval_s=0.1, carrier_hz=1e9)
    np.testing.assert_allclose(chain.priors[:8], expected)
    assert settings.interference.kernel_kind == it.SWEEP


def test_kinds_are_numbered_in_the_order_of_their_names():
    names = ("rayleigh", "k", "weibull", "log_normal")
    kinds = [
        cl.Clutter(distribution=name, clutter_to_noise_db=(0.0, 0.0)).kernel_kind for name in names
    ]
    assert kinds == [fl.RAYLEIGH, fl.K, fl.WEIBULL, fl.LOG_NORMAL]
    numbers = [
        it.Interference(kind=name).kernel_kind for name in ("tone", "sweep", "noise", "repeater")
    ]
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
        (fa.DroppedPulses, {"probability": -0.1}, "probability is -0.1"),
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


def test_streams_of_impairments_differ_from_each_other():
    names = "FLUCTUATION IMPAIRMENTS TEXTURE SPECKLE INTERFERENCE OCCLUSION DROPPED SPIKES".split()
    numbers = {getattr(rng, f"STREAM_{name}") for name in names}
    assert len(numbers) == len(names)
    assert min(numbers) >= 16
    assert max(numbers) < 32  # where the receiver's begin
