"""The CFAR gate on windows of noise."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from recordings import a_capture, codes, limits, noise

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.quality_limits import QualityLimits
from radarseq.captures.options.read_options import ReadOptions


@pytest.mark.parametrize("is_complex", [True, False])
def test_the_cfar_gate_lets_noise_through_as_often_as_it_is_told(is_complex):
    samples = noise(4, 8 * 2500) * 37.0
    capture = a_capture(samples if is_complex else samples.real, "row", "step")
    options = limits(cfar_false_alarm=0.05, cfar_cells=1)
    passed = np.array(codes(capture, options)) == "ok"
    # Few cells, so that a threshold that forgot how uncertain their mean is would be seen: 7 %.
    spread = scipy.stats.binom(len(passed), 0.05).std() * 1.2  # neighbours share their cells
    assert abs(passed.sum() - 0.05 * len(passed)) < 4 * spread
    for max_bytes in (3_000, 20_000):
        assert (np.array(codes(capture, options, max_bytes)) == "ok").tolist() == passed.tolist()
    samples[1, 800:808] *= 4
    assert codes(capture, options)[2500 + 100] == "ok"


def test_the_cfar_gate_leaves_out_windows_that_overlap():
    samples = noise(4000)
    samples[2000:2032] *= 10
    options = ReadOptions(
        steps=32, hop=8, quality=QualityLimits(cfar_false_alarm=1e-3, cfar_cells=8)
    )
    found = codes(a_capture(samples, "step"), options)
    assert found[2000 // 8] == "ok"
    short = replace(options, steps=2000)
    with pytest.raises(RecordingError, match="windows in a row; the CFAR gate compares"):
        codes(a_capture(samples, "step"), short)
