"""The report: complete, self-contained, safe against the names it shows, the same each time."""

import copy
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from functools import cache
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest
from report_samples import (
    EPOCHS,
    FULL,
    NAMES,
    NASTY,
    ODD_NAMES,
    VIEWS,
    make_pictures,
    many_captures,
    renamed,
    snr_bins,
)

from radarseq.errors import UsageError
from radarseq.report import ReportContent, curves, figures, render, robustness, tables, write_report
from radarseq.report.decisions import outcome
from radarseq.report.pictures import example_pairs

VOID = {"meta", "input", "br", "hr", "img", "link"}


class Reader(HTMLParser):
    """Collects tags, attributes and text, and refuses tags that do not balance."""

    def __init__(self, page):
        super().__init__()
        self.open, self.attributes, self.ids, self.text = [], [], [], []
        self.tags = set()
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def sections(self):
        return [value for tag, name, value in self.attributes if (tag, name) == ("section", "id")]


@cache
def full_page():
    return render(FULL, ReportContent(make_pictures(), EPOCHS, VIEWS))


def test_full_page_has_every_section_in_order():
    reader = Reader(full_page())
    assert " ".join(reader.sections) == (
        "result captures charts robustness pairs failures training card"
    )
    text = " ".join(reader.text)
    for said in (
        "wavenet beats gradient boosting by 5.0 points.",
        "1 of 1 captures of known class were decided right.",
        "90.0\xa0% (89.0\xa0to\xa091.0)",
        "\N{MINUS SIGN}12.00",
        "cone_1512",
        "save complex64",
        "0.002 s (500 Hz)",
        "Doppler aliases.",
        "Not for deciding alone.",
        "Confusion, by capture",
        "ROC",
        "Precision and recall",
        "Unknown scores",
        "max probability",
        "Accuracy under corruption",
        "Quality faults",
        "f00d",
    ):
        assert said in text, said


@pytest.mark.parametrize(
    "metrics",
    [
        {},
        {"kind": "radarseq evaluation", "model": {}, "data": {}},
        {"model": {"name": "lstm"}, "classification": {"model": {"accuracy": None}}},
        {"model": {"name": "lstm"}, "echo": {"model": {"error_db": float("nan")}}},
        {"model": {"name": "lstm"}, "captures": {"captures": 3, "accuracy": 0.5}},
    ],
)
def test_minimal_page_leaves_out_what_is_not_there(metrics):
    reader = Reader(render(metrics))
    assert set(reader.sections) <= {"card"}
    assert "svg" not in reader.tags
    assert "application/json" not in [value for *_, value in reader.attributes]
    assert "Nothing was measured." in reader.text


@pytest.mark.parametrize(
    ("part", "section"), [("captures", "captures"), ("failures", "failures"), ("echo", "charts")]
)
def test_a_part_that_is_absent_has_no_section(part, section):
    metrics = {name: FULL[name] for name in ("model", "data", "captures", "failures", "echo")}
    metrics["classification"] = {"reliability": FULL["classification"]["reliability"]}
    del metrics[part]
    present = Reader(render(metrics))
    assert (section in present.sections) == (part == "echo")
    assert ("Echo error over SNR" in present.text) == (part != "echo")


def test_page_loads_nothing():
    page = full_page()
    for tag, name, value in Reader(page).attributes:
        if name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert value.startswith(("#", "data:image/png;base64,")), (tag, name, value)
    assert not re.findall(r"url\((?!#)|@import", page)
    assert not {"link", "iframe", "object", "img"} & Reader(page).tags
    without_namespaces = re.sub(r'(xmlns(:\w+)?=|const SVG = )"[^"]*"', "", page)
    assert "http:" not in without_namespaces
    assert "https:" not in without_namespaces


def test_ids_are_unique_and_references_resolve():
    reader = Reader(full_page())
    assert len(reader.ids) == len(set(reader.ids))
    for _, name, value in reader.attributes:
        if name in ("href", "xlink:href") and value.startswith("#"):
            assert value[1:] in reader.ids


def test_names_come_out_escaped():
    metrics = renamed()
    pictures = make_pictures(label=[NASTY] * 2, decision=[NASTY] * 2)
    page = render(metrics, ReportContent(pictures, EPOCHS, VIEWS))
    assert NASTY not in page
    assert "<script>alert" not in page
    assert page.count("<script") == page.count("</script>") == 2  # ours: the data, the code
    reader = Reader(page)
    assert "alert(1)" in " ".join(reader.text)
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]


def test_names_that_are_no_text_can_be_written(tmp_path):
    metrics = copy.deepcopy(FULL)
    metrics["captures"][0]["capture"] = "caf\udce9"
    assert "caf?" in write_report(tmp_path, metrics).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_do_not_break_a_figure(name):
    pictures = make_pictures(count=1, label=[name], decision=[name])
    for drawn in (
        *example_pairs(pictures),
        figures.confusion([[1, 2], [3, 4]], [name, "cone"]),
        figures.accuracy_by_snr(
            [{"low_db": 0, "high_db": 5, "examples": 1, "accuracy": {name: 1}}]
        ),
    ):
        text = "".join(ElementTree.fromstring(drawn).itertext())
        if name.isprintable() and len(name) < 16:
            assert name in text


