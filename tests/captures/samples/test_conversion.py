"""Samples converted as they are read."""

import numpy as np
import pytest
from recordings import whole

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture


def test_wrapped_integers_are_signed_again(tmp_path):
    signed = np.array([0, 1, -1, 265, -265, -32768], np.int16)
    wrapped = signed.view(np.uint16).astype(np.float64)
    np.save(tmp_path / "a.npy", wrapped[:3] + 1j * wrapped[3:])
    capture = read_capture(tmp_path / "a.npy", ReadOptions(wrapped=True, layout="step"))
    assert whole(capture).tolist() == [265j, 1 - 265j, -1 - 32768j]
    np.save(tmp_path / "a.npy", signed.view(np.uint16))
    capture = read_capture(tmp_path / "a.npy", ReadOptions(wrapped=True))
    assert (whole(capture) == signed).all()
    assert capture.full_scale == (-32768, 32767)
    np.save(tmp_path / "a.npy", np.array([0.5, 3]))
    with pytest.raises(RecordingError, match="not unsigned 16-bit integers"):
        whole(read_capture(tmp_path / "a.npy", ReadOptions(wrapped=True)))
