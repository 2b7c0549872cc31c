"""Samples on another interval."""

from dataclasses import replace

import numpy as np
import pytest
from small_runs import SMALL

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples
from radarseq.dataset.write import write_dataset
from radarseq.errors import MismatchError
from radarseq.evaluation.evaluate import evaluate
from radarseq.inference.resampling import resample_sequences
from radarseq.training.train import train


def test_a_tone_on_another_interval_is_the_same_tone():
    time_s, new_s = np.arange(60) * 0.02, np.arange(40) * 0.025
    tones = np.exp(2j * np.pi * np.array([[1.0], [-2.5]]) * time_s)
    found = resample_sequences(tones, 0.02, 0.025, 40)
    expected = np.exp(2j * np.pi * np.array([[1.0], [-2.5]]) * new_s)
    assert np.abs(found - expected)[:, 4:-4].max() < 0.01
    finer = resample_sequences(tones.real[..., None], 0.02, 0.01, 100)[..., 0]
    assert (
        np.abs(finer - np.cos(2 * np.pi * np.array([[1], [2.5]]) * np.arange(100) / 100)).max()
        < 0.01
    )
    too_fast = np.sin(2 * np.pi * 22.0 * time_s)[None]  # above 20 Hz, the new band's edge
    assert np.abs(resample_sequences(too_fast, 0.02, 0.025, 40))[:, 8:-8].max() < 0.1


@pytest.mark.slow
def test_a_dataset_of_another_interval_is_refused_and_resampled_on_request(toy, tmp_path):
    def dataset(name, steps, interval_s):
        draw = np.random.default_rng(3)
        time_s = np.arange(steps) * interval_s
        rate = np.where(toy["label"] == 0, 1.0, 2.0)[:, None]
        x = np.sin(2 * np.pi * (rate * time_s + draw.random((240, 1))))
        header = replace(toy.header, sample_interval_s=interval_s)
        columns = {"x": x[..., None].astype(np.float32), "label": toy["label"]}
        write_dataset(tmp_path / name, Examples(header, columns | {"split": toy["split"]}))
        return tmp_path / name

    data, other = dataset("data", 40, 0.025), dataset("other", 60, 0.02)
    train(data, tmp_path / "run", epochs=3, **SMALL | {"batch_size": 16})
    with pytest.raises(MismatchError, match="sample_interval_s"):
        evaluate(tmp_path / "run", other, tmp_path / "a", split="all", device="cpu")
    found = evaluate(
        tmp_path / "run", other, tmp_path / "b", split="all", resample=True, device="cpu"
    )
    assert found.metrics["classification"]["model"]["accuracy"] > 0.95
    short = dataset("short", 20, 0.02)
    with pytest.raises(MismatchError, match="Cut longer windows"):
        evaluate(tmp_path / "run", short, tmp_path / "c", split="all", resample=True)
    assert open_dataset(other).header.sample_interval_s == 0.02
