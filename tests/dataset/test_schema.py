"""Columns and headers that do not fit are refused."""

import numpy as np
import pytest
from datasets_made import HEADER, made, values

from radarseq.dataset.schema import Examples, Header
from radarseq.errors import DatasetError


def test_an_absent_column_is_named():
    with pytest.raises(DatasetError, match="no column 'x'; it has label, group"):
        made()["x"]
    assert "x" not in made()
    assert made().input.shape == (50, 8)
    assert made("real").input.shape == (50, 8, 2)
    assert list(made().parameters) == ["snr_db", "radius_m"]


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({}, "expected the same number"),
        ({"label": np.zeros(4, np.int32)}, "expected one input column"),
        ({"rx": values(4, 8), "x": values(4, 8, 1).real}, "expected one input column"),
        ({"rx": values(4, 8, dtype=np.complex128)}, "'rx' is complex128; expected complex64"),
        ({"rx": values(4)}, r"'rx' has shape \(4,\); expected received samples"),
        ({"x": values(4, 8).real}, r"'x' has shape \(4, 8\)"),
        ({"rx": values(4, 8), "label": np.zeros(4)}, "'label' is float64; expected int32"),
        ({"rx": values(4, 8), "label": np.zeros(3, np.int32)}, r"columns have \[3, 4\] rows"),
        ({"rx": values(4, 8), "tx": values(4, 7)}, r"\[7, 8\] steps; expected the same length"),
        ({"rx": values(4, 8), "target": values(4, 9)}, r"\[8, 9\] steps"),
        ({"rx": values(4, 8), "secret": np.zeros(4)}, "column 'secret' is not part of format 1"),
        ({"rx": values(4, 8), "parameters/a": np.zeros(4)}, "'parameters/a' is float64"),
        ({"rx": values(4, 8), "split": np.zeros(4, np.int64)}, "'split' is int64; expected uint8"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, word):
    with pytest.raises(DatasetError, match=word):
        Examples(HEADER, columns)


def test_labels_need_names():
    with pytest.raises(DatasetError, match="labels but no class_names"):
        Examples(Header(sample_axis="step"), {"rx": values(4, 8), "label": np.zeros(4, np.int32)})


def test_all_faults_of_columns_are_told_at_once():
    with pytest.raises(DatasetError) as caught:
        Examples(HEADER, {"rx": values(4, 8, dtype=np.complex128), "split": np.zeros(3)})
    assert str(caught.value).count(";") >= 3
    for word in ("[3, 4] rows", "complex128", "float64"):
        assert word in str(caught.value)


def test_columns_that_do_not_fit_are_refused_in_words(toy):
    x = toy["x"]
    for columns, word in (
        ({"x": x, "label": toy["label"] / 2}, "'label' is float64; expected int32"),
        ({"x": x, "target": x[:, :5]}, r"\[5, 8\] steps; expected the same length"),
        ({"x": x, "label": toy["label"][:7]}, r"\[7, 240\] rows"),
    ):
        with pytest.raises(DatasetError, match=word):
            Examples(toy.header, columns)
