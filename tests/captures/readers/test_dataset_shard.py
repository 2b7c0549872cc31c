"""Shards of datasets read as recordings."""

import numpy as np
from recordings import noise, whole

from radarseq.captures.readers.registry import read_capture
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.write import write_dataset


def test_shards_of_our_own_datasets_are_captures(tmp_path):
    header = Header(
        sample_axis="slow_time", sample_interval_s=1e-3, carrier_hz=1e10, class_names=("a", "b")
    )
    columns = {
        "rx": noise(4, 8),
        "tx": noise(4, 8, seed=1),
        "label": np.array([0, 1, -1, 1], np.int32),
    }
    write_dataset(tmp_path / "set", Examples(header, columns))
    capture = read_capture(tmp_path / "set" / "shard-00000.h5")
    np.testing.assert_array_equal(whole(capture), columns["rx"])
    assert (capture.row_labels, capture.carrier_hz) == (["a", "b", "", "b"], 1e10)
    assert capture.tx is not None
