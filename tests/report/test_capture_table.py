"""Outcomes of decisions."""

import pytest
from report_samples import NAMES

from radarseq.report.capture_table import is_right


@pytest.mark.parametrize(
    ("label", "decision", "right"),
    [
        ("cone", "cone", True),
        ("cone", "plate", False),
        ("cone", "unknown", False),
        ("rocket body", "unknown", True),
        ("rocket body", "cone", False),
        (None, "cone", None),
        ("cone", None, None),
    ],
)
def test_an_unknown_object_is_right_where_it_is_called_unknown(label, decision, right):
    assert is_right({"label": label, "decision": decision}, NAMES) is right
