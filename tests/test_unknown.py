"""Unknown objects: scores by their formulas, thresholds, and what is kept of them in a run."""

import json
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from scipy.special import logsumexp, softmax
from sklearn.metrics import roc_auc_score

from radarseq.dataset.schema import Examples
from radarseq.dataset.simulate import header_of
from radarseq.dataset.write import write_dataset
from radarseq.errors import CheckpointError, UsageError
from radarseq.evaluation.decisions.calibration_file import (
    CALIBRATION_NAME,
    fit,
    load_calibration,
    save_calibration,
)
from radarseq.evaluation.decisions.ood_scores import (
    SCORES,
    Gaussians,
    all_scores,
    fit_gaussians,
    fit_ood_detector,
)
from radarseq.evaluation.decisions.ood_threshold import HeldOut, choose_score, unknown_part
from radarseq.evaluation.metrics.classification import auroc
from radarseq.inference import training_rows
from radarseq.inference.predictor import load
from radarseq.inference.training_rows import training_rows_in
from radarseq.recipes.recipe import read_recipe
from simulators.pairs import FRESH_TRAIN, FRESH_VALIDATION, PairGenerator


def test_the_distance_is_that_of_scipy():
    generator = np.random.default_rng(0)
    mixing = generator.normal(size=(5, 5))
    label = generator.integers(0, 3, 4000)
    centres = 4 * generator.normal(size=(3, 5))
    hidden = generator.normal(size=(4000, 5)) @ mixing + centres[label]
    found = fit_gaussians(hidden, label).distance(hidden[:50])
    means = np.stack([hidden[label == c].mean(axis=0) for c in range(3)])
    inverse = np.linalg.inv(np.cov((hidden - means[label]).T))
    expected = [min(mahalanobis(row, mean, inverse) for mean in means) for row in hidden[:50]]
    np.testing.assert_allclose(found, expected, rtol=0.02)  # the covariance is shrunk a little


def test_a_hidden_value_that_never_varies_does_no_harm():
    hidden = np.random.default_rng(0).normal(size=(200, 4))
    hidden[:, 2] = 0.0
    assert np.isfinite(fit_gaussians(hidden, np.arange(200) % 2).distance(hidden + 1.0)).all()


def test_the_scores_of_logits_are_by_their_formulas():
    logits = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    hidden = np.zeros((20, 2))
    scores = all_scores(Gaussians(np.ones((1, 2)), np.eye(2)), logits, hidden)
    energy, distance, certainty = scores.T
    np.testing.assert_allclose(energy, -logsumexp(logits, axis=1), rtol=1e-6)
    np.testing.assert_allclose(distance, np.sqrt(2.0), rtol=1e-6)
    np.testing.assert_allclose(certainty, -softmax(logits, axis=1).max(axis=1), rtol=1e-6)


@pytest.mark.parametrize("false_reject", [0.01, 0.05, 0.3])
def test_the_wanted_share_of_known_windows_lies_above_the_threshold(false_reject):
    scores = np.random.default_rng(2).gamma(3.0, size=(20_000, len(SCORES)))
    detector = fit_ood_detector(Gaussians(np.zeros((1, 1)), np.eye(1)), scores)
    for index, name in enumerate(SCORES):
        share = (scores[:, index] > detector.threshold(name, false_reject)).mean()
        assert share == pytest.approx(false_reject, abs=1e-3)
    assert fit_ood_detector(detector.gaussians, scores[:39]) is None


@pytest.mark.parametrize("seed", range(3))
def test_the_area_is_that_of_scikit_learn_with_ties(seed):
    generator = np.random.default_rng(seed)
    negative, positive = generator.integers(0, 8, 300), generator.integers(2, 10, 150)
    truth = np.append(np.zeros(300), np.ones(150))
    expected = roc_auc_score(truth, np.append(negative, positive))
    assert auroc(negative, positive) == pytest.approx(expected, abs=1e-12)
    assert auroc(negative, positive[:0]) is None


@pytest.fixture(scope="module")
def model(space_run):
    return load(space_run, device="cpu")


@pytest.fixture(scope="module")
def fitted(model, space_examples):
    return fit(model, training_rows_in(space_examples))


@pytest.fixture(scope="module")
def noise(space_examples):
    """A receiver without an object: the code of real rows, white noise of their level."""
    generator = np.random.default_rng(3)
    tx = space_examples["tx"][:200]
    level = np.sqrt((np.abs(space_examples["rx"]) ** 2).mean())
    rx = level * (generator.normal(size=(2, *tx.shape)) * [[[1]], [[1j]]]).sum(axis=0)
    return Examples(space_examples.header, {"tx": tx, "rx": rx.astype(np.complex64)})


