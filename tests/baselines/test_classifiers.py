"""The majority and boosting on classes that can and cannot be told apart."""

import numpy as np
import pytest

from radarseq.baselines.classifiers import Majority, class_shares, fit_boosting, labelled
from radarseq.dataset.schema import Examples, Header

HEADER = Header(sample_axis="step", class_names=("low", "mid", "high"))


def majority_probabilities(training, judged):
    return Majority(class_shares(training)).probabilities(judged.input)


def boosting_probabilities(training, judged):
    return fit_boosting(training).probabilities(judged.input, judged.code)


def steps_at(means, label, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(len(label), 12, 1)) * 0.3 + np.asarray(means)[label][:, None, None]
    return Examples(HEADER, {"x": x.astype(np.float32), "label": np.asarray(label, dtype=np.int32)})


def test_the_majority_baseline_gives_the_shares_of_the_classes():
    training = steps_at([0, 0, 0], [0] * 6 + [1] * 3 + [2])
    unknown = Examples(HEADER, {**training.columns, "label": training["label"].copy()})
    unknown["label"][0] = -1
    judged = steps_at([0, 0, 0], [2, 2])
    shares = majority_probabilities(training, judged)
    np.testing.assert_allclose(shares, [[0.6, 0.3, 0.1]] * 2, rtol=1e-12)
    np.testing.assert_allclose(majority_probabilities(unknown, judged)[0], [5 / 9, 3 / 9, 1 / 9])
    assert len(labelled(unknown)) == 9


def test_boosting_tells_separable_classes_apart_and_majority_does_not():
    label = np.arange(300) % 3
    training, judged = (steps_at([-2, 0, 2], label, seed) for seed in (1, 2))
    probabilities = boosting_probabilities(training, judged)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-9)
    assert (probabilities.argmax(axis=1) == label).mean() > 0.97
    assert (majority_probabilities(training, judged).argmax(axis=1) == label).mean() < 0.4
    assert np.array_equal(probabilities, boosting_probabilities(training, judged))


def test_boosting_learns_nothing_from_shuffled_labels():
    label = np.random.default_rng(0).integers(0, 3, 300)
    training, judged = (steps_at([0, 0, 0], label, seed) for seed in (1, 2))
    right = (boosting_probabilities(training, judged).argmax(axis=1) == label).mean()
    assert 0.2 < right < 0.47  # 1/3, five standard deviations either way


def test_a_class_that_training_lacks_has_no_probability():
    training = steps_at([-2, 0, 2], np.array([0, 2] * 40))
    judged = steps_at([-2, 0, 2], np.array([0, 1, 2, -1]) % 3)
    probabilities = boosting_probabilities(training, judged)
    assert probabilities.shape == (4, 3)
    assert (probabilities[:, 1] == 0).all()
    assert probabilities[[0, 2]].argmax(axis=1).tolist() == [0, 2]


@pytest.mark.parametrize("label", [0, -1])
def test_boosting_on_one_class_or_none_says_what_the_majority_does(label):
    training, judged = steps_at([0, 0, 0], [label] * 30), steps_at([0, 0, 0], [0, 1])
    expected = majority_probabilities(training, judged)
    np.testing.assert_allclose(boosting_probabilities(training, judged), expected)
