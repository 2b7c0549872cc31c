"""A capture as bytes: what the page draws comes back from them as it was measured."""

import base64
import json

import numpy as np
import pytest

from radarseq.errors import UsageError
from radarseq.report.capture_views import (
    MAX_COLUMNS,
    MISSING_BYTE,
    capture_view,
    columns_of,
    views_json,
)


def chirp(windows=7, steps=32):
    """Return windows of a tone: 20 dB from the first window to the last, 10 degrees a step."""
    level_db = np.linspace(-20, 0, windows)[:, None]
    phase = np.radians(10.0) * np.arange(windows * steps).reshape(windows, steps)
    return 10 ** (level_db / 20) * np.exp(1j * phase)


def values(view, field, low, high):
    return low + getattr(view, field).astype(float) / (MISSING_BYTE - 1) * (high - low)


def test_level_and_phase_come_back_within_half_a_step():
    samples = chirp()
    view = capture_view(samples)
    assert (view.low, view.high) == pytest.approx((-20.0, 0.0), abs=1e-9)
    level = values(view, "level", view.low, view.high)
    assert np.abs(level - 20 * np.log10(np.abs(samples))).max() <= 20 / 254 / 2 + 1e-9
    turn = values(view, "phase", -180, 180) - np.degrees(np.angle(samples))
    assert np.abs((turn + 180) % 360 - 180).max() <= 360 / 254 / 2 + 1e-9


def test_the_phase_of_what_was_sent_is_taken_off():
    tx = np.exp(2j * np.pi * np.random.default_rng(0).random((7, 32)))
    with_code = capture_view(chirp() * tx, tx)
    off = np.abs(with_code.phase.astype(int) - capture_view(chirp()).phase)
    assert np.isin(off, [0, 1, 253, 254]).all()


def test_what_is_not_finite_and_what_is_zero_show_as_such():
    samples = chirp()
    samples[2, 3], samples[4, 5] = np.nan, 0
    view = capture_view(samples)
    assert view.level[2, 3] == view.phase[2, 3] == view.phase[4, 5] == MISSING_BYTE
    assert view.level[4, 5] == 0
    assert (view.level == MISSING_BYTE).sum() == 1


@pytest.mark.parametrize("windows", [1, 63, 64, 65, 1000, 12345])
def test_columns_are_even_and_end_with_the_last_window(windows):
    columns = columns_of(windows)
    assert len(columns) == min(windows, MAX_COLUMNS)
    assert columns[-1] == windows - 1
    steps = np.diff(columns)
    assert steps.size == 0 or steps.max() - steps.min() <= 1


def test_the_decision_survives_thinning():
    track = np.linspace([1.0, 0.0], [0.0, 1.0], 1000)
    view = capture_view(np.ones((1000, 32), complex))
    thin = view.with_track(track[view.rows]).thinned(5)
    assert thin.rows.tolist()[-1] == 999
    assert thin.posterior.tolist()[-1] == [0, 254]
    with pytest.raises(UsageError, match="posterior has 63 columns; expected 64"):
        view.with_track(track[view.rows][:-1])


def test_real_samples_have_values_and_no_phase_and_the_strongest_channel_shows():
    samples = np.zeros((3, 8, 4), np.float32)
    samples[..., 2] = np.arange(24).reshape(3, 8)
    view = capture_view(samples)
    assert view.phase is None
    assert (view.low, view.high) == (0.0, 23.0)
    assert view.level[2, 7] == 254


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_a_capture_without_contrast_can_be_drawn(value):
    view = capture_view(np.full((2, 8), value, np.complex64))
    assert view.high > view.low


def test_no_name_ends_the_data_of_the_page():
    view = capture_view(chirp()).with_track(np.full((7, 1), 0.5))
    text = views_json([view, None], ["</script><b>&"], "Pulse")
    assert not set("<>&") & set(text)
    content = json.loads(text)
    assert content["classes"] == ["</script><b>&"]
    assert content["views"][1] is None
    assert base64.b64decode(content["views"][0]["level"]) == view.level.tobytes()


def test_many_captures_share_the_page():
    view = capture_view(np.ones((64, 32), complex))
    content = json.loads(views_json([view] * 2000, [], "Pulse"))["views"]
    columns = {len(one["rows"]) for one in content}
    assert len(columns) == 1
    assert 2000 * columns.pop() * 64 <= 2_400_000
