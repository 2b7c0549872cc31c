"""Windows that are unfit, each with its reason."""

from dataclasses import replace

import numpy as np
from recordings import a_capture, blocks, codes, limits, noise

from radarseq.captures.capture import Capture
from radarseq.captures.options.read_options import AS_WRITTEN, ReadOptions


def codes_of(capture: Capture, options: ReadOptions = AS_WRITTEN) -> np.ndarray:
    return np.concatenate([block.codes for block in blocks(capture, options)])


def test_quality_names_each_unfit_row():
    samples = np.tile(np.arange(4.0), (6, 1))
    samples[0, 2], samples[1, 0], samples[2], samples[3] = np.nan, 1e300, 0, 7
    capture = a_capture(samples, "row", "step")
    assert codes_of(capture).tolist() == [1, 1, 2, 3, 0, 0]
    channels = a_capture(np.stack([samples, np.ones_like(samples)], axis=2), "row", "step", "point")
    assert codes_of(channels).tolist() == [1, 1, 3, 3, 0, 0]
    bad_tx = replace(capture, samples=noise(6, 4), tx=np.where(samples == 7, np.nan, 1j))
    assert codes_of(bad_tx).tolist() == [0, 0, 0, 1, 0, 0]


def test_clipped_windows_are_those_at_the_converters_ends():
    samples = np.tile(np.arange(-4, 4, dtype=np.int16), (4, 1))
    samples[1, 3], samples[2, 5], samples[3, :4] = 32767, -32768, 32767
    capture = a_capture(samples, "row", "step", full_scale=(-32768.0, 32767.0))
    assert codes(capture, limits()) == ["ok", "clipped", "clipped", "clipped"]
    assert codes(capture, limits(clipped_share=0.2)) == ["ok", "ok", "ok", "clipped"]
    quadrature = replace(capture, samples=noise(4, 8).real + 1j * samples)
    assert codes(quadrature, limits())[1:] == ["clipped"] * 3
    assert codes(replace(capture, full_scale=None), limits()) == ["ok"] * 4


def test_dropped_runs_offsets_fill_and_breaks():
    samples = noise(5, 8)
    samples[1, 2:6], samples[2, 2:6] = 0, samples[2, 2]
    samples[3] += 100
    samples[4, 7] = -5 - 5j
    capture = a_capture(samples, "row", "step", fill=-5 - 5j)
    assert codes(capture, limits()) == ["ok"] * 4 + ["dropped samples"]
    strict = limits(dropped_run=3, offset_share=0.9)
    assert codes(capture, strict) == ["ok", *["dropped samples"] * 2, "offset", "dropped samples"]
    assert codes(capture, limits(dropped_run=4)) == ["ok"] * 4 + ["dropped samples"]
    # A jump in time before sample 8 or 15 is none within a window that begins there.
    cut = a_capture(noise(24), "step", breaks=(8, 15))
    assert codes(cut, limits()) == ["ok", "dropped samples", "ok"]


def test_the_power_gate_is_in_decibels():
    samples = np.array([[2.0], [1.0], [0.5]]) * np.exp(1j * np.arange(8))
    capture = a_capture(samples, "row", "step")
    assert codes(capture, limits(min_power_db=-0.1)) == ["ok", "ok", "empty"]
    assert codes(capture, limits(min_power_db=6.1)) == ["empty"] * 3
    assert codes(capture, limits(min_power_db=6.0)) == ["ok", "empty", "empty"]
