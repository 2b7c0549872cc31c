"""Tracks of recordings and objects on the page."""

import h5py
import numpy as np
import pytest

from radarseq.evaluation.page.tracks import group_numbers, with_tracks
from radarseq.report.capture_views import capture_view


@pytest.mark.parametrize("at_once", [7, 1 << 20])
def test_a_track_is_the_posterior_of_the_capture_s_own_windows(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr("radarseq.evaluation.page.tracks._ROWS_AT_ONCE", at_once)
    random = np.random.default_rng(1)
    group = random.integers(0, 2, size=40)
    posterior = random.dirichlet(np.ones(3), size=40)
    rank = np.array([np.sum(group[:i] == group[i]) for i in range(40)])
    kept = rank != 2  # the third window of each was not judged
    names = ["b.npy", "a.npy"]
    with h5py.File(tmp_path / "predictions.h5", "w") as file:
        columns = {"group": group, "row": rank, "posterior": posterior}
        for name, values in columns.items():
            file[name] = values[kept]
        file.attrs.create("group_names", names, dtype=h5py.string_dtype())
    counts = np.bincount(group)
    views = [capture_view(np.ones((counts[g], 4), complex)) for g in (1, 0)]
    both = with_tracks(tmp_path / "predictions.h5", ["a.npy", "b.npy"], views)
    for view, its in zip(both, (1, 0), strict=True):
        expected = np.rint(254 * posterior[group == its])
        expected[2] = 255
        np.testing.assert_array_equal(view.posterior, expected)


def test_objects_of_a_dataset_are_found_by_number(tmp_path):
    group, probability = np.array([5, 3, 5]), np.array([[1.0, 0], [0.5, 0.5], [0, 1.0]])
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["group"], file["probability"] = group, probability
        file.attrs.create("group_names", np.array([], object), dtype=h5py.string_dtype())
    views = [None, capture_view(np.ones((2, 4), complex))]
    found = with_tracks(tmp_path / "p.h5", ["object 3", "object 5"], views)
    assert found[1].posterior.tolist() == [[254, 0], [0, 254]]
    assert group_numbers(["object 3", "object x", "other"], ()) == [3, -1, -1]
    assert group_numbers(["b", "c"], ["a", "b"]) == [1, -1]
