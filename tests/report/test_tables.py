"""Tables of the page."""

from report_samples import FULL

from radarseq.report import tables


def test_best_of_each_column_is_marked_once_per_direction():
    _, rows = tables.main_table(FULL)
    best = {name: [cell.best for cell in cells] for name, cells in rows}
    assert best["wavenet (the model)"] == [True, True, True, True]
    assert not any(best["copy"] + best["gradient boosting"])
