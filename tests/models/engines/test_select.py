"""Engines of a network: the same answers by each, and words where one cannot be had."""

import pytest
import torch
from networks import network_of, random, signal_of, spec_of
from small_runs import everything, interrupted

from radarseq.errors import UsageError
from radarseq.models.engines.select import set_engine, set_training_engine
from radarseq.training.train import train


@pytest.mark.parametrize("model", ["wavenet", "lstm", "gru"])
def test_an_answer_depends_on_no_neighbour_and_no_thread(model):
    network = network_of(spec_of(), model=model, width=32, skip=32).eval()
    set_engine(network, "fused")
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
        assert set_engine(network, "torch") == "torch"
        expected = network(signal, tx)
        assert set_engine(network, "auto") == "fused"
        given = network(signal, tx)
    for one, other in zip(given, expected, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_gradients_are_torchs_own():
    network = network_of(spec_of(), width=32, skip=32)
    signal, tx = signal_of(network.spec)
    set_engine(network, "fused")
    network(signal, tx).logits.sum().backward()
    assert network.backbone.first.weight.grad.abs().max() > 0


def test_an_engine_that_cannot_be_had_says_so():
    small = network_of(spec_of(), width=8, skip=32)
    assert set_engine(small, "auto") == "torch"
    with pytest.raises(UsageError, match=r"multiples of 32, without layer_norm; .* width 8"):
        set_engine(small, "fused")
    with pytest.raises(UsageError, match="this model has gru cells of width 24"):
        set_engine(network_of(spec_of(), model="conv_gru", width=24), "fused")
    with pytest.raises(UsageError, match="this model has rnn cells of width 32"):
        set_engine(network_of(spec_of(), model="rnn", width=32), "fused")
    residual = network_of(spec_of(), model="resnet")
    assert set_engine(residual, "auto") == "torch"
    for engine in ("fused", "compile", "onnx"):
        with pytest.raises(UsageError, match="this model is resnet and has neither"):
            set_engine(residual, engine)
    with pytest.raises(UsageError, match="expected one of auto, torch, fused, compile, onnx"):
        set_engine(small, "tpu")


def test_a_training_engine_that_cannot_compute_the_network_leaves_a_note():
    small = network_of(spec_of(), width=8, skip=32)
    used, note = set_training_engine(small, "fused")
    assert used == "torch" and "this model has width 8, skip 32" in note
    assert set_training_engine(small, "torch") == ("torch", "")
    small.compute_dtype = torch.bfloat16
    assert "computes in bf16" in set_training_engine(small, "triton")[1]


@pytest.mark.parametrize("settings", [{"skip": 32}, {"model": "gru"}])
def test_small_jobs_double_precision_and_narrow_products_go_the_plain_way(settings):
    network = network_of(spec_of(), width=32, **settings)
    assert set_training_engine(network) == ("fused", "")
    engine = network.backbone.engine
    assert engine.supports(torch.zeros(32, 32, 6))
    assert not engine.supports(torch.zeros(32, 31, 6))
    assert not engine.supports(torch.zeros(32, 32, 6, dtype=torch.float64))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not engine.supports(torch.zeros(32, 32, 6))
    narrow = network_of(spec_of(), width=8, **settings)
    assert set_training_engine(narrow) == ("torch", "") and narrow.backbone.engine is None


@pytest.mark.parametrize("model", ["wavenet", "lstm"])
def test_a_network_that_is_trained_is_judged_by_the_same_layers(model):
    network = network_of(spec_of(), width=32, skip=32, model=model, dropout=0.0)
    signal, tx = signal_of(network.spec, batch=64)
    plain = network(signal, tx).logits
    assert set_training_engine(network) == ("fused", "")
    compiled = network(signal, tx).logits
    torch.testing.assert_close(compiled, plain, rtol=0, atol=1e-5)
    with torch.no_grad():
        assert torch.equal(network(signal, tx).logits, compiled)
    stream = network.backbone.stream(64)
    assert stream.step(torch.zeros(64, network.features.width)).shape == (64, 32)


@pytest.mark.slow
def test_a_resumed_run_by_compiled_layers_is_an_unbroken_one(space, tmp_path):
    settings = {"width": 32, "skip": 32, "epochs": 2}
    train(space, tmp_path / "whole", **settings, batch_size=64, device="cpu")
    broken = interrupted(space, tmp_path / "broken", after=1, **settings)
    train(space, broken, resume=True, device="cpu")
    skipped = ("environment.json",)
    assert everything(broken, skipped) == everything(tmp_path / "whole", skipped)
    train(space, tmp_path / "plain", **settings, batch_size=64, device="cpu", engine="torch")
    assert everything(tmp_path / "plain") != everything(broken)
