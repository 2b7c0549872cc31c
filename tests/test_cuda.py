"""What is for a CUDA device: run there where there is one, and its parts on the CPU everywhere."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from radarseq.errors import DeviceError, DeviceMemoryError, DivergedError, RecipeError
from radarseq.inference.predictor import load
from radarseq.inference.task_targets import spec_of
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation import batch_size
from radarseq.training.optimisation.divergence import DivergenceCheck
from radarseq.training.optimisation.losses import Objective, batch_loss
from radarseq.training.optimisation.precision import arithmetic, check_precision
from radarseq.training.settings import TrainSettings
from radarseq.training.train import train

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
SMALL = {"batch_size": 64, "width": 16, "skip": 16, "epochs": 2}
on_cuda = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")


def weights(run):
    return load(run, device="cpu").network.state_dict()


# --- precision


def test_bf16_computes_the_backbone_narrow_and_all_else_wide(space_examples):
    torch.manual_seed(0)
    network = Network(ModelSettings(width=16), spec_of(space_examples)).eval()
    batch = as_batch(space_examples.take(slice(64)), CPU)
    network.fit(batch.signal, batch.tx, batch.target, None)
    wide = network(batch.signal, batch.tx)
    network.compute_dtype = torch.bfloat16
    seen = []
    network.backbone.last.register_forward_hook(lambda *at: seen.append(at[2].dtype))
    compute_dtype = network(batch.signal, batch.tx)
    assert seen == [torch.bfloat16]
    assert (compute_dtype.logits.dtype, compute_dtype.sequence.dtype) == (
        torch.float32,
        torch.complex64,
    )
    difference = (compute_dtype.logits - wide.logits).abs().max() / wide.logits.abs().max()
    assert 1e-5 < difference < 0.05  # of a number of 8 bits, passed on by some layers


@pytest.mark.parametrize("model", ["wavenet", "gru"])
def test_bf16_learns_as_float32_does(space, tmp_path, model):
    for precision in ("float32", "bf16"):
        train(space, tmp_path / precision, model=model, precision=precision, device="cpu", **SMALL)
    one, other = (
        json.loads((tmp_path / p / "metrics.json").read_text())["best"] for p in ("float32", "bf16")
    )
    assert one["validation_loss"] != other["validation_loss"]
    assert other["validation_loss"] == pytest.approx(one["validation_loss"], rel=0.05)
    assert all(value.dtype == torch.float32 for value in weights(tmp_path / "bf16").values())


def test_a_precision_that_the_device_lacks_is_refused(space, tmp_path):
    check_precision("bf16", CPU)
    with pytest.raises(DeviceError, match="precision is 'tf32', which is of CUDA devices"):
        train(space, tmp_path / "run", precision="tf32", device="cpu", **SMALL)
    with pytest.raises(RecipeError, match="precision"):
        train(space, tmp_path / "run", precision="half", device="cpu", **SMALL)
    assert not (tmp_path / "run").exists()


def test_how_products_are_rounded_is_given_back():
    conv = torch.backends.cudnn.conv
    before = conv.fp32_precision
    with arithmetic("float32", torch.device("cuda")):
        assert conv.fp32_precision == "ieee"
        assert torch.are_deterministic_algorithms_enabled()
    assert conv.fp32_precision == before
    assert not torch.are_deterministic_algorithms_enabled()


# --- memory


def test_what_an_example_takes_is_counted_and_leaves_no_trace(space_examples):
    network = Network(ModelSettings(width=16), spec_of(space_examples)).eval()
    batch = as_batch(space_examples.take(slice(128)), CPU)
    state = torch.get_rng_state()
    each = batch_size.bytes_per_example(network, batch)
    assert torch.equal(state, torch.get_rng_state()) and not network.training
    # Five layers keep 32 steps of input, gates and what passed: 16 + 32 + 16 numbers of 4 bytes.
    layers = 5 * 32 * (16 + 32 + 16) * 4
    assert layers < each / 2 < 10 * layers
    wider = Network(ModelSettings(width=32), spec_of(space_examples))
    assert batch_size.bytes_per_example(wider, batch) > 1.2 * each


@pytest.mark.parametrize(("megabytes", "expected"), [(20, 64), (10_000, 256)])
def test_the_batch_is_what_fits_and_leaves_some_steps(
    space_examples, monkeypatch, megabytes, expected
):
    network = Network(ModelSettings(width=16), spec_of(space_examples))
    batch = as_batch(space_examples.take(slice(64)), CPU)
    monkeypatch.setattr(batch_size, "free_bytes", lambda _: megabytes * 1_000_000)
    chosen = batch_size.batch_for(network, batch, 32 * 300, CPU)
    assert chosen == expected
    monkeypatch.setattr(batch_size, "free_bytes", lambda _: 100_000)
    with pytest.raises(DeviceMemoryError, match=r"has 0 MB free; a batch of 64 takes about"):
        batch_size.batch_for(network, batch, 10_000, CPU)


def test_a_batch_size_left_to_the_memory_is_chosen_once_and_kept(space, tmp_path):
    train(space, tmp_path / "run", device="cpu", **SMALL | {"batch_size": "auto", "epochs": 1})
    assert "batch_size = 64\n" in (tmp_path / "run/config.toml").read_text()
    train(space, tmp_path / "run", device="cpu", resume=True, epochs=2)


def test_a_full_device_is_answered_with_what_to_lower(space, tmp_path, monkeypatch):
    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("radarseq.training.optimisation.train_step.clip_grad_norm_", full)
    with pytest.raises(DeviceMemoryError, match=r"batch_size is 64, which takes about .*=32, or"):
        train(space, tmp_path / "run", device="cpu", **SMALL)


# --- the watch


def test_a_device_that_runs_ahead_is_looked_at_later_and_the_step_is_still_named():
    told = []
    watch = DivergenceCheck(2, TrainSettings(), lambda *what: told.append(what))
    watch._waiting = [(step, torch.tensor([step]), "loss", torch.tensor(1.0)) for step in range(5)]
    watch._waiting[3] = (3, torch.tensor([70, 71]), "loss", torch.tensor(float("nan")))
    with pytest.raises(DivergedError, match="the loss is nan at step 3 of epoch 3, on examples 70"):
        watch.look()
    assert told[0][:2] == (3, 3)


# --- kernels


KERNELS = """
import torch
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.models.input_spec import InputSpec
from radarseq.models.engines import select as kernels
from radarseq.models.backbones.wavenet import GatedLayer, WaveNet
from radarseq.models.engines.cuda.gated_layer import fused_layer
from radarseq.models.engines.cuda.whole_wavenet import fused_wavenet, packed