def test_same_input_gives_same_bytes(tmp_path):
    shown = ReportContent(make_pictures(), EPOCHS, VIEWS)
    assert write_report(tmp_path / "a", FULL, shown).read_text(encoding="utf-8") == full_page()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["plots", "report.html"]


def test_figures_are_the_same_from_many_threads_and_any_user_style():
    expected = figures.training_curves(EPOCHS)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(figures.training_curves(EPOCHS)))
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
    "confusion": lambda: figures.confusion(FULL["classification"]["confusion"], NAMES),
    "confusion, one class": lambda: figures.confusion([[0]], ["cone"]),
    "confusion, many": lambda: figures.confusion(np.eye(40, dtype=int).tolist(), ["x"] * 40),
    "accuracy": lambda: figures.accuracy_by_snr(snr_bins("accuracy"), chance=0.25),
    "accuracy, open ends": lambda: figures.accuracy_by_snr(
        [{"low_db": None, "high_db": None, "examples": None, "accuracy": {"model": None}}]
    ),
    "reliability": lambda: figures.reliability(FULL["classification"]["reliability"]),
    "echo": lambda: figures.echo_by_snr(snr_bins("error_db"), model_name="wavenet"),
    "roc": lambda: curves.roc(FULL["classification"]["curves"]),
    "roc, many": lambda: curves.roc(FULL["classification"]["curves"] * 9),
    "precision": lambda: curves.precision_recall(FULL["classification"]["curves"]),
    "unknown": lambda: robustness.unknown_histogram(FULL["unknown"]),
    "stress": lambda: robustness.stress_sweep(FULL["stress"], model_name="wavenet"),
    "quality": lambda: robustness.left_out({"all zero": 2, "clipped": 0}, 13),
    "confusion, unknown": lambda: figures.confusion([[3, 1, 2]], ["a"], ["a", "b", "unknown"]),
    "training": lambda: figures.training_curves(EPOCHS),
    "training, no accuracy": lambda: figures.training_curves([{"epoch": 1, "loss": 2.0}]),
}


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
    text = svg_text(figures.confusion([[3, 1], [0, 0]], ["cone", "plate"]))
    assert {"3", "75 %", "25 %", "cone", "plate"} <= set(text)


def test_example_is_titled_with_class_decision_and_snr():
    pictures = make_pictures(decision=["cone", "plate"], snr_db=[4.2, None])
    assert pictures.title(0) == ["cone, decided cone (right)", "SNR 4.2 dB"]
    assert pictures.title(1) == ["cone, decided plate (wrong)"]
    assert {"SNR 4.2 dB", "Pulse"} <= set(svg_text(example_pairs(pictures, step_name="Pulse")[0]))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"count": 7}, "at most 6"),
        ({"rx": np.zeros(3, complex)}, "rx has shape"),
        ({"target": np.zeros((2, 31), complex)}, "target has shape"),
        ({"label": ["cone"]}, "label has 1 values"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(changes, said):
    with pytest.raises(UsageError, match=said):
        make_pictures(**changes)


def test_best_of_each_column_is_marked_once_per_direction():
    _, rows = tables.main_table(FULL)
    best = {name: [cell.best for cell in cells] for name, cells in rows}
    assert best["wavenet (the model)"] == [True, True, True, True]
    assert not any(best["copy"] + best["gradient boosting"])


def test_a_thousand_captures_stay_below_five_megabytes(tmp_path):
    metrics, views = many_captures(1000)
    without_figures = {key: metrics[key] for key in ("model", "data", "captures")}
    size = write_report(tmp_path, without_figures, ReportContent(views=views)).stat().st_size
    assert 3_000_000 < size + len(full_page()) < 5_000_000  # the captures are in it


def test_more_rows_than_fit_are_said_to_be_left_out():
    rows = [{**FULL["captures"][0], "capture": f"c{i}"} for i in range(9000)]
    page = render({"captures": rows})
    assert len(page) < 3_000_000
    assert f"The first {tables.MAX_ROWS} of 9000 captures" in page


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
    assert outcome({"label": label, "decision": decision}, NAMES) is right


def test_the_page_says_what_it_is_not_for_and_what_it_is_for():
    text = " ".join(Reader(full_page()).text)
    assert "What it must not be used for" in text
    assert "What it is for" not in text  # nothing was said
    page = render({"model": FULL["model"] | {"intended_use": ["naming plates"]}})
    assert "What it is fornaming plates" in re.sub(r"\s*\n\s*", "", "".join(Reader(page).text))


def test_importing_the_report_loads_neither_torch_nor_pyplot():
    code = (
        "import sys, radarseq.report; "
        "print([m for m in ('torch', 'h5py', 'matplotlib.pyplot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
