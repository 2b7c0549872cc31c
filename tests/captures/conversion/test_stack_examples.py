"""Recordings collected into examples."""

from dataclasses import replace

import numpy as np
import pytest
from recordings import OBJECTS, collect, noise, objects, save

from radarseq.captures.conversion.stack_examples import stack_examples
from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import CaptureError


def test_collecting_names_labels_groups_and_rows(tmp_path):
    examples, failures = collect([objects(tmp_path)], OBJECTS)
    header = examples.header
    assert failures == []
    assert header.class_names == ("cone", "plate")
    assert header.group_names[:5] == ("cone/0", "cone/1", "cone/2", "cone/3", "plate/0")
    assert header.sample_interval_s == 2e-3  # of the steps, after the stride
    assert ReadOptions.from_recipe(header.recipe) == OBJECTS
    assert examples["label"].tolist() == [0] * 40 + [1] * 40
    assert examples["group"].tolist() == np.repeat(range(8), 10).tolist()
    assert examples["parameters/row"].tolist() == list(range(10)) * 8
    np.testing.assert_array_equal(examples["rx"][70:], noise(10, 8, seed=13)[:, ::2])


def test_a_bad_file_does_not_stop_the_rest(tmp_path):
    objects(tmp_path)
    half_bad = noise(10, 8)
    half_bad[2:5], half_bad[7, 3] = 0, np.inf
    save(tmp_path / "cone/object_0.npy", half_bad)
    save(tmp_path / "cone/object_1.npy", np.ones((10, 8), complex))
    save(tmp_path / "cone/object_2.npy", noise(10, 9))
    save(tmp_path / "cone/object_3.npy", noise(10, 8).real)
    save(tmp_path / "cone/extra.npy", noise(10, 8))
    (tmp_path / "plate/object_0.npy").write_bytes(b"rubbish")
    absent = tmp_path / "absent.npy"
    options = replace(OBJECTS, name="", stride=1)
    found = stack_examples([tmp_path, absent], options)
    reasons = {failure.path.name: failure.reason for failure in found.failures}
    assert "10 constant" in reasons["object_1.npy"]
    assert "(9,) complex; expected (8,) complex" in reasons["object_2.npy"]
    assert "(8, 1) real" in reasons["object_3.npy"]
    assert "cannot be read as .npy" in reasons["object_0.npy"]
    assert "not there" in reasons["absent.npy"]
    assert found.rejected == {"all zero": 3, "not finite": 1}
    assert found.examples.header.warnings == (
        "rows left out because not finite: 1",
        "rows left out because all zero: 3",
    )
    assert found.examples["parameters/row"][10:16].tolist() == [0, 1, 5, 6, 8, 9]
    assert found.examples.header.group_names[:2] == ("cone/extra.npy", "cone/object_0.npy")
    assert all(failure.hint.count(" ") >= 1 for failure in found.failures)
    named = stack_examples([tmp_path], replace(options, name=OBJECTS.name))
    assert (
        "does not end in the pattern"
        in {f.path.name: f.reason for f in named.failures}["extra.npy"]
    )


def test_known_classes_and_shape_are_kept(tmp_path):
    objects(tmp_path)
    save(tmp_path / "disc/object_0.npy", noise(3, 8))
    names = ("plate", "ring", "cone")
    examples, _ = collect([tmp_path], OBJECTS, class_names=names)
    assert examples.header.class_names == names
    assert examples["label"].tolist() == [2] * 40 + [-1] * 3 + [0] * 40
    unlabelled, _ = collect([tmp_path], class_names=names)
    assert "label" not in unlabelled
    with pytest.raises(CaptureError, match=r"(?s)rows are \(8,\) complex; expected \(32,\)"):
        collect([tmp_path], shape=(32,))


def test_captures_that_disagree_are_named_with_their_values(tmp_path):
    np.savez(tmp_path / "a.npz", rx=noise(2, 8), sample_interval_s=1e-3)
    np.savez(tmp_path / "b.npz", rx=noise(2, 8), sample_interval_s=2e-3)
    with pytest.raises(
        CaptureError, match=r"a\.npz has sample_interval_s 0.001, .*b\.npz has 0.002"
    ):
        collect([tmp_path])
    examples, _ = collect([tmp_path], ReadOptions(sample_interval_s=1e-3))
    assert len(examples) == 4


def test_nothing_to_collect_is_an_error(tmp_path):
    with pytest.raises(CaptureError, match="no recordings of a known kind"):
        collect([tmp_path])
    (tmp_path / "a.npy").write_bytes(b"")
    with pytest.raises(CaptureError, match=r"(?s)none of the recordings.*a\.npy"):
        collect([tmp_path])
