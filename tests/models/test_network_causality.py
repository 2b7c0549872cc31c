"""Causality of all networks, and answers at each step."""

import pytest
import torch
from networks import MODELS, network_of, notes_of, signal_of, spec_of, symbol_spec

from radarseq.errors import UsageError
from radarseq.models.features.names import FEATURE_NAMES, RADAR_FEATURES


@pytest.mark.parametrize("features", [RADAR_FEATURES, ("iq",)])
@pytest.mark.parametrize("k", [1, 13, 31])
@pytest.mark.parametrize("model", MODELS)
def test_a_causal_echo_before_a_changed_sample_stays_the_same(model, k, features):
    spec = spec_of()
    network = network_of(spec, model=model, features=features)
    signal, tx = signal_of(spec)
    changed = signal.clone()
    changed[:, k] = changed[:, k] * 50 + 1
    one, other = network(signal, tx).sequence, network(changed, tx).sequence
    assert torch.equal(one[:, :k], other[:, :k])
    assert (one[:, k] != other[:, k]).all()


@pytest.mark.parametrize("model", MODELS)
def test_a_causal_echo_does_not_see_later_codes_either(model):
    spec = spec_of()
    network = network_of(spec, model=model)
    signal, tx = signal_of(spec)
    turned = tx.clone()
    turned[:, 20:] *= 1j
    one, other = network(signal, tx).sequence, network(signal, turned).sequence
    assert torch.equal(one[:, :20], other[:, :20])
    assert not torch.equal(one[:, 20:], other[:, 20:])


@pytest.mark.parametrize("model", MODELS)
def test_an_echo_that_is_not_causal_sees_later_samples(model):
    spec = spec_of()
    network = network_of(spec, model=model, causal=False)
    signal, tx = signal_of(spec)
    changed = signal.clone()
    changed[:, 31] *= 50
    assert (network(signal, tx).sequence[:, 0] != network(changed, tx).sequence[:, 0]).all()


def test_the_second_network_runs_backwards_over_input_and_first_network():
    network = network_of(spec_of(), causal=False)
    steps = torch.randn(32, 2, network.features.width)
    forwards, backwards = network._hidden(steps).chunk(2, dim=2)
    torch.testing.assert_close(forwards, network.backbone(steps), rtol=0, atol=0)
    seen = torch.cat((steps, forwards), dim=2)
    mirrored = network.backwards(seen.flip(0)).flip(0)
    torch.testing.assert_close(mirrored, backwards, rtol=0, atol=1e-6)


STEPWISE = ("iq", "log_magnitude", "increment", "level")


@pytest.mark.parametrize(
    "settings", [{}, {"layer_norm": True, "residual": True, "strides": (2, 3)}]
)
@pytest.mark.parametrize("features", [*[(n,) for n in FEATURE_NAMES[:4]], FEATURE_NAMES])
@pytest.mark.parametrize("model", MODELS)
def test_nothing_before_a_changed_sample_changes(model, features, settings):
    spec = spec_of()
    network = network_of(spec, model=model, features=features, **settings)
    signal, tx = signal_of(spec)
    before = network(signal, tx).sequence
    for k in (1, 12, 31):
        changed = signal.clone()
        changed[:, k] = changed[:, k] * 50 + 1
        after = network(changed, tx).sequence
        assert torch.equal(before[:, :k], after[:, :k])
        assert (before[:, k] != after[:, k]).all()


@pytest.mark.parametrize("model", MODELS)
def test_symbols_that_come_later_do_not_show(model):
    network = network_of(symbol_spec(), model=model, task="next_symbol")
    notes = notes_of(network.spec)
    for k in (1, 7):
        changed = notes.clone()
        changed[:, k] = (changed[:, k] + 1) % 6
        one, other = network(notes).symbols, network(changed).symbols
        assert torch.equal(one[:, :k], other[:, :k])
        assert (one[:, k] != other[:, k]).any()


@pytest.mark.parametrize("pool", ["mean_max", "last"])
@pytest.mark.parametrize("model", MODELS)
def test_the_class_at_a_step_is_that_of_the_steps_so_far(model, pool):
    spec = spec_of()
    network = network_of(spec, model=model, pool=pool, features=STEPWISE)
    signal, tx = signal_of(spec)
    by_step = network.step_logits(signal, tx)
    assert by_step.shape == (5, 32, 4)
    for steps in (1, 9, 32):
        so_far = network(signal[:, :steps], tx[:, :steps]).logits
        torch.testing.assert_close(by_step[:, steps - 1], so_far, rtol=0, atol=1e-6)


def test_a_class_that_needs_the_whole_sequence_is_not_given_by_step():
    signal, tx = signal_of(spec_of())
    with pytest.raises(UsageError, match="spectrum"):
        network_of(spec_of()).step_logits(signal, tx)
    with pytest.raises(UsageError, match="has no class"):
        network_of(spec_of(), task="echo").step_logits(signal, tx)
