"""Figures as SVG: odd names, the same bytes each time, and their text."""

import threading
import xml.etree.ElementTree as ElementTree

import matplotlib
import numpy as np
import pytest
from report_samples import EPOCHS, FULL, NAMES, ODD_NAMES, make_pictures, snr_bins

from radarseq.report.figures import classification, curves, robustness
from radarseq.report.figures.pictures import example_pairs


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_do_not_break_a_figure(name):
    pictures = make_pictures(count=1, label=[name], decision=[name])
    for drawn in (
        *example_pairs(pictures),
        classification.confusion([[1, 2], [3, 4]], [name, "cone"]),
        classification.accuracy_by_snr(
            [{"low_db": 0, "high_db": 5, "examples": 1, "accuracy": {name: 1}}]
        ),
    ):
        text = "".join(ElementTree.fromstring(drawn).itertext())
        if name.isprintable() and len(name) < 16:
            assert name in text


@pytest.mark.slow
def test_figures_are_the_same_from_many_threads_and_any_user_style():
    expected = classification.training_curves(EPOCHS)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(classification.training_curves(EPOCHS)))
        for _ in range(4)
    ]
    with matplotlib.rc_context({"font.size": 30, "axes.grid": False, "svg.fonttype": "path"}):
        before = dict(matplotlib.rcParams)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert dict(matplotlib.rcParams) == before
    assert found == [expected] * 4


ALL_FIGURES = {
    "pairs": lambda: example_pairs(make_pictures(), step_name="Pulse")[1],
    "pairs without tx": lambda: example_pairs(make_pictures(tx=None))[0],
    "pairs, rx only": lambda: example_pairs(
        make_pictures(tx=None, target=None, predicted=None, label=["", ""], decision=["", ""])
    )[0],
    "pairs, silent": lambda: example_pairs(make_pictures(rx=np.zeros((2, 32), complex)))[0],
    "pairs, long": lambda: example_pairs(make_pictures(count=1, steps=5000))[0],
    "confusion": lambda: classification.confusion(FULL["classification"]["confusion"], NAMES),
    "confusion, one class": lambda: classification.confusion([[0]], ["cone"]),
    "confusion, many": lambda: classification.confusion(np.eye(40, dtype=int).tolist(), ["x"] * 40),
    "accuracy": lambda: classification.accuracy_by_snr(snr_bins("accuracy"), chance=0.25),
    "accuracy, open ends": lambda: classification.accuracy_by_snr(
        [{"low_db": None, "high_db": None, "examples": None, "accuracy": {"model": None}}]
    ),
    "reliability": lambda: classification.reliability(FULL["classification"]["reliability"]),
    "echo": lambda: classification.echo_by_snr(snr_bins("error_db"), model_name="wavenet"),
    "roc": lambda: curves.roc(FULL["classification"]["curves"]),
    "roc, many": lambda: curves.roc(FULL["classification"]["curves"] * 9),
    "precision": lambda: curves.precision_recall(FULL["classification"]["curves"]),
    "unknown": lambda: robustness.unknown_histogram(FULL["unknown"]),
    "stress": lambda: robustness.stress_sweep(FULL["stress"], model_name="wavenet"),
    "quality": lambda: robustness.skipped_windows({"all zero": 2, "clipped": 0}, 13),
    "confusion, unknown": lambda: classification.confusion(
        [[3, 1, 2]], ["a"], ["a", "b", "unknown"]
    ),
    "training": lambda: classification.training_curves(EPOCHS),
    "training, no accuracy": lambda: classification.training_curves([{"epoch": 1, "loss": 2.0}]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL_FIGURES)
def test_every_figure_is_svg_that_parses(name):
    drawn = ALL_FIGURES[name]()
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert root.find(".//{http://www.w3.org/2000/svg}text") is not None
    assert len(drawn) < 250_000
    assert "#1b1c1d" not in drawn  # the stand-in for the colour of the page's text


def svg_text(drawn):
    return [element.text for element in ElementTree.fromstring(drawn).iter() if element.text]


def test_confusion_writes_counts_and_percent_of_the_row():
    text = svg_text(classification.confusion([[3, 1], [0, 0]], ["cone", "plate"]))
    assert {"3", "75 %", "25 %", "cone", "plate"} <= set(text)
