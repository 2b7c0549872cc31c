"""Compiled layers against torch's operations: the same answers, and the same ones every time."""

import numpy as np
import pytest
import torch

from radarseq.errors import UsageError
from radarseq.models.backbones.wavenet import WaveNet
from radarseq.models.engines.cpu.activations import apply_gelu, gate_forward
from radarseq.models.engines.cpu.matmul import add_part
from radarseq.models.engines.cpu.wavenet_inference import FastWaveNet
from radarseq.models.engines.select import use_engine
from tests.test_contract import network_of, signal_of, spec_of


def random(*shape, scale=1.0):
    values = np.random.default_rng(3).standard_normal(shape)
    return (scale * values).astype(np.float32)


def wavenet(dilations=(1, 2, 4, 8, 16), width=32, skip=64, stacks=2):
    torch.manual_seed(1)
    network = WaveNet(6, width=width, skip=skip, dilations=dilations, stacks=stacks)
    for weights in network.parameters():  # so that gates are far from linear
        weights.data.mul_(3.0)
    return network.requires_grad_(False)


@pytest.mark.parametrize("rows", [1, 7, 8, 21])
def test_a_product_of_tiles_is_that_of_double_precision(rows):
    a, b, y = random(24, 40), random(50, 96), random(24, 80)
    expected = y.astype(np.float64)
    expected[2 : 2 + rows, 16:] += a[2 : 2 + rows, 5:38].astype(np.float64) @ b[9:42, 32:]
    add_part(a, 2, 5, 33, b, 9, 32, y, 16, 2 + rows, 64)
    np.testing.assert_allclose(y, expected, rtol=0, atol=2e-5)


def test_a_gate_is_tanh_times_sigmoid_everywhere():
    grid = np.concatenate((np.linspace(-100, 100, 500), np.linspace(-1, 1, 499), [np.inf]))
    f, g = (part.ravel().astype(np.float32) for part in np.meshgrid(grid, grid))
    z = np.empty((len(f), 1), np.float32)
    gate_forward(np.stack((f, g), axis=1), z, len(f))
    expected = np.tanh(f / 2.0) * 0.5 * (1.0 + np.tanh(g / 2.0, dtype=np.float64))
    assert np.abs(z[:, 0] - expected).max() < 1e-6


def test_a_gelu_is_that_of_double_precision_everywhere():
    x = np.concatenate((np.linspace(-50, 50, 2000), np.linspace(-1, 1, 999), [0.0]))
    x = x.astype(np.float32)[None]
    y = np.empty_like(x)
    apply_gelu(x, np.float32(0.5), y, 1)
    expected = torch.nn.functional.gelu(torch.from_numpy(x).double() / 2)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)
    x[0, 7] = np.nan
    apply_gelu(x, np.float32(1.0), y, 1)
    assert np.isnan(y).sum() == 1


def test_what_is_no_number_stays_none():
    y = np.array([[np.nan, 1.0], [1.0, np.nan]], np.float32)
    z = np.zeros((2, 1), np.float32)
    gate_forward(y, z, 2)
    assert np.isnan(z).all()


@pytest.mark.parametrize(
    ("dilations", "steps"), [((1, 2, 4, 8, 16), 32), ((3, 1, 50), 17), ((1,), 1), ((4,), 3)]
)
def test_compiled_layers_give_what_torch_does(dilations, steps):
    network = wavenet(dilations, width=64, skip=32)
    fast = FastWaveNet(network)
    x = torch.from_numpy(random(21, steps, 6)).transpose(0, 1)  # no multiple of a block
    every = network(x)
    torch.testing.assert_close(fast.forward(x), every, rtol=0, atol=1e-5)
    torch.testing.assert_close(fast.at_last_step(x), every[-1], rtol=0, atol=1e-5)
    assert every.std() > 0.05
    stream = fast.stream(21)
    for step, expected in zip(x, every, strict=True):
        torch.testing.assert_close(stream.step(step), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("model", ["wavenet", "lstm", "gru"])
def test_an_answer_depends_on_no_neighbour_and_no_thread(model):
    network = network_of(spec_of(), model=model, width=32, skip=32).eval()
    use_engine(network, "fused")
    x = torch.from_numpy(random(32, 203, network.features.width))
    threads = torch.get_num_threads()
    with torch.inference_mode():
        try:
            torch.set_num_threads(1)
            alone = network.backbone(x)
            torch.set_num_threads(3)
            assert torch.equal(network.backbone(x), alone)
        finally:
            torch.set_num_threads(threads)
        some = network.backbone(x[:, 5:12])
    torch.testing.assert_close(some, alone[:, 5:12], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"causal": False},
        {"task": "classify", "pool": "last"},
        {"model": "lstm"},
        {"model": "conv_gru", "causal": False},
    ],
)
def test_a_network_answers_alike_by_each_engine(settings):
    network = network_of(spec_of(), width=32, skip=32, **settings).eval()
    signal, tx = signal_of(network.spec)
    with torch.inference_mode():
        assert use_engine(network, "torch") == "torch"
        expected = network(signal, tx)
        assert use_engine(network, "auto") == "fused"
        given = network(signal, tx)
    for one, other in zip(given, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_gradients_are_torchs_own():
    network = network_of(spec_of(), width=32, skip=32)
    signal, tx = signal_of(network.spec)
    use_engine(network, "fused")
    network(signal, tx).logits.sum().backward()
    assert network.backbone.first.weight.grad.abs().max() > 0


def test_an_engine_that_cannot_be_had_says_so():
    small = network_of(spec_of(), width=8, skip=32)
    assert use_engine(small, "auto") == "torch"
    with pytest.raises(UsageError, match=r"multiples of 32, without layer_norm; .* width 8"):
        use_engine(small, "fused")
    with pytest.raises(UsageError, match="this model has gru cells of width 24"):
        use_engine(network_of(spec_of(), model="conv_gru", width=24), "fused")
    with pytest.raises(UsageError, match="this model has rnn cells of width 32"):
        use_engine(network_of(spec_of(), model="rnn", width=32), "fused")
    with pytest.raises(UsageError, match="expected one of auto, torch, fused, compile, onnx"):
        use_engine(small, "tpu")
