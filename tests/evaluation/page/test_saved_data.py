"""Data of the page, saved and read again."""

import numpy as np
from report_samples import EPOCHS, make_pictures

from radarseq.evaluation.page.saved_data import read_report_data, write_report_data
from radarseq.report.capture_views import capture_view
from radarseq.report.page import ReportContent


def test_what_is_shown_comes_back_as_it_was_written(tmp_path):
    random = np.random.default_rng(0)
    samples = random.normal(size=(90, 16, 2)).view(np.complex128)[..., 0]
    views = [capture_view(samples), None, capture_view(samples[:3], rows=np.array([4, 9, 11]))]
    shown = ReportContent(make_pictures(snr_db=[4.2, None]), EPOCHS, views)
    write_report_data(tmp_path, shown)
    found = read_report_data(tmp_path)
    for name in ("tx", "rx", "target", "predicted"):
        np.testing.assert_array_equal(getattr(found.pictures, name), getattr(shown.pictures, name))
    assert found.pictures.snr_db == [4.2, None]
    assert found.pictures.label == ["cone"] * 2
    assert found.epochs[1]["loss"] == 0.9
    assert np.isnan(found.epochs[1]["validation_loss"])
    assert found.views[1] is None
    for before, after in ((views[0], found.views[0]), (views[2], found.views[2])):
        assert after.rows.tolist() == before.rows.tolist()
        np.testing.assert_array_equal(after.level, before.level)
        np.testing.assert_array_equal(after.phase, before.phase)
        assert (after.low, after.high) == (before.low, before.high)
