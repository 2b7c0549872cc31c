"""Models and training on a CUDA device, against the CPU."""

from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch

from radarseq.errors import DeviceMemoryError
from radarseq.inference.predictor import load
from radarseq.inference.task_targets import spec_of
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation import batch_size
from radarseq.training.optimisation.losses import Objective, batch_loss
from radarseq.training.optimisation.precision import backend_precision
from radarseq.training.train import train

CPU = torch.device("cpu")
SMALL = {"batch_size": 64, "width": 16, "skip": 16, "epochs": 2}
on_cuda = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device"),
]
needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")


def weights(run):
    return load(run, device="cpu").network.state_dict()


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
        with backend_precision("float32", device):
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
        with backend_precision("float32", device), torch.no_grad():
            plain = network(batch.signal, batch.tx)
        assert select.set_training_engine(network, "triton") == ("triton", "")
        with backend_precision("float32", device):
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
        assert batch_size.choose_batch_size(network, replace(few), 10**7, device) >= 64