def test_known_windows_are_rejected_as_often_as_asked_and_others_more_often(
    model, fitted, space_examples, noise
):
    held_out = HeldOut("noise", [], noise)
    chosen = choose_score(model, fitted.detector, held_out, "auto", 0.1)
    assert chosen.chosen_by == "held-out classes"
    test = space_examples.part("test")
    found = model.predict_examples(test, describe=chosen.describe)
    right = found.label == test["label"]
    part = unknown_part(chosen, found.described, test["label"], right)
    assert 0.02 < part["rejected_share"] < 0.25  # of 85 rows
    accepted = found.described <= chosen.threshold
    assert part["accuracy_accepted"] == pytest.approx(right[accepted].mean())
    by_name = {row["score"]: row for row in part["scores"]}
    assert set(by_name) == set(SCORES)
    assert by_name[chosen.name]["auroc"] == max(row["auroc"] for row in part["scores"])
    assert by_name[chosen.name]["found"] > part["rejected_share"]
    assert sum(part["histogram"]["judged"]) == len(test)
    assert sum(part["histogram"]["held_out"]) == len(noise) / 2  # the other half chose


def test_what_was_fitted_is_kept_and_read_again_to_the_bit(model, fitted, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    save_calibration(tmp_path, model, fitted)
    again = load_calibration(tmp_path, model)
    assert again.to_json() == fitted.to_json()
    logits, hidden = np.ones((3, 4)), np.random.default_rng(0).normal(size=(3, 64))
    one, other = (f.detector.scores(logits, hidden) for f in (fitted, again))
    assert np.array_equal(one, other)
    path = tmp_path / CALIBRATION_NAME
    path.write_text(path.read_text().replace("1", "2", 1))
    with pytest.raises(CheckpointError, match=CALIBRATION_NAME):
        load_calibration(tmp_path, model)


def test_a_fit_of_other_weights_is_not_taken(model, fitted, lstm_run, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    save_calibration(tmp_path, load(lstm_run, device="cpu"), fitted)
    assert load_calibration(tmp_path, model) is None


def test_a_class_that_was_left_out_shows_how_well_unknown_objects_are_told(
    space_run, space_examples, tmp_path, plainly
):
    names = (*space_examples.header.class_names, "brick")
    label = space_examples["label"].copy()
    label[::10] = 4
    columns = space_examples.columns | {"label": label}
    header = space_examples.header.__class__(
        **{**vars(space_examples.header), "class_names": names}
    )
    write_dataset(tmp_path / "d", Examples(header, columns))
    result = plainly(space_run, tmp_path / "d", tmp_path / "e", unknown_class=["brick"])
    part = result.metrics["unknown"]
    assert part["held_out"] == {
        "source": str(tmp_path / "d"), "classes": ["brick"], "windows": 60,
    }  # fmt: skip
    assert result.metrics["data"]["class_names"] == list(space_examples.header.class_names)
    expected = ((space_examples["split"] == 2) & (label != 4)).sum()
    assert result.metrics["data"]["examples"] == expected
    # Bricks are objects of the known classes here: no score can tell them.
    assert all(0.2 < row["auroc"] < 0.8 for row in part["scores"])
    with h5py.File(result.folder / "predictions.h5") as file:
        score, is_unknown = file["unknown_score"][()], file["is_unknown"][()]
    assert np.array_equal(is_unknown == 1, score > part["threshold"])
    assert json.loads((result.folder / "metrics.json").read_text())["unknown"] == part


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"unknown_class": ["brick"]}, "unknown_class 'brick' is not in .*sphere, plate"),
        ({"unknown_class": ["cone"]}, "'cone' is one that the model was trained on"),
        ({"false_reject": 0.0}, "false_reject is 0.0; expected above 0 and below 1"),
        ({"unknown_score": "luck"}, "'luck'; expected auto, energy, mahalanobis"),
        ({"fusion_weight": 1.5}, "fusion_weight is 1.5; expected 0"),
        ({"workers": 0}, "workers is 0; expected 1 or more"),
        ({"steress": True}, "unknown setting 'steress'; expected one of split"),
    ],
)
def test_settings_that_do_not_fit_are_refused(space_run, space, tmp_path, plainly, settings, words):
    with pytest.raises(UsageError, match=words):
        plainly(space_run, space, tmp_path / "e", **settings)


def test_a_dataset_of_known_objects_alone_cannot_stand_for_unknown_ones(
    space_run, space, tmp_path, plainly
):
    with pytest.raises(UsageError, match="every row is of a class that the model was trained on"):
        plainly(space_run, space, tmp_path / "e", unknown=[space])


def test_without_validation_rows_nothing_is_rejected(space_run, space_examples, tmp_path):
    rows = space_examples.take(space_examples["split"] != 1)
    assert fit(load(space_run, device="cpu"), training_rows_in(rows)).detector is None


def test_the_pairs_of_a_run_that_stored_none_are_simulated_again(plate_recipe, monkeypatch):
    recipe = read_recipe(plate_recipe)
    header = header_of(recipe, 5)
    run = SimpleNamespace(manifest={"data": {"kind": "fresh"}}, header=header)
    monkeypatch.setattr(training_rows, "MAX_FRESH", 20)
    found = training_rows.load_training_rows(run)
    for rows, domain in ((found.training, FRESH_TRAIN), (found.validation, FRESH_VALIDATION)):
        pairs = PairGenerator(recipe.scene, seed=5, domain=domain)(0, 20)
        assert np.array_equal(rows["rx"], pairs.rx)
        assert np.array_equal(rows["label"], pairs.label)
    assert not np.array_equal(found.training["rx"], found.validation["rx"])
