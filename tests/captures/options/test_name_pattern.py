"""Labels and groups from the names of files."""

import os
from pathlib import Path

import pytest

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.name_pattern import match_name


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("waste-level-{label}.h5", "/d/waste-level-25-percent.h5", ("25-percent", None)),
        ("{label}/object_{group}.mat", "/d/cones/object_27.mat", ("cones", "27")),
        ("{label}_{group}.npz", "/d/circular_plates_27.npz", ("circular_plates", "27")),
        ("{group}/{label}/{group}.csv", "/a/7/x/7.csv", ("x", "7")),
        ("a+(b).{label}.csv", "/d/a+(b).c d\n.csv", ("c d\n", None)),
        ("{label}.csv", os.fsdecode(b"/d/\xff.csv"), ("\\xff", None)),
        ("", "/d/anything", (None, None)),
    ],
)
def test_a_pattern_gives_label_and_group(pattern, path, expected):
    assert match_name(pattern, Path(path)) == expected


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("waste-level-{label}.h5", "/d/old-waste-level-full.h5"),
        ("waste-level-{label}.h5", "/d/waste-level-full.h5.csv"),
        ("{group}/{label}/{group}.csv", "/a/7/x/8.csv"),
        ("a.{label}.csv", "/d/aXb.csv"),
        ("{label}.csv", "/d/.csv"),
        ("{label}.csv", "/d/a.csvXcsv"),
        ("{label}.csv", "/d/aXcsv"),
    ],
)
def test_a_path_that_does_not_match_is_a_fault(pattern, path):
    with pytest.raises(RecordingError, match="does not end in the pattern"):
        match_name(pattern, Path(path))
