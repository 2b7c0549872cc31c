"""Limits of quality that do not fit are refused."""

import pytest

from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import UsageError


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"clip": 1}, "unknown keys"),
        ({"clipped_share": 2}, "clipped_share is 2; expected 0 to 1"),
        ({"dropped_run": 1.5}, "a whole number"),
        ({"cfar_false_alarm": "x"}, "a number"),
        ({"cfar_cells": 0}, "cfar_cells is 0"),
        ({"least_power_db": float("nan")}, "least_power_db"),
        ([], "expected some of the keys"),
    ],
)
def test_limits_that_do_not_fit_are_refused(content, word):
    with pytest.raises(UsageError, match=word):
        ReadOptions.from_json({"quality": content})
