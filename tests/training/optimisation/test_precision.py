"""Training in bf16, and how products are rounded."""

import json

import pytest
import torch

from radarseq.errors import DeviceError, RecipeError
from radarseq.inference.predictor import load
from radarseq.inference.task_targets import spec_of
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation.precision import backend_precision, check_precision
from radarseq.training.train import train

CPU = torch.device("cpu")
SMALL = {"batch_size": 64, "width": 16, "skip": 16, "epochs": 2}


def weights(run):
    return load(run, device="cpu").network.state_dict()


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
    with pytest.raises(DeviceError, match="precision is 'tf32', which only CUDA devices have"):
        train(space, tmp_path / "run", precision="tf32", device="cpu", **SMALL)
    with pytest.raises(RecipeError, match="precision"):
        train(space, tmp_path / "run", precision="half", device="cpu", **SMALL)
    assert not (tmp_path / "run").exists()


def test_how_products_are_rounded_is_given_back():
    conv = torch.backends.cudnn.conv
    before = conv.fp32_precision
    with backend_precision("float32", torch.device("cuda")):
        assert conv.fp32_precision == "ieee"
        assert torch.are_deterministic_algorithms_enabled()
    assert conv.fp32_precision == before
    assert not torch.are_deterministic_algorithms_enabled()
