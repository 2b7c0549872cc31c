"""Options of reading: round trips, refusals and updates."""

import json

import pytest

from radarseq.captures.options.quality_limits import QualityLimits
from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import UsageError


def test_a_reading_survives_json_and_recipe():
    options = ReadOptions(
        name="{label}.csv", steps=32, hop=8, carrier_hz=1e9, sample_axis="slow_time"
    )
    assert ReadOptions.from_json(json.loads(json.dumps(options.to_json()))) == options
    assert ReadOptions.from_recipe(options.to_recipe()) == options
    assert json.loads(options.to_recipe())["kind"] == "import"
    assert ReadOptions.from_recipe('name = "a recipe"\n') is None
    assert ReadOptions.from_recipe("{}") is None


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ({"step": 3}, "unknown keys"),
        ({"steps": "3"}, "steps is '3'"),
        ({"steps": True}, "steps is True"),
        ({"steps": 1}, "at least 2"),
        ({"hop": 4}, "Give steps, the window length"),
        ({"stride": 0}, "stride is 0"),
        ({"carrier_hz": float("nan")}, "carrier_hz"),
        ({"layout": "row,time"}, "'step'"),
        ({"layout": "step,point,channel"}, "at most one"),
        ({"layout": "row,,step"}, "different names"),
        ({"sample_axis": "time"}, "sample_axis"),
        ({"name": "{class}.csv"}, "{class}"),
        ({"name": "{label}{group}.csv"}, "without text between"),
        ({"name": "{label}.csv", "label_column": -1}, "two sources"),
        ([], "expected a JSON object"),
    ],
)
def test_a_reading_that_does_not_fit_is_refused(content, word):
    with pytest.raises(UsageError) as error:
        ReadOptions.from_json(content)
    assert word in str(error.value)


def test_a_reading_is_updated_key_by_key_and_by_its_source_of_labels():
    trained = ReadOptions(
        label_column=-1, steps=8, quality=QualityLimits(clipped_share=0.5, dropped_run=3)
    )
    other = trained.updated({"name": "{label}.csv", "quality": {"dropped_run": 0}})
    assert (other.name, other.label_column, other.steps) == ("{label}.csv", None, 8)
    assert other.quality == QualityLimits(clipped_share=0.5)
    assert ReadOptions.from_json(other.to_json()) == other
    tabled = other.updated({"labels": "l.csv"})
    assert (tabled.name, tabled.labels) == ("", "l.csv")
    assert tabled.updated({}).labels == ""  # a table belongs to its files
    with pytest.raises(UsageError, match="two sources"):
        ReadOptions(labels="l.csv", name="{label}.csv")
    with pytest.raises(UsageError, match="unknown keys"):
        trained.updated({"nam": "x"})