torch.manual_seed(0)
for width, skip, dilation, steps in ((16, 32, 4, 9), (32, 16, 1, 5), (16, 16, 8, 6)):
    layer = GatedLayer(width, skip, dilation)
    x = torch.randn(steps, 7, width, requires_grad=True)
    given = (layer.convolution.weight, layer.convolution.bias, layer.out.weight, layer.out.bias)
    plain, fused = layer(x), fused_layer(x, *given, dilation)
    slopes = [torch.randn_like(out) for out in plain]
    to_plain, to_fused = (torch.autograd.grad(out, (x, *given), slopes) for out in (plain, fused))
    for one, other in zip((*plain, *to_plain), (*fused, *to_fused), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-5)
for steps, inputs, stacks in ((32, 6, 2), (21, 17, 1)):
    wavenet = WaveNet(inputs, width=16, skip=32, dilations=(1, 2, 4, 8, 16), stacks=stacks)
    x = torch.randn(steps, 5, inputs)
    with torch.no_grad():
        plain, weights = wavenet(x), packed(wavenet)
        torch.testing.assert_close(fused_wavenet(weights, x), plain, rtol=1e-5, atol=1e-6)
        last = fused_wavenet(weights, x, last_only=True)
    torch.testing.assert_close(last, plain[-1], rtol=1e-5, atol=1e-6)
spec = InputSpec(is_complex=True, channels=1, steps=32, target="complex", target_channels=1,
                 classes=3, coded=True)
network = Network(ModelSettings(width=16, skip=16), spec).eval()
x = torch.randn(4, 32, dtype=torch.complex64)
with torch.no_grad():
    plain = network(x, x)
    assert kernels.freeze(network)
    calls = []
    import radarseq.models.engines.cuda.whole_wavenet as module
    real = module.fused_wavenet
    module.fused_wavenet = lambda *a, **k: calls.append(1) or real(*a, **k)
    torch.testing.assert_close(network(x, x), plain, rtol=1e-4, atol=1e-5)
