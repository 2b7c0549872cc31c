"""Fused kernels against the plain layers, by Triton's interpreter."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from paths import ROOT

from radarseq.errors import DeviceError
from radarseq.training.train import train

SMALL = {"batch_size": 64, "width": 16, "skip": 16, "epochs": 2}
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
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
odd.compute_dtype = torch.bfloat16
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
