"""The table of costs: from the rates in the benchmarks' page, and as the docs show it."""

import runpy

import pytest
from paths import ROOT


@pytest.fixture(scope="module")
def cost():
    return runpy.run_path(str(ROOT / "benchmarks" / "cost.py"))


def test_the_rates_are_those_that_were_measured(cost):
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    rates = {name: rate for name, (rate, _) in cost["RATES"].items()}
    rates["stored"] = 2 * rates["stored"]  # measured with two threads
    for name, rate in rates.items():
        assert f"{rate:,}" in measured, name
    assert f"{cost['ROW_BYTES']} bytes a row in the dataset" in measured


def test_the_docs_show_what_the_script_prints(cost, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["cost.py"])
    cost["main"]()
    shown = (ROOT / "docs" / "clusters.md").read_text(encoding="utf-8")
    for block in capsys.readouterr().out.split("\n\n"):
        assert block.strip() in shown


def test_a_row_is_the_arithmetic_that_it_says(cost):
    """By hand: 10^7 s on a core are 116 days, on ten 10^6 s, in an hour 10^7 / 36,000 nodes."""
    rates = {"simulated": 1e5, "stored": 1e4, "checked": 5e4}
    rows = cost["simulated"](rates, 1000, 10).splitlines()
    assert rows[2] == "| 10^6 | 10 s | 1.0 GB | 100 s | 10 s | 1 | 20 s |"
    assert rows[-1] == "| 10^11 | 12 days | 100 TB | 116 days | 12 days | 278 | 23 days |"
