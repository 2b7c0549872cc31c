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
from radarseq.models.engines import select
from radarseq.models.backbones.wavenet import GatedLayer
from radarseq.models.engines.cuda.gated_layer import fused_layer

torch.manual_seed(0)
for width, skip, dilation, steps in ((16, 32, 4, 9), (32, 16, 1, 5), (16, 16, 8, 6)):
    layer = GatedLayer(width, skip, dilation)
    x = torch.randn(steps, 7, width, requires_grad=True)
    given = (layer.convolution.weight, layer.convolution.bias, layer.out.weight, layer.out.bias)
    plain, fused = layer(x), fused_layer(x, *given, dilation)
    weights = [torch.randn_like(out) for out in plain]
    found, expected = (torch.autograd.grad(out, (x, *given), weights) for out in (fused, plain))
    for one, other in zip((*plain, *expected), (*fused, *found), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-5)
spec = InputSpec(is_complex=True, channels=1, steps=32, target="complex", target_channels=1,
                 classes=3, coded=True)
x = torch.randn(4, 32, dtype=torch.complex64)
for settings in ({}, {"layer_norm": True}, {"task": "classify", "pool": "last"}):
    network = Network(ModelSettings(width=16, skip=16, **settings), spec).eval()
    plain = network(x, x)
    assert select.set_training_engine(network, "triton") == ("triton", "")
    fused = network(x, x)
    torch.testing.assert_close(fused.logits, plain.logits, rtol=1e-4, atol=1e-5)
    if plain.sequence is not None:
        torch.testing.assert_close(fused.sequence, plain.sequence, rtol=1e-4, atol=1e-5)
select.check_engine("triton", torch.device("cpu"))
odd = Network(ModelSettings(width=24), spec)
assert "takes a width and skip" in select.set_training_engine(odd, "triton")[1]
odd.compute_dtype = torch.bfloat16
assert "computes in bf16" in select.set_training_engine(odd, "triton")[1]
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
            train(space, tmp_path / "run", engine="triton", device="cpu", **SMALL)
    monkeypatch.setattr("radarseq.models.engines.select.find_spec", lambda _: None)
    with pytest.raises(DeviceError, match="Triton is not installed"):
        train(space, tmp_path / "run", engine="triton", device="cpu", **SMALL)
