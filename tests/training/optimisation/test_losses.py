"""Losses of the last step alone."""

import numpy as np
import pytest
import torch
from ramps import STEP, ramps

from radarseq.dataset.schema import Examples
from radarseq.inference import task_targets
from radarseq.models.network import Network
from radarseq.models.settings import ModelSettings
from radarseq.training.data.batches import as_batch
from radarseq.training.optimisation.losses import Objective, batch_loss


@pytest.mark.parametrize("has_length", [False, True])
def test_the_last_step_alone_can_train(has_length):
    """Only the hidden state of the last valid step then gets a gradient."""
    examples = ramps()
    if has_length:
        length = np.full(40, 7, np.int32)
        examples = Examples(STEP, examples.columns | {"length": length})
    settings = ModelSettings(model="rnn", task="forecast", width=4, features=("value",))
    network = Network(settings, task_targets.spec_of(examples, settings))
    batch = as_batch(examples, torch.device("cpu"))
    network.fit(batch.signal, None, batch.target, batch.length)
    seen = []
    network.backbone.register_forward_hook(lambda *a: seen.append(a[2]) or a[2].retain_grad())
    loss, parts = batch_loss(network, batch, Objective(1.0, last_step=True))
    loss.backward()
    moved = seen[0].grad.abs().sum(dim=(1, 2)) > 0
    assert torch.nonzero(moved).flatten().tolist() == [6 if has_length else 11]
    assert parts["loss"] > 0
