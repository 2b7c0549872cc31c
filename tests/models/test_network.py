"""All networks: shapes, scale, features that are hidden, and samples that are refused."""

import numpy as np
import pytest
import torch
from networks import MODELS, PLAIN, network_of, notes_of, signal_of, spec_of, symbol_spec

from radarseq.errors import MismatchError, UsageError
from radarseq.models.features.names import RADAR_FEATURES

SCALELESS = ("iq", "log_magnitude", "increment", "spectrum")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("task", ["both", "classify", "echo"])
@pytest.mark.parametrize(
    ("is_complex", "channels", "target", "out", "coded"),
    [
        (True, 1, "complex", 1, True),
        (True, 3, "complex", 3, True),
        (True, 3, "complex", 1, False),
        (True, 1, "real", 2, False),
        (False, 1, "real", 1, False),
        (False, 4, "real", 4, False),
        (False, 4, "complex", 2, False),
    ],
)
def test_outputs_are_as_long_as_the_input(
    model, causal, task, is_complex, channels, target, out, coded
):
    spec = spec_of(
        is_complex=is_complex, channels=channels, target=target, target_channels=out, coded=coded
    )
    network = network_of(spec, model=model, causal=causal, task=task)
    output = network(*signal_of(spec))
    if task == "classify":
        assert output.sequence is None
    else:
        assert output.sequence.shape == ((5, 32) if out == 1 else (5, 32, out))
        assert output.sequence.is_complex() == (target == "complex")
    if task == "echo":
        assert output.logits is None
    else:
        assert output.logits.shape == (5, 4)
    made = [v for v in output if v is not None]
    assert all(torch.isfinite(v.abs()).all() for v in made)


def test_one_channel_may_have_an_axis_of_its_own():
    spec = spec_of()
    network, (signal, tx) = network_of(spec), signal_of(spec)
    one, other = network(signal, tx), network(signal[..., None], tx)
    assert torch.equal(one.sequence, other.sequence)
    assert torch.equal(one.logits, other.logits)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("causal", [True, False])