assert calls == [1]
network.backbone.engine = None
assert kernels.use_fused_layers(network) == ""
torch.testing.assert_close(network(x, x), plain, rtol=1e-4, atol=1e-5)
kernels.check_kernels(torch.device("cpu"))
odd = Network(ModelSettings(width=24), spec)
assert "take a width and skip" in kernels.use_fused_layers(odd)
odd.narrow = torch.bfloat16
assert "in bf16 this network runs without" in kernels.use_fused_layers(odd)
"""


@needs_triton
def test_fused_kernels_are_the_plain_layers_forward_and_backward():
    """By Triton's interpreter, which is chosen when Triton is imported."""
    own = os.environ | {"TRITON_INTERPRET": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KERNELS]
    done = subprocess.run(command, env=own, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_kernels_that_cannot_run_are_refused_in_words(space, tmp_path, monkeypatch):
    if find_spec("triton"):
        with pytest.raises(DeviceError, match="which is for CUDA devices; the device is cpu"):
            train(space, tmp_path / "run", kernels="triton", device="cpu", **SMALL)
    monkeypatch.setattr("radarseq.models.engines.select.find_spec", lambda _: None)
    with pytest.raises(DeviceError, match="Triton is not installed"):
        train(space, tmp_path / "run", kernels="triton", device="cpu", **SMALL)


# --- on a device


class TestOnCuda:
    """What the other tests hold on the CPU, once more on a device."""

    pytestmark = on_cuda

    @pytest.mark.parametrize("model", ["wavenet", "lstm", "gru", "conv_gru", "resnet"])
    def test_a_model_says_the_same_as_on_the_cpu(self, space_examples, model):
        torch.manual_seed(0)
        network = Network(ModelSettings(model=model, width=16), spec_of(space_examples)).eval()
        batch = as_batch(space_examples.take(slice(64)), CPU)
        device = torch.device("cuda")
        here, _ = batch_loss(network, batch, Objective(0.2))
        here.backward()
        expected = [p.grad.clone() for p in network.parameters() if p.grad is not None]
        network.zero_grad()
        network.to(device)
        with arithmetic("float32", device):
            there, _ = batch_loss(
                network, as_batch(space_examples.take(slice(64)), device), Objective(0.2)
            )
            there.backward()
        assert there.item() == pytest.approx(here.item(), rel=1e-5)
        found = [p.grad.cpu() for p in network.parameters() if p.grad is not None]
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)

    @pytest.mark.parametrize("cuda_graph", [True, False])
    def test_an_interrupted_run_ends_as_an_unbroken_one(self, space, tmp_path, cuda_graph):
        settings = SMALL | {"epochs": 3, "cuda_graph": cuda_graph, "device": "cuda"}

        def stop(row):
            if row["epoch"] == 2:
                raise KeyboardInterrupt

        train(space, tmp_path / "whole", **settings)
        with pytest.raises(KeyboardInterrupt):
            train(space, tmp_path / "broken", on_epoch=stop, **settings)
        train(space, tmp_path / "broken", resume=True, device="cuda")
        one, other = weights(tmp_path / "whole"), weights(tmp_path / "broken")
        assert all(torch.equal(one[name], other[name]) for name in one)

    def test_a_recorded_step_is_the_step(self, space, tmp_path):
        for name, recorded in (("recorded", True), ("plain", False)):
            result = train(
                space, tmp_path / name, device="cuda", cuda_graph=recorded, dropout=0.0, **SMALL
            )
            assert not any("CUDA graph" in note for note in result.notes)
        one, other = weights(tmp_path / "recorded"), weights(tmp_path / "plain")
        for name in one:
            torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-6)

    def test_fresh_pairs_train(self, plate_recipe, tmp_path):
        few = {"pairs_per_epoch": 256, "validation_pairs": 128}
        result = train(plate_recipe, tmp_path / "run", device="cuda", **SMALL, **few)
        assert result.epochs == 2

    @needs_triton
    def test_fused_kernels_are_the_plain_layers(self, space_examples):
        from radarseq.models.engines import select

        torch.manual_seed(0)
        device = torch.device("cuda")
        network = Network(ModelSettings(), spec_of(space_examples)).eval().to(device)
        batch = as_batch(space_examples.take(slice(64)), device)
        with arithmetic("float32", device), torch.no_grad():
            plain = network(batch.signal, batch.tx)
            assert select.freeze(network)
            torch.testing.assert_close(network(batch.signal, batch.tx), plain, rtol=1e-4, atol=1e-5)
        network.backbone.engine = None
        assert select.use_fused_layers(network) == ""
        with arithmetic("float32", device):
            found = network(batch.signal, batch.tx)
            torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-5)
            found.logits.sum().backward()

    def test_a_batch_that_does_not_fit_is_answered_in_words(self, space_examples):
        device = torch.device("cuda")
        network = Network(ModelSettings(), spec_of(space_examples)).to(device)
        few = as_batch(space_examples.take(slice(64)), device)
        with (
            pytest.raises(DeviceMemoryError, match="ran out of memory"),
            batch_size.explain_out_of_memory(network, lambda: few, 1 << 20),
        ):
            torch.empty(1 << 50, device=device)
        assert batch_size.batch_for(network, replace(few), 10**7, device) >= 64
