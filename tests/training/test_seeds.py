"""Several seeds are the runs alone, and their mean."""

import numpy as np
import pytest
from small_runs import SMALL

from radarseq.errors import UsageError
from radarseq.training.seeds import as_text, train_seeds
from radarseq.training.train import train


def test_several_seeds_are_the_runs_alone_and_their_mean(toy_data, tmp_path):
    several = train_seeds(toy_data, tmp_path / "runs", seeds=3, seed=5, epochs=1, **SMALL)
    alone = train(toy_data, tmp_path / "alone", seed=6, epochs=1, **SMALL)
    assert several.runs[1].metrics == alone.metrics
    losses = [run.metrics["validation_loss"] for run in several.runs]
    spread = several.spread["validation_loss"]
    assert spread["mean"] == pytest.approx(np.mean(losses))
    assert spread["deviation"] == pytest.approx(np.std(losses, ddof=1))
    info = as_text(several)
    assert f"{np.mean(losses):.4f}" in info
    assert len((tmp_path / "runs/seeds.csv").read_text().splitlines()) == 4
    again = train_seeds(
        toy_data, tmp_path / "runs", seeds=4, seed=5, epochs=1, resume=True, **SMALL
    )
    assert [run.sequences_per_s > 0 for run in again.runs] == [False, False, False, True]
    with pytest.raises(UsageError, match="seeds is 0"):
        train_seeds(toy_data, tmp_path / "none", seeds=0)
