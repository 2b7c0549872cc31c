"""The report: complete, self-contained, safe against the names it shows, the same each time."""

import copy
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import matplotlib
import numpy as np
import pytest

from radarseq.errors import UsageError
from radarseq.report import Pictures, figures, render, tables, write_report
from radarseq.report.pictures import example_pairs

NASTY = "<script>alert(1)</script>"
# What an engineer may well call a class, and what breaks XML, formulas or attributes.
ODD_NAMES = [
    NASTY,
    "a\"b'&c",
    "$\\alpha_{$",
    "\x00\ud800",
    ' id="x" url(#y)',
    "\\g<9>",
    "目标",
    "-->",
]
VOID = {"meta", "input", "br", "hr", "img", "link"}
NAMES = ["sphere", "plate", "cylinder", "cone"]


def snr_bins(key):
    return [
        {"low_db": low, "high_db": low + 5, "examples": 700 + low, key: values}
        for low, values in ((0, {"model": 0.7, "copy": 0.25}), (5, {"model": 0.8, "copy": None}))
    ]


FULL = {
    "kind": "radarseq evaluation",
    "model": {
        "name": "wavenet",
        "task": "both",
        "parameters": 27000,
        "receptive_field": 32,
        "features": ["iq", "phase_step"],
        "seed": 0,
        "run": "runs/w",
        "sample_axis": "slow_time",
        "sample_interval_s": 0.002,
        "versions": {"radarseq": "0.1.0"},
        "limits": ["Not for deciding alone."],
    },
    "data": {
        "path": "data/space",
        "digest": "abc",
        "split": "test",
        "examples": 3024,
        "class_names": NAMES,
        "warnings": ["Doppler aliases."],
    },
    "classification": {
        "model": {
            "accuracy": 0.9,
            "accuracy_low": 0.89,
            "accuracy_high": 0.91,
            "log_loss": 0.3,
            "calibration_error": 0.02,
        },
        "baselines": {"gradient boosting": {"accuracy": 0.85, "log_loss": None}},
        "confusion": (np.eye(4, dtype=int) * 700 + 19).tolist(),
        "by_snr": snr_bins("accuracy"),
        "reliability": [
            {"confidence": 0.55, "accuracy": 0.5, "examples": 100},
            {"confidence": 0.9, "accuracy": None, "examples": 0},
        ],
        "verdict": "wavenet beats gradient boosting by 5.0 points.",
    },
    "echo": {
        "model": {"error_db": -12.0},
        "baselines": {"copy": {"error_db": -6.5}},
        "by_snr": snr_bins("error_db"),
        "verdict": "wavenet is 5.5 dB nearer to the echo than the copy.",
    },
    "captures": [
        {
            "capture": "cone_1512",
            "windows": 10,
            "left_out": 0,
            "label": "cone",
            "decision": "cone",
            "probability": 0.98,
            "window_accuracy": 0.9,
        },
        {"capture": "unknown_1", "windows": 3, "left_out": None, "label": None}
        | {"decision": "plate", "probability": None, "window_accuracy": None},
    ],
    "failures": [{"capture": "x.npy", "reason": "of float16", "remedy": "save complex64"}],
}
EPOCHS = [
    {"epoch": "1", "loss": "1.3", "validation_loss": "1.2", "validation_accuracy": "0.4"},
    {"epoch": "2", "loss": "0.9", "validation_loss": "", "validation_accuracy": ""},
]


def make_pictures(count=2, steps=32, **changes):
    random = np.random.default_rng(0)
    samples = random.normal(size=(4, count, steps, 2)).view(np.complex128)[..., 0]
    samples[1, 0, 3], samples[3, 0, 4] = 0, np.nan
    fields = dict(zip(("tx", "rx", "target", "predicted"), samples, strict=True))
    fields |= {"label": ["cone"] * count, "decision": ["plate"] * count, "snr_db": [4.2] * count}
    return Pictures(**fields | changes)


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


