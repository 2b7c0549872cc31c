"""Log loss of symbols against the entropy of their chain, and keys that are down."""

import numpy as np
import pytest
from signals import STEP, chain, sequences

from radarseq.dataset.schema import Examples
from radarseq.evaluation.metrics.symbols import compare_symbols
from radarseq.inference.task_targets import task_examples
from radarseq.models.settings import ModelSettings
from radarseq.report.page import render


def test_the_chains_entropy_is_what_a_perfect_model_pays():
    examples = task_examples(sequences(chain(400, 30, 2)), ModelSettings(task="next_symbol"))
    past = examples["x"].astype(int)
    perfect = np.full((400, 29, 2, 5), 1e-12)
    np.put_along_axis(perfect, past[..., None], 0.7, axis=3)
    np.put_along_axis(perfect, (past[..., None] + 1) % 5, 0.3, axis=3)
    part = compare_symbols("m", perfect, examples, examples, {}, follows=True)
    entropy = -0.7 * np.log(0.7) - 0.3 * np.log(0.3)
    assert part["model"]["nats"] == pytest.approx(entropy, abs=0.02)
    assert part["model"]["accuracy"] == pytest.approx(0.7, abs=0.02)
    assert part["baselines"]["counts"]["nats"] == pytest.approx(entropy, abs=0.02)
    assert part["baselines"]["persistence"]["accuracy"] == pytest.approx(0.7, abs=0.02)
    assert "m is level with counts" in part["verdict"]


def test_keys_that_are_down_are_counted_a_step_and_drawn():
    """Keys down by chance 0.25 cost a perfect model its entropy, times their number a frame."""
    down = (np.random.default_rng(0).random((300, 21, 6)) < 0.25).astype(np.float32)
    length = np.random.default_rng(1).integers(5, 22, 300).astype(np.int32)
    examples = task_examples(
        Examples(STEP, {"x": down, "length": length}), ModelSettings(task="next_symbol")
    )
    perfect = np.broadcast_to([0.75, 0.25], (300, 20, 6, 2))
    part = compare_symbols("m", perfect, examples, examples, {}, follows=True)
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert part["model"]["nats"] == pytest.approx(entropy, abs=0.005)
    assert part["model"]["nats_per_step"] == pytest.approx(6 * part["model"]["nats"])
    assert part["baselines"]["counts"]["nats_per_step"] == pytest.approx(6 * entropy, abs=0.03)
    page = render({"symbols": part, "model": {"name": "lstm"}})
    assert "Symbols by method" in page
    assert "Nats per step" in page
