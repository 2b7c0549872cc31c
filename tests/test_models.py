"""The networks against torch's own layers, written-out equations, and what causality demands."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from radarseq.errors import MismatchError
from radarseq.models.backbones.recurrent import Recurrent
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.features.radar import RADAR_FEATURES as FEATURE_NAMES
from radarseq.models.network import InputSpec, Network
from radarseq.models.settings import ModelSettings
from radarseq.training.optimisation.losses import class_loss, sequence_error

MODELS = ("wavenet", "lstm", "gru", "rnn", "conv_gru", "resnet")
PER_STEP = ("iq", "log_magnitude", "increment", "level")
SCALELESS = ("iq", "log_magnitude", "increment", "spectrum")


def spec_of(*, is_complex=True, channels=1, steps=32, target="complex", coded=True, **more):
    values = {"target_channels": channels, "classes": 4} | more
    return InputSpec(
        is_complex=is_complex, channels=channels, steps=steps, target=target, coded=coded, **values
    )


def network_of(spec, seed=0, **settings):
    torch.manual_seed(seed)
    return Network(ModelSettings(**({"width": 8, "skip": 16} | settings)), spec).eval()


def signal_of(spec, batch=5, seed=0, steps=None):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, steps or spec.steps) + ((spec.channels,) if spec.channels > 1 else ())
    dtype = torch.complex64 if spec.is_complex else torch.float32
    signal = torch.randn(shape, dtype=dtype, generator=generator)
    phase = 6.28 * torch.rand(signal.shape[:2], generator=generator)
    return signal, torch.polar(torch.ones_like(phase), phase) if spec.coded else None


# --- WaveNet


class ConvWaveNet(nn.Module):
    """WaveNet as the paper draws it: Conv1d of kernel 2, tanh filter, sigmoid gate."""

    def __init__(self, net: WaveNet):
        super().__init__()
        self.first, self.last, self.layers = net.first, net.last, net.layers
        self.convolutions = nn.ModuleList()
        for layer in net.layers:
            weight = layer.convolution.weight.detach()
            width = weight.shape[1] // 2
            conv = nn.Conv1d(width, 2 * width, 2, dilation=layer.dilation)
            with torch.no_grad():
                conv.weight[:, :, 0] = weight[:, :width]
                conv.weight[:, :, 1] = weight[:, width:]
                conv.bias.copy_(layer.convolution.bias)
            self.convolutions.append(conv)

    def forward(self, x):  # (batch, channel, step)
        def pointwise(linear, values):
            return functional.conv1d(values, linear.weight[:, :, None], linear.bias)

        x, skips = pointwise(self.first, x), []
        for layer, convolution in zip(self.layers, self.convolutions, strict=True):
            both = convolution(functional.pad(x, (layer.dilation, 0)))
            filtered, gate = both.chunk(2, dim=1)
            out = pointwise(layer.out, torch.tanh(filtered / 2) * torch.sigmoid(gate))
            x = x + out[:, : x.shape[1]]
            skips.append(out[:, x.shape[1] :])
        total = torch.stack(skips).sum(dim=0) / np.sqrt(len(skips))
        return functional.gelu(pointwise(self.last, functional.gelu(total)))


@pytest.mark.parametrize("steps", [1, 7, 32, 64])
@pytest.mark.parametrize(
    ("dilations", "stacks"), [((1, 2, 4, 8, 16), 1), ((1, 2, 4), 3), ((3,), 1), ((40, 1), 1)]
)
def test_wavenet_is_the_stack_of_dilated_convolutions(dilations, stacks, steps):
    torch.manual_seed(3)
    net = WaveNet(6, width=8, skip=12, dilations=dilations, stacks=stacks)
    x = torch.randn(steps, 4, 6)
    expected = ConvWaveNet(net)(x.permute(1, 2, 0)).permute(2, 0, 1)
    assert expected.std() > 0.01
    torch.testing.assert_close(net(x), expected, rtol=0, atol=1e-6)


def test_wavenets_gradients_are_those_of_the_convolutions():
    torch.manual_seed(4)
    net = WaveNet(3, width=4, skip=5, dilations=(1, 2, 4), stacks=1)
    reference, x = ConvWaveNet(net), torch.randn(16, 2, 3)
    net(x).square().sum().backward()
    found = [layer.convolution.weight.grad.clone() for layer in net.layers]
    net.zero_grad()
    reference(x.permute(1, 2, 0)).square().sum().backward()
    for gradient, convolution in zip(found, reference.convolutions, strict=True):
        taps = torch.cat((convolution.weight.grad[:, :, 0], convolution.weight.grad[:, :, 1]), 1)
        torch.testing.assert_close(gradient, taps, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("dilations", "stacks", "field"),
    [((1, 2, 4, 8, 16), 1, 32), ((1, 2, 4, 8, 16), 2, 63), ((1,), 1, 2), ((1, 2, 4), 3, 22)],
)
def test_the_receptive_field_is_what_the_gradient_reaches(dilations, stacks, field):
    torch.manual_seed(0)
    net = WaveNet(2, width=8, skip=8, dilations=dilations, stacks=stacks).double()
    assert net.receptive_field == field
    x = torch.randn(80, 1, 2, dtype=torch.float64, requires_grad=True)
    t = 70
    net(x)[t].sum().backward()
    reached = x.grad.abs().sum(dim=(1, 2)) > 0
    assert reached.nonzero().flatten().tolist() == list(range(t - field + 1, t + 1))


def test_the_default_wavenet_sees_exactly_32_samples_of_64():
    net = network_of(spec_of(steps=64)).backbone.double()
    assert net.receptive_field == 32
    x = torch.randn(64, 1, net.first.in_features, dtype=torch.float64)
    for back, reached in ((31, True), (32, False), (0, True), (-1, False)):
        t, impulse = 50, x.clone()
        impulse[t - back] += 1.0
        assert (net(impulse)[t] != net(x)[t]).any().item() is reached, back


@pytest.mark.parametrize("kind", MODELS[1:-1])
def test_a_recurrent_network_has_no_receptive_field(kind):
    assert network_of(spec_of(), model=kind).receptive_field is None


# --- recurrent networks, written out


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, h, c, wi, wh, b, _):
    i, f, g, o = np.split(x @ wi.T + h @ wh.T + b, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, h, c, wi, wh, bi, bh):
    xr, xz, xn = np.split(x @ wi.T + bi, 3, axis=1)
    hr, hz, hn = np.split(h @ wh.T + bh, 3, axis=1)
    z = sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + sigmoid(xr + hr) * hn) + z * h, c


def rnn_step(x, h, c, wi, wh, b, _):
    return np.tanh(x @ wi.T + h @ wh.T + b), c


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(
    ("kind", "step"), [("lstm", lstm_step), ("gru", gru_step), ("rnn", rnn_step)]
)
def test_a_recurrent_network_follows_its_equations(kind, step, layers):
    torch.manual_seed(1)
    net = Recurrent(kind, 3, width=5, layers=layers, dropout=0.0).double()
    x = torch.randn(12, 4, 3, dtype=torch.float64)
    sequence = list(x.numpy())
    for layer in range(layers):
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        wi, wh, bi, bh = (getattr(net.cells, f"{n}_l{layer}").detach().numpy() for n in names)
        first = bi if kind == "gru" else bi + bh
        h = c = np.zeros((4, 5))
        states = []
        for value in sequence:
            h, c = step(value, h, c, wi, wh, first, bh)
            states.append(h)
        sequence = states
    np.testing.assert_allclose(net(x).detach().numpy(), np.stack(sequence), rtol=0, atol=1e-12)


def test_the_gradient_of_a_recurrent_weight_sums_those_of_its_steps():
    torch.manual_seed(2)
    net = Recurrent("rnn", 2, width=4, layers=1, dropout=0.0).double()
    x, weighting = (torch.randn(9, 3, n, dtype=torch.float64) for n in (2, 4))
    (net(x) * weighting).sum().backward()
    h = net(x).detach()
    before = torch.cat((torch.zeros_like(h[:1]), h[:-1]))
    recurrent = net.cells.weight_hh_l0.detach()
    carried, steps = torch.zeros(3, 4, dtype=torch.float64), []
    for t in reversed(range(9)):
        error = (weighting[t] + carried) * (1 - h[t] ** 2)
        steps.append(error.T @ before[t])
        carried = error @ recurrent
    torch.testing.assert_close(net.cells.weight_hh_l0.grad, sum(steps), rtol=1e-12, atol=1e-14)
    assert len([s for s in steps if s.abs().max() > 0]) == 8  # all but the first step


# --- causality of the whole network


@pytest.mark.parametrize("features", [FEATURE_NAMES, ("iq",)])
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


# --- lengths


@pytest.mark.parametrize("model", MODELS)
def test_padding_after_the_length_does_not_change_the_class(model):
    spec = spec_of(is_complex=False, channels=2, target="", coded=False)
    network = network_of(spec, model=model, features=PER_STEP, task="classify")
    signal, _ = signal_of(spec)
    length = torch.tensor([1, 5, 17, 31, 32])
    padded = signal.clone()
    for row, valid in enumerate(length):
        padded[row, valid:] = 1e3
    one, other = (network(s, length=length).logits for s in (signal, padded))
    assert torch.equal(one, other)
    assert not torch.equal(network(padded).logits, other)


@pytest.mark.parametrize("settings", [{}, {"causal": False, "features": PER_STEP}])
def test_padding_after_the_length_does_not_change_the_class_by_any_feature(settings):
    spec = spec_of(is_complex=False, channels=2, target="", coded=False)
    network = network_of(spec, task="classify", **settings)
    signal, _ = signal_of(spec)
    length = torch.tensor([1, 5, 17, 31, 32])
    padded = signal.clone()
    for row, valid in enumerate(length):
        padded[row, valid:] = 1e3
    assert torch.equal(network(signal, length=length).logits, network(padded, length=length).logits)


@pytest.mark.parametrize("model", MODELS)
def test_a_masked_pooling_is_that_of_the_shorter_sequence(model):
    spec = spec_of(is_complex=False, channels=2, target="", coded=False)
    network = network_of(spec, model=model, features=PER_STEP, task="classify")
    signal, _ = signal_of(spec)
    masked = network(signal, length=torch.full((5,), 20)).logits
    torch.testing.assert_close(masked, network(signal[:, :20]).logits, rtol=0, atol=1e-6)


# --- shapes


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
def test_an_example_does_not_depend_on_its_neighbours(model):
    spec = spec_of()
    network, (signal, tx) = network_of(spec, model=model), signal_of(spec)
    whole, alone = network(signal, tx), network(signal[2:3], tx[2:3])
    torch.testing.assert_close(alone.logits[0], whole.logits[2], rtol=0, atol=1e-6)
    torch.testing.assert_close(alone.sequence[0], whole.sequence[2], rtol=0, atol=1e-5)


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


# --- what does not fit


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
    told = complain(network, signal.transpose(1, 2))
    assert told == ("expected samples (batch, step, 2), got (5, 2, 32); the step axis comes second")


def test_samples_that_lack_the_channels_are_told_of_them():
    spec = spec_of(channels=3)
    network, (_, tx) = network_of(spec), signal_of(spec)
    assert "(batch, step, 3), got (5, 32)" in complain(network, torch.ones_like(tx), tx)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"width": 0}, "width is 0"),
        ({"stacks": 0}, "stacks is 0"),
        ({"layers": -1}, "layers is -1"),
        ({"skip": 0}, "skip is 0"),
        ({"dilations": ()}, "dilations"),
        ({"dilations": (1, 0)}, "dilations"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"input_dropout": -0.1}, "input_dropout is -0.1"),
        ({"features": ()}, "features"),
        ({"features": ("spectrum",)}, "one besides spectrum"),
        ({"features": ("iq", "magic")}, "magic"),
    ],
)
def test_settings_that_make_no_network_are_refused(wrong, word):
    with pytest.raises(ValueError, match=word):
        ModelSettings(**wrong)


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


# --- losses


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float32])
def test_the_sequence_error_is_the_energy_of_the_difference(dtype):
    estimate, target = (torch.randn(3, 8, 2, dtype=dtype) for _ in range(2))
    difference = (estimate - target).to(torch.promote_types(dtype, torch.float64))
    expected = difference.abs().square().sum(dim=(1, 2))
    torch.testing.assert_close(sequence_error(estimate, target), expected)


def test_the_class_loss_is_the_mean_over_the_labelled():
    logits = torch.randn(6, 3)
    label = torch.tensor([0, 2, -1, 1, -1, 0])
    known = label >= 0
    picked = logits.log_softmax(dim=1)[known, label[known]]
    torch.testing.assert_close(class_loss(logits, label), -picked.mean())


def test_a_batch_without_a_label_has_no_loss():
    loss = class_loss(torch.randn(4, 3, requires_grad=True), torch.full((4,), -1))
    assert loss.item() == 0.0
    loss.backward()
