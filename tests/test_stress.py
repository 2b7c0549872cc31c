"""Faults put on received samples: each as strong as it is said to be, and the same twice."""

import numpy as np
import pytest

from radarseq.baselines.classifiers import fit_boosting
from radarseq.cli.evaluation_text import as_text
from radarseq.dataset.schema import Examples, Header
from radarseq.evaluation.pipelines.stress import CONDITIONS, corrupted, stress_part
from radarseq.inference.predictor import load
from radarseq.inference.training_rows import training_rows_in
from simulators.impairments.corruptions import stressed

ROWS, STEPS = 4000, 40


@pytest.fixture(scope="module")
def samples():
    generator = np.random.default_rng(0)
    return generator.normal(size=(ROWS, STEPS)) + 1j * generator.normal(size=(ROWS, STEPS))


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_occlusion_hides_one_run_of_the_echo_and_leaves_the_noise(samples, share):
    echo = samples[::-1]
    hidden = stressed(samples, echo, "occlusion", share, 1)
    gone = ~np.isclose(hidden, samples)
    assert (gone.sum(axis=1) == round(share * STEPS)).all()
    assert (np.abs(np.diff(gone.astype(int), axis=1)).sum(axis=1) <= 2).all()  # one run
    np.testing.assert_allclose(hidden[gone], (samples - echo)[gone], atol=1e-12)
    alone = stressed(samples, None, "occlusion", share, 1)
    assert ((alone == 0) == gone).all()


@pytest.mark.parametrize("share", [0.005, 0.01, 0.05])
def test_spikes_and_lost_pulses_are_as_many_as_said(samples, share):
    spread = 4 * np.sqrt(share / samples.size)
    hit = stressed(samples, None, "spikes", share, 2) - samples
    assert (hit != 0).mean() == pytest.approx(share, abs=spread)
    power = (np.abs(samples) ** 2).mean(axis=1, keepdims=True)
    size = (np.abs(hit) ** 2 / power)[hit != 0]
    np.testing.assert_allclose(size, 100.0, rtol=1e-9)
    lost = stressed(samples, None, "dropped", share, 2)
    assert (lost == 0).mean() == pytest.approx(share, abs=spread)
    assert (lost[lost != 0] == samples[lost != 0]).all()


@pytest.mark.parametrize("headroom_db", [3.0, 0.0, -6.0])
def test_saturation_clips_i_and_q_at_the_full_scale(samples, headroom_db):
    clipped = stressed(samples, None, "saturation", headroom_db, 3)
    power = (np.abs(samples) ** 2).mean(axis=1, keepdims=True)
    scale = np.sqrt(power) * 10 ** (headroom_db / 20)
    for part, before in ((clipped.real, samples.real), (clipped.imag, samples.imag)):
        expected = np.clip(before, -scale, scale)
        assert np.abs((part - expected) / scale).max() <= 1 / 2**11  # a step of 12 bits


@pytest.mark.parametrize("ratio_db", [0.0, 10.0, 20.0])
def test_interference_is_a_tone_of_the_stated_power(samples, ratio_db):
    tone = stressed(samples, None, "interference", ratio_db, 4) - samples
    power = (np.abs(samples) ** 2).mean(axis=1)
    ratio = (np.abs(tone) ** 2).mean(axis=1) / power
    np.testing.assert_allclose(10 * np.log10(ratio), ratio_db, atol=1e-9)
    turn = tone[:, 1:] / tone[:, :-1]
    np.testing.assert_allclose(turn, turn[:, :1].repeat(STEPS - 1, axis=1), atol=1e-6)
    frequency = np.angle(turn[:, 0]) / (2 * np.pi)
    assert np.histogram(frequency, 8, (-0.5, 0.5))[0].min() > 0.8 * ROWS / 8  # uniform


def test_the_same_seed_gives_the_same_and_rows_are_independent_of_each_other(samples):
    for effect, (level, *_), _ in CONDITIONS:
        one, again = (stressed(samples, None, effect, level, 5) for _ in range(2))
        assert np.array_equal(one, again)
        assert np.array_equal(stressed(samples[:7], None, effect, level, 5), one[:7])
    assert not np.array_equal(stressed(samples, None, "dropped", 0.1, 6), one)
    with pytest.raises(ValueError, match="'rain'; expected one of occlusion"):
        stressed(samples, None, "rain", 0.1, 0)


@pytest.mark.parametrize("is_complex", [True, False])
def test_channels_are_hit_alike(is_complex):
    generator = np.random.default_rng(1)
    values = generator.normal(size=(50, 20, 3)) + 1j * generator.normal(size=(50, 20, 3))
    named = {"rx": values.astype(np.complex64)} if is_complex else {"x": values.real.astype("f4")}
    rows = Examples(Header(sample_axis="step"), named)
    lost = corrupted(rows, "dropped", 0.2)
    assert (lost.shape, lost.dtype) == (rows.input.shape, rows.input.dtype)
    gone = lost == 0
    assert (gone == gone[..., :1]).all()
    assert 0.1 < gone.mean() < 0.3
    assert np.array_equal(lost[~gone], rows.input[~gone])


def test_the_sweep_judges_model_and_baseline_on_the_same_corrupted_rows(space_run, space_examples):
    model, test = load(space_run, device="cpu"), space_examples.part("test")
    known = training_rows_in(space_examples)
    trees = fit_boosting(known.training.take(slice(60)))
    part = stress_part(model, test, ("trees", trees.probabilities), None)
    texts = [row["text"] for row in part["conditions"]]
    assert texts[:4] == ["none", "occlusion 10 %", "occlusion 20 %", "occlusion 50 %"]
    assert texts[-3:] == ["interference 0 dB", "interference 10 dB", "interference 20 dB"]
    assert len(texts) == 16
    none, half = part["conditions"][0], part["conditions"][3]
    label, tx = test["label"], test["tx"]
    assert none["model"] == (model.predict_examples(test).label == label).mean()
    assert none["baseline"] == (trees.probabilities(test["rx"], tx).argmax(axis=1) == label).mean()
    changed = corrupted(test, "occlusion", 0.5)
    assert half["model"] == (model.predict(changed, tx).label == label).mean()
    assert half["baseline"] == (trees.probabilities(changed, tx).argmax(axis=1) == label).mean()
    assert all(row["model_low"] <= row["model"] <= row["model_high"] for row in part["conditions"])
    told = {"model": {"name": "wavenet"}, "stress": part}
    told["data"] = {"path": "d", "split": "test", "examples": 1, "left_out": {}}
    assert "interference 20 dB" in as_text(told, [])
    assert stress_part(model, test.take(slice(0)), None, None) is None