def test_the_echo_scales_with_the_input_and_the_class_does_not(model, causal):
    spec = spec_of()
    network = network_of(spec, model=model, causal=causal, features=SCALELESS)
    signal, tx = signal_of(spec)
    one, other = network(signal, tx), network(10 * signal, tx)
    torch.testing.assert_close(other.sequence, 10 * one.sequence, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(other.logits, one.logits, rtol=0, atol=1e-5)


def test_the_code_turns_the_echo_with_it():
    spec = spec_of()
    network, (signal, tx) = network_of(spec), signal_of(spec)
    plain = network(signal * tx.conj(), torch.ones_like(tx))
    coded = network(signal, tx)
    torch.testing.assert_close(coded.sequence, plain.sequence * tx, rtol=0, atol=1e-4)
    torch.testing.assert_close(coded.logits, plain.logits, rtol=0, atol=1e-3)


def test_the_class_does_not_depend_on_where_a_doppler_puts_the_spectrum():
    spec = spec_of()
    network = network_of(spec, task="classify")
    head = network.classes
    signal, tx = signal_of(spec)
    turning = torch.polar(torch.ones(32), 2 * np.pi * 5 / 32 * torch.arange(32.0))
    hidden = torch.randn(32, 5, network.backbone.outputs)
    one, other = (network.features(s, tx) for s in (signal, signal * turning))
    assert not torch.allclose(one.spectrum, other.spectrum, atol=0.1)
    torch.testing.assert_close(
        head(hidden, one, None), head(hidden, other, None), rtol=0, atol=1e-4
    )


def complain(network, *arguments):
    with pytest.raises(MismatchError) as caught:
        network(*arguments)
    return str(caught.value)


def test_samples_that_do_not_fit_are_refused_with_what_was_expected():
    network = network_of(spec_of())
    signal, tx = signal_of(network.spec)
    assert "got (32,)" in complain(network, signal[0], tx)
    assert "got (5, 32, 1, 1)" in complain(network, signal[..., None, None], tx)
    assert "got (5, 32, 2)" in complain(network, torch.stack((signal, signal), dim=2), tx)
    assert "expected complex samples, got torch.float32" in complain(network, signal.real, tx)
    assert "their transmitted code; tx is not" in complain(network, signal)
    assert "expected tx (5, 32), got (5, 31)" in complain(network, signal, tx[:, 1:])
    assert "expected tx (5, 32), got (32,)" in complain(network, signal, tx[0])


def test_a_code_that_was_not_trained_with_and_complex_for_real_are_refused():
    spec = spec_of(is_complex=False, channels=2, target="real", coded=False)
    network, (signal, _) = network_of(spec), signal_of(spec)
    tx = torch.ones(5, 32, dtype=torch.complex64)
    assert "expected no code; tx is given" in complain(network, signal, tx)
    assert "expected real samples" in complain(network, signal.to(torch.complex64))
    info = complain(network, signal.transpose(1, 2))
    assert info == ("expected samples (batch, step, 2), got (5, 2, 32); the step axis comes second")


def test_samples_that_lack_the_channels_are_told_of_them():
    spec = spec_of(channels=3)
    network, (_, tx) = network_of(spec), signal_of(spec)
    assert "(batch, step, 3), got (5, 32)" in complain(network, torch.ones_like(tx), tx)


@pytest.mark.parametrize("pool", ["mean_max", "last"])
def test_training_hides_a_share_of_the_features_and_answers_hide_none(pool):
    torch.manual_seed(0)
    spec = spec_of()
    network = network_of(spec, pool=pool, input_dropout=0.25, task="classify", features=("iq",))
    signal, tx = signal_of(spec)
    described = network.features(signal, tx).steps.transpose(0, 1)
    seen = []
    network.backbone.first.register_forward_hook(lambda *at: seen.append(at[1][0]))
    network.backbone.dilations = (1,) * len(network.backbone.dilations)  # the last step sees six
    network.train()
    for _ in range(50):
        network(signal, tx)
    shown = torch.stack(seen)
    clean = described[-shown.shape[1] :]
    hidden = shown == 0
    torch.testing.assert_close(shown, torch.where(hidden, 0.0, clean / 0.75))
    assert abs(hidden.float().mean() - 0.25) < 4 * (0.25 * 0.75 / hidden.numel()) ** 0.5
    seen.clear()
    network.eval()(signal, tx)
    torch.testing.assert_close(seen[0], clean)


STEPWISE = ("iq", "log_magnitude", "increment", "level")


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("model", MODELS)
def test_a_batch_of_eleven_steps_keeps_its_shape(model, channels):
    spec = spec_of(channels=channels, steps=11, **PLAIN, standardised=True)
    network = network_of(spec, model=model, features=("value",))
    x = torch.randn(6, 11, channels)
    assert network.backbone(network.features(x).steps.transpose(0, 1)).shape[:2] == (11, 6)
    output = network(x)
    assert output.sequence.shape == ((6, 11, 2) if channels == 2 else (6, 11))
    assert output.logits.shape == (6, 4)


@pytest.mark.parametrize("model", MODELS)
def test_sequences_without_a_step_are_refused_and_one_step_is_enough(model):
    spec = spec_of(channels=2, steps=1, **PLAIN)
    with pytest.raises(UsageError, match="1 step have no spectrum"):
        network_of(spec, model=model)
    network = network_of(spec, model=model, features=STEPWISE)
    assert network(torch.randn(3, 1, 2)).sequence.shape == (3, 1, 2)
    with pytest.raises(MismatchError, match=r"no step: got \(3, 0, 2\)"):
        network(torch.zeros(3, 0, 2))


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_values_of_any_size_are_standardised_and_stay_numbers(size):
    spec = spec_of(channels=2, **PLAIN, standardised=True)
    network = network_of(spec, features=(*RADAR_FEATURES[:4], "value"), task="echo")
    signal, _ = signal_of(spec)
    network.fit(size * signal, None, size * signal, None)
    steps = network.features(size * signal).steps
    assert torch.isfinite(steps).all()
    value = steps[..., -2:].flatten(0, 1)
    torch.testing.assert_close(value.std(dim=0), torch.ones(2), rtol=1e-4, atol=0)
    assert torch.isfinite(network(size * signal).sequence).all()


@pytest.mark.parametrize("model", MODELS)
def test_each_voice_has_a_score_for_each_symbol(model):
    network = network_of(symbol_spec(), model=model, task="next_symbol")
    output = network(notes_of(network.spec))
    assert output.symbols.shape == (5, 12, 2, 6)
    assert output.sequence is None
    assert output.logits is None


@pytest.mark.parametrize("wrong", [-1.0, 6.0, 2.5, float("nan")])
def test_what_is_no_symbol_is_refused_unless_it_is_padding(wrong):
    network = network_of(symbol_spec(), task="next_symbol")
    notes = notes_of(network.spec)
    notes[3, 8, 1] = wrong
    with pytest.raises(
        MismatchError, match="is not a symbol of this model; expected whole numbers"
    ):
        network(notes)
    assert network(notes, length=torch.tensor([12, 12, 12, 8, 12])).symbols.isfinite().all()
