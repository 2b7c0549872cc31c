"""What all networks promise: causality, masks, per-step answers, settings that do what they say."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from radarseq.errors import MismatchError, UsageError
from radarseq.models.backbones.conv_gru import ConvGru
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.features.radar import FEATURE_NAMES, RADAR_FEATURES
from radarseq.models.network import InputSpec, Network
from radarseq.models.settings import ModelSettings, dilations_for
from radarseq.training.data.batches import Batch
from radarseq.training.optimisation.losses import (
    Objective,
    batch_loss,
    class_loss,
    sequence_error,
    symbol_loss,
)

MODELS = ("wavenet", "lstm", "gru", "rnn", "conv_gru", "resnet")
PLAIN = {"is_complex": False, "target": "real", "coded": False}
DEEP = {"layer_norm": True, "residual": True, "strides": (2, 3)}
STEPWISE = ("iq", "log_magnitude", "increment", "level")


def spec_of(*, is_complex=True, channels=1, steps=32, target="complex", coded=True, **more):
    values = {"target_channels": channels, "classes": 4} | more
    return InputSpec(
        is_complex=is_complex, channels=channels, steps=steps, target=target, coded=coded, **values
    )


def network_of(spec, seed=0, **settings):
    torch.manual_seed(seed)
    return Network(ModelSettings(**({"width": 8, "skip": 16} | settings)), spec).eval()


def signal_of(spec, batch=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, spec.steps) + ((spec.channels,) if spec.channels > 1 else ())
    dtype = torch.complex64 if spec.is_complex else torch.float32
    signal = torch.randn(shape, dtype=dtype, generator=generator)
    phase = 6.28 * torch.rand(signal.shape[:2], generator=generator)
    return signal, torch.polar(torch.ones_like(phase), phase) if spec.coded else None


# --- the future does not show


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


# --- shapes


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


# --- conv_gru


@pytest.mark.parametrize("steps", [1, 5, 12, 31])
@pytest.mark.parametrize("strides", [(1,), (2,), (2, 3)])
def test_conv_gru_is_strided_convolutions_a_gru_and_the_way_back(strides, steps):
    torch.manual_seed(5)
    cells = Recurrent("gru", 4, width=4, layers=2, dropout=0.0)
    network = ConvGru(3, strides=strides, cells=cells, width=4)
    x = torch.randn(steps, 2, 3)
    frames = x.permute(1, 2, 0)  # (batch, channel, step)
    for stride, layer in zip(strides, network.convolutions, strict=True):
        kernel = layer.weight.unflatten(1, (2 * stride, -1)).transpose(1, 2)
        padded = functional.pad(frames, (stride, 0))
        if padded.shape[2] < 2 * stride:
            frames = padded.new_zeros(2, 4, 0)
            break
        frames = functional.gelu(functional.conv1d(padded, kernel, layer.bias, stride=stride))
    states = cells.cells(frames.permute(2, 0, 1))[0] if frames.shape[2] else torch.zeros(0, 2, 4)
    shortened = int(np.prod(strides))
    for step, output in enumerate(network(x)):
        complete = (step + 1) // shortened
        held = states[complete - 1] if complete else torch.zeros(2, 4)
        expected = functional.gelu(network.last(torch.cat((held, network.now(x[step])), dim=1)))
        torch.testing.assert_close(output, expected, rtol=0, atol=1e-6)


# --- settings that shape a network


def test_residual_and_norm_do_what_they_are_named_for():
    torch.manual_seed(1)
    net = Recurrent("gru", 3, width=5, layers=3, dropout=0.0, layer_norm=True, residual=True)
    x = torch.randn(9, 2, 3)
    y = functional.layer_norm(net.cells[0](x)[0], (5,))
    for cell in list(net.cells)[1:]:
        y = functional.layer_norm(y + cell(y)[0], (5,))
    torch.testing.assert_close(net(x), y)


def test_wavenets_layer_norm_steadies_what_each_convolution_sees():
    torch.manual_seed(1)
    plain, normed = (
        WaveNet(2, width=8, skip=8, dilations=(1, 2), stacks=1, layer_norm=n) for n in (False, True)
    )
    assert len(normed.state_dict()) == len(plain.state_dict()) + 4
    seen = []
    normed.layers[1].norm.register_forward_hook(lambda *a: seen.append(a[2]))
    normed(100 * torch.randn(6, 4, 2))
    (now,) = seen
    torch.testing.assert_close(now.std(dim=2, correction=0), torch.ones(6, 4), rtol=0, atol=1e-3)


@pytest.mark.parametrize("steps", [2, 3, 4, 32, 33, 100, 501])
def test_dilations_for_a_length_see_just_that_length(steps):
    dilations = dilations_for(steps)
    net = WaveNet(1, width=2, skip=2, dilations=dilations, stacks=1)
    assert net.receptive_field == steps
    assert len(dilations) == int(np.ceil(np.log2(steps)))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"strides": ()}, "strides"),
        ({"strides": (0,)}, "strides"),
        ({"horizon": 0}, "horizon is 0"),
        ({"symbols": -1}, "symbols is -1"),
        ({"task": "forecast", "causal": False}, "would read the answer"),
        ({"pool": "last", "causal": False}, "pool=mean_max"),
    ],
)
def test_settings_that_contradict_are_refused(wrong, word):
    with pytest.raises(ValueError, match=word):
        ModelSettings(**wrong)


# --- the class, step by step


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


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize(
    ("dilations", "stacks", "steps"),
    [((1, 2, 4, 8, 16), 1, 32), ((1, 2, 4, 8, 16), 2, 32), ((1, 2, 4), 2, 50), ((7, 1), 1, 3)],
)
def test_the_shortest_way_to_the_last_step_ends_where_the_long_one_does(
    dilations, stacks, steps, layer_norm
):
    torch.manual_seed(3)
    net = WaveNet(
        5, width=8, skip=12, dilations=dilations, stacks=stacks, layer_norm=layer_norm
    ).double()
    x = torch.randn(steps, 4, 5, dtype=torch.float64)
    gradients = []
    for value in (net(x)[-1], net.at_last_step(x)):
        net.zero_grad()
        value.square().sum().backward()
        gradients.append([p.grad.clone() for p in net.parameters()])
    torch.testing.assert_close(net.at_last_step(x), net(x)[-1], rtol=0, atol=1e-12)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_the_last_step_is_that_of_each_examples_own_length(model):
    spec = spec_of(channels=2, **PLAIN)
    network = network_of(spec, model=model, pool="last", task="classify", features=STEPWISE)
    signal, _ = signal_of(spec)
    length = torch.tensor([1, 5, 17, 31, 32])
    padded = network(signal, length=length).logits
    for row, steps in enumerate(length.tolist()):
        alone = network(signal[row : row + 1, :steps]).logits[0]
        torch.testing.assert_close(padded[row], alone, rtol=0, atol=1e-6)


# --- losses


def batch_of(signal, tx, target, length=None):
    return Batch(signal, tx, target, None, length)


@pytest.mark.parametrize("kind", ["complex", "real", "forecast"])
def test_padded_steps_do_not_count(kind):
    if kind == "complex":
        spec, settings = spec_of(), {"task": "echo"}
    else:
        spec = spec_of(channels=2, **PLAIN, standardised=True, horizon=int(kind == "forecast"))
        settings = {"task": "forecast" if kind == "forecast" else "echo"}
    network = network_of(spec, features=("iq",), **settings)
    (signal, tx), (target, _) = signal_of(spec), signal_of(spec, seed=1)
    length = torch.tensor([1, 5, 17, 31, 32])
    results = []
    for filling in (0.0, 1e6):
        padded, wanted = signal.clone(), target.clone()
        for row, valid in enumerate(length):
            padded[row, valid:] = filling
            wanted[row, valid:] = filling
        results.append(batch_loss(network, batch_of(padded, tx, wanted, length), Objective(1.0)))
    assert results[0][1] == results[1][1]
    whole = batch_loss(network, batch_of(signal, tx, target, torch.full((5,), 20)), Objective(1.0))
    short = (None if v is None else v[:, :20] for v in (signal, tx, target))
    cut = batch_loss(network, batch_of(*short), Objective(1.0))
    told = ({name: value.item() for name, value in parts.items()} for _, parts in (whole, cut))
    assert next(told) == pytest.approx(next(told), rel=1e-6)


@pytest.mark.parametrize("settings", [{}, {"causal": False}, {"pool": "last"}])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_padding_in_all_of_a_batch_need_not_be_there(model, settings):
    """Loss and gradients are those of the whole arrays, to rounding; padding holds anything."""
    spec = spec_of()
    settings = {"features": ("iq", "level"), "strides": (2,), "dropout": 0.0} | settings
    network = network_of(spec, model=model, **settings).train()  # norms are made of the batch
    (signal, tx), (target, _) = signal_of(spec), signal_of(spec, seed=1)
    label, length = torch.arange(5) % 4, torch.tensor([1, 5, 17, 20, 13])
    signal[:, 20:], target[:, 20:] = 1e6, -1e6
    batch = Batch(signal, tx, target, label, length)
    short = batch.trimmed()
    assert [v.shape[1] for v in (short.signal, short.tx, short.target)] == [20, 20, 20]
    found = []
    for one in (batch, short):
        network.zero_grad()
        loss, _ = batch_loss(network, one, Objective(1.0))
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in network.parameters())])
    for whole, cut in zip(*found, strict=True):
        torch.testing.assert_close(cut, whole, rtol=1e-4, atol=1e-5)


def test_a_real_target_is_learnt_in_units_of_its_own_spread():
    """What says the mean costs 1: the loss is the error over the variance, whatever the unit."""
    spec = spec_of(target="real", target_channels=2, standardised=True)
    network = network_of(spec, task="echo")
    signal, tx = signal_of(spec, batch=400)
    generator = torch.Generator().manual_seed(2)
    scale, offset = torch.tensor([5.0, 1e-9]), torch.tensor([-30.0, 1e-6])
    target = torch.randn(400, 32, 2, generator=generator) * scale + offset
    network.fit(signal, tx, target, None)
    flat = target.double().flatten(0, 1)
    torch.testing.assert_close(network.sequence.mean.double(), flat.mean(dim=0), rtol=1e-6, atol=0)
    torch.testing.assert_close(network.sequence.std.double(), flat.std(dim=0), rtol=1e-4, atol=0)
    with torch.no_grad():
        network.sequence.correction.weight.zero_()
        network.sequence.correction.bias.zero_()
    loss, parts = batch_loss(network, batch_of(signal, tx, target), Objective(0.5))
    assert parts["target_loss"].item() == pytest.approx(1.0, abs=1e-3)
    assert loss.item() == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("scale", [1e-28, 1e-12, 1e12, 1e30])
def test_the_loss_and_its_gradient_do_not_depend_on_the_unit_of_the_samples(scale):
    spec = spec_of()
    network = network_of(spec, task="echo", features=("iq", "increment"))
    (signal, tx), (target, _) = signal_of(spec), signal_of(spec, seed=1)
    found = []
    for unit in (1.0, scale):
        network.zero_grad()
        loss, _ = batch_loss(network, batch_of(unit * signal, tx, unit * target), Objective(1.0))
        loss.backward()
        found.append((loss.item(), network.backbone.first.weight.grad.clone()))
    assert found[1][0] == pytest.approx(found[0][0], abs=1e-5)
    torch.testing.assert_close(found[1][1], found[0][1], rtol=1e-3, atol=1e-6)


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


def test_class_weights_and_smoothing_are_torchs():
    logits, label = torch.randn(60, 3), torch.arange(60) % 3
    weight = torch.tensor([1.0, 0.5, 4.0])
    for smoothing in (0.0, 0.2):
        expected = functional.cross_entropy(logits, label, weight)
        if smoothing:  # torch weighs the smoothed part by class, too
            expected = nn.CrossEntropyLoss(weight, label_smoothing=smoothing)(logits, label)
        found = class_loss(logits, label, weight=weight, smoothing=smoothing)
        torch.testing.assert_close(found, expected)


# --- symbols


def symbol_spec(voices=2, symbols=6, steps=12):
    return spec_of(
        is_complex=False,
        channels=voices,
        steps=steps,
        target="symbol",
        coded=False,
        classes=0,
        symbols=symbols,
        target_symbols=symbols,
    )


def notes_of(spec, batch=5):
    generator = torch.Generator().manual_seed(0)
    shape = (batch, spec.steps, spec.channels)
    return torch.randint(spec.symbols, shape, generator=generator).float()


@pytest.mark.parametrize("model", MODELS)
def test_each_voice_has_a_score_for_each_symbol(model):
    network = network_of(symbol_spec(), model=model, task="next_symbol")
    output = network(notes_of(network.spec))
    assert output.symbols.shape == (5, 12, 2, 6)
    assert output.sequence is None
    assert output.logits is None


def test_the_symbol_loss_is_the_mean_over_valid_steps_and_voices():
    logits, target = torch.randn(3, 4, 2, 5), torch.randint(5, (3, 4, 2))
    target[0, 1, 1] = -1
    length = torch.tensor([4, 2, 1])
    nats, right = [], []
    for row in range(3):
        for step in range(length[row]):
            for voice in range(2):
                if (wanted := target[row, step, voice]) >= 0:
                    nats.append(-logits[row, step, voice].log_softmax(dim=0)[wanted].item())
                    right.append(logits[row, step, voice].argmax() == wanted)
    loss, share = symbol_loss(logits, target, length)
    assert loss.item() == pytest.approx(np.mean(nats), rel=1e-6)
    assert share.item() == pytest.approx(np.mean(right))


@pytest.mark.parametrize("wrong", [-1.0, 6.0, 2.5, float("nan")])
def test_what_is_no_symbol_is_refused_unless_it_is_padding(wrong):
    network = network_of(symbol_spec(), task="next_symbol")
    notes = notes_of(network.spec)
    notes[3, 8, 1] = wrong
    with pytest.raises(MismatchError, match="is no symbol of this model; expected whole numbers"):
        network(notes)
    assert network(notes, length=torch.tensor([12, 12, 12, 8, 12])).symbols.isfinite().all()


def test_the_sequence_error_of_valid_steps_is_that_of_the_cut_sequences():
    estimate, target = torch.randn(2, 6, 3), torch.randn(2, 6, 3)
    found = sequence_error(estimate, target, torch.tensor([6, 2]))
    expected = (estimate - target).double().square()
    torch.testing.assert_close(found, torch.stack((expected[0].sum(), expected[1, :2].sum())))