def full_page():
    return render(FULL, make_pictures(), EPOCHS)


def renamed():
    """Return the full metrics with hostile text in every name and sentence."""
    metrics = copy.deepcopy(FULL)
    metrics["model"] |= {"name": NASTY, "features": [NASTY], "limits": [NASTY], "run": NASTY}
    metrics["data"] |= {"path": NASTY, "class_names": [NASTY] * 4, "warnings": [NASTY]}
    for part, key in (("classification", "accuracy"), ("echo", "error_db")):
        metrics[part]["verdict"] = NASTY
        metrics[part]["baselines"] = {NASTY: {key: 0.5}}
        metrics[part]["by_snr"][0][key][NASTY] = 0.4
    for row in (*metrics["captures"], *metrics["failures"]):
        row |= dict.fromkeys(("capture", "label", "decision", "reason", "remedy"), NASTY)
    return metrics


def test_full_page_has_every_section_in_order():
    reader = Reader(full_page())
    expected = ["result", "pairs", "charts", "captures", "failures", "training", "card"]
    assert reader.sections == expected
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
    reader = Reader(render(metrics, None, None))
    assert set(reader.sections) <= {"card"}
    assert "svg" not in reader.tags
    assert "script" not in reader.tags
    assert "Nothing was measured." in reader.text


@pytest.mark.parametrize(
    ("part", "section"), [("captures", "captures"), ("failures", "failures"), ("echo", "charts")]
)
def test_a_part_that_is_absent_has_no_section(part, section):
    metrics = {name: value for name, value in FULL.items() if name != part}
    present = Reader(render(metrics, None, None))
    assert (section in present.sections) == (part == "echo")
    assert ("Echo error over SNR" in present.text) == (part != "echo")


def test_page_loads_nothing():
    page = full_page()
    for tag, name, value in Reader(page).attributes:
        if name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            assert value.startswith(("#", "data:image/png;base64,")), (tag, name, value)
    assert not re.findall(r"url\((?!#)|@import", page)
    assert not {"link", "iframe", "object", "img"} & Reader(page).tags
    without_namespaces = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
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
    page = render(metrics, make_pictures(label=[NASTY] * 2, decision=[NASTY] * 2), EPOCHS)
    assert NASTY not in page
    assert "<script>alert" not in page
    assert page.count("<script") == 1  # ours
    reader = Reader(page)
    assert "alert(1)" in " ".join(reader.text)
    assert not [name for _, name, _ in reader.attributes if name.startswith("on")]


def test_names_that_are_no_text_can_be_written(tmp_path):
    metrics = copy.deepcopy(FULL)
    metrics["captures"][0]["capture"] = "caf\udce9"
    assert "caf?" in write_report(tmp_path, metrics, None, None).read_text(encoding="utf-8")


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
    first = write_report(tmp_path / "a", FULL, make_pictures(), EPOCHS).read_bytes()
    second = write_report(tmp_path / "b", FULL, make_pictures(), EPOCHS).read_bytes()
    assert first == second
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


def test_many_captures_stay_below_two_megabytes(tmp_path):
    metrics = copy.deepcopy(FULL)
    metrics["captures"] = [
        {**FULL["captures"][0], "capture": f"a_folder/of_recordings/cone_{i}"} for i in range(9000)
    ]
    path = write_report(tmp_path, metrics, make_pictures(6), EPOCHS * 100)
    assert path.stat().st_size < 2_000_000
    assert f"The first {tables.MOST_ROWS} of 9000 captures" in path.read_text()


def test_captures_table_can_be_sorted_and_filtered():
    page = full_page()
    sortable = [pair for pair in Reader(page).attributes if pair[1] == "aria-sort"]
    assert sortable == [("th", "aria-sort", "none")] * 8
    assert 'type="search"' in page


def test_importing_the_report_loads_neither_torch_nor_pyplot():
    code = (
        "import sys, radarseq.report; "
        "print([m for m in ('torch', 'h5py', 'matplotlib.pyplot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
