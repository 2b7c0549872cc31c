"""Batches of pairs that a CUDA device simulates."""

from dataclasses import replace

import pytest
import torch
from paths import ROOT

from radarseq.recipes.recipe import read_recipe
from radarseq.training.data import cuda_pairs
from radarseq.training.data.batches import simulated_batch
from simulators.pairs import PairGenerator

pytest.importorskip("numba_cuda", reason="pairs on a CUDA device need the extra [cuda]")
RECIPE = ROOT / "datasets" / "space_objects.toml"
FEW = replace(read_recipe(RECIPE).scene, objects_per_class=7)  # whose tables take no time


class OnHost:
    """Stands for the device: fills the tensors that it is handed with the CPU's pairs."""

    def __init__(self, generate, *, device):
        self.generate = generate

    def fill(self, first, out, *, stream):
        pairs = self.generate(first, len(out.tx))
        for name in ("tx", "rx", "label"):
            getattr(out, name).copy_(torch.from_numpy(getattr(pairs, name)))
        wanted = out.rcs_dbsm if self.generate.scene.target == "rcs" else out.echo
        wanted.copy_(torch.from_numpy(pairs.target))


@pytest.mark.parametrize("target", ["echo", "rcs"])
def test_batches_are_the_tensors_that_the_device_filled(target, monkeypatch):
    monkeypatch.setattr(cuda_pairs, "CudaPairs", OnHost)
    cpu, generate = torch.device("cpu"), PairGenerator(replace(FEW, target=target), seed=5)
    found = simulated_batch(cuda_pairs.DevicePairs(generate, cpu), 40, 20, cpu)
    expected = simulated_batch(generate, 40, 20, cpu)
    for name in ("signal", "tx", "target", "label", "index"):
        torch.testing.assert_close(getattr(found, name), getattr(expected, name), rtol=0, atol=0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_training_says_why_pairs_come_from_the_cpu():
    cuda = torch.device("cuda")
    plain = PairGenerator(FEW, seed=1)
    assert cuda_pairs.on_device(plain, torch.device("cpu")) == (plain, ())
    assert "finds no CUDA device" in cuda_pairs.on_device(plain, cuda)[1][0]
    odd = PairGenerator(replace(FEW, level="normalised"), seed=1)
    chosen, notes = cuda_pairs.on_device(odd, cuda)
    assert chosen is odd
    assert notes == ("pairs are simulated on the CPU; not on the CUDA device: level 'normalised'",)
