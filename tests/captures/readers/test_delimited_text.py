"""CSV and TSV files."""

import numpy as np
import pytest
from recordings import cut_rows

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


def test_csv_with_interleaved_samples_and_labels(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("re0,im0,re1,im1,class\n1,2,3,4,g\n5,6,7,8,b\n")
    capture = read_capture(path, ReadOptions(interleaved=True, label_column=-1))
    assert capture.samples.tolist() == [[1 + 2j, 3 + 4j], [5 + 6j, 7 + 8j]]
    assert capture.row_labels == ["g", "b"]
    assert capture.axes == ("row", "step")


def test_tsv_as_one_series_of_channels(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("1\t2\n3\t4\n5\t6\n")
    rows = cut_rows(read_capture(path, ReadOptions(layout="step,feature")), ReadOptions())
    assert rows.samples.dtype == np.float32
    assert rows.samples.tolist() == [[[1, 2], [3, 4], [5, 6]]]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("1,2\n3,x\n", {}, ["line 2", "'x'", "label_column"]),
        ("1,2\n3\n", {}, ["line 2 has 1 cells", "expected 2"]),
        ("1,2,3\n", {"interleaved": True}, ["(1, 3)", "even last axis"]),
        ("1,2\n", {"label_column": 5}, ["2 columns", "column 5"]),
        ("1,\n", {"label_column": 1}, ["empty label"]),
        ("", {}, ["is empty"]),
        ("nan,nan\n", {}, ["no finite sample"]),
        ("1,2\n", {"variable": "rx"}, ["no named arrays"]),
        ("1,2\n", {"layout": "row,step,point"}, ["(1, 2)", "names 3 axes"]),
        ("1,a\n2,b\n", {"label_column": -1, "layout": "step,row"}, ["along its first axis"]),
    ],
)
def test_a_csv_that_does_not_fit_says_why(tmp_path, text, options, words):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(RecordingError) as error:
        read_capture(path, ReadOptions(**options))
    assert all(word in str(error.value) for word in [str(path), *words]), str(error.value)
