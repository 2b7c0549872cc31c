"""The out-of-distribution threshold on known and unknown objects."""

import json

import h5py
import numpy as np
import pytest

from radarseq.dataset.schema import Examples
from radarseq.dataset.write import write_dataset
from radarseq.errors import UsageError
from radarseq.evaluation.decisions.ood_scores import SCORES
from radarseq.evaluation.decisions.ood_threshold import (
    UnknownObjects,
    select_score,
    unknown_metrics,
)


def test_known_windows_are_rejected_as_often_as_asked_and_others_more_often(
    model, fitted, space_examples, noise
):
    held_out = UnknownObjects("noise", [], noise)
    chosen = select_score(model, fitted.detector, held_out, "auto", 0.1)
    assert chosen.selected_by == "held-out classes"
    test = space_examples.part("test")
    found = model.predict_examples(test, extra_output=chosen.extra_output)
    right = found.label == test["label"]
    part = unknown_metrics(chosen, found.extra, test["label"], right)
    assert 0.02 < part["rejected_share"] < 0.25  # of 85 rows
    accepted = found.extra <= chosen.threshold
    assert part["accuracy_accepted"] == pytest.approx(right[accepted].mean())
    by_name = {row["score"]: row for row in part["scores"]}
    assert set(by_name) == set(SCORES)
    assert by_name[chosen.name]["auroc"] == max(row["auroc"] for row in part["scores"])
    assert by_name[chosen.name]["found"] > part["rejected_share"]
    assert sum(part["histogram"]["evaluated"]) == len(test)
    assert sum(part["histogram"]["held_out"]) == len(noise) / 2  # the other half chose


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
