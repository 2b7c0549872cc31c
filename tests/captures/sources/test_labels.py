"""Labels and groups from a table of files."""

import numpy as np
import pytest
from recordings import noise

from radarseq.captures.conversion.stack_examples import stack_examples
from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import CaptureError


def test_labels_and_groups_from_a_table_beside(tmp_path):
    for name in ("a.npy", "sub/b.npy", "c.npy"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        np.save(path, noise(3, 8))
    table = tmp_path / "labels.csv"
    table.write_text("file,label,group\na.npy,cone,one\nsub/b.npy,plate,\n")
    options = ReadOptions(labels=str(table))
    found = stack_examples([tmp_path], options)
    assert found.examples.header.class_names == ("cone", "plate")
    assert found.examples["label"].tolist() == [0, 0, 0, 1, 1, 1]
    assert found.examples.header.group_names == ("cone/one", "sub/b.npy")
    ((path, reason, _),) = found.failures
    assert (path.name, "not among the 2 files" in reason) == ("c.npy", True)
    untold = stack_examples([tmp_path]).failures  # a table that is not named is no recording
    assert [(f.path.name, "'file'" in f.reason or "line 2" in f.reason) for f in untold] == [
        ("labels.csv", True)
    ]
    for text, word in [
        ("", "nothing"), ("name,label\n", "expected file,label"), ("file,label\na\n", "line 2"),
        ("file,label\na,x\na,y\n", "line 3"),
    ]:  # fmt: skip
        table.write_text(text)
        with pytest.raises(CaptureError, match=word):
            stack_examples([tmp_path], options)
