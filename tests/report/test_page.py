"""The page: complete, self-contained, safe against the names it shows, the same each time."""

import copy
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser

import pytest
from report_samples import EPOCHS, FULL, NASTY, VIEWS, make_pictures, many_captures, renamed

from radarseq.report import tables
from radarseq.report.page import ReportContent, render, write_report

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


@pytest.mark.slow
def test_full_page_has_every_section_in_order():
    reader = Reader(full_page())
    assert " ".join(reader.sections) == (
        "result captures charts robustness pairs failures training card"
    )
    text = " ".join(reader.text)
    for output in (
        "wavenet beats gradient boosting by 5.0 points.",
        "1 of 1 recordings of known class were decided right.",
        "90.0\xa0% (89.0\xa0to\xa091.0)",
        "\N{MINUS SIGN}12.00",
        "cone_1512",
        "save complex64",
        "0.002 s (500 Hz)",
        "Doppler aliases.",
        "Not for deciding alone.",
        "Confusion, by recording",
        "ROC",
        "Precision and recall",
        "Unknown scores",
        "max probability",
        "Accuracy under impairments",
        "Skipped windows",
        "f00d",
    ):
        assert output in text, output


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


@pytest.mark.slow
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


@pytest.mark.slow
def test_names_that_are_no_text_can_be_written(tmp_path):
    metrics = copy.deepcopy(FULL)
    metrics["captures"][0]["capture"] = "caf\udce9"
    assert "caf?" in write_report(tmp_path, metrics).read_text(encoding="utf-8")


@pytest.mark.slow
def test_same_input_gives_same_bytes(tmp_path):
    shown = ReportContent(make_pictures(), EPOCHS, VIEWS)
    assert write_report(tmp_path / "a", FULL, shown).read_text(encoding="utf-8") == full_page()
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["plots", "report.html"]


def test_a_thousand_captures_stay_below_five_megabytes(tmp_path):
    metrics, views = many_captures(1000)
    without_figures = {key: metrics[key] for key in ("model", "data", "captures")}
    size = write_report(tmp_path, without_figures, ReportContent(views=views)).stat().st_size
    assert 3_000_000 < size + len(full_page()) < 5_000_000  # the captures are in it


def test_more_rows_than_fit_are_said_to_be_left_out():
    rows = [{**FULL["captures"][0], "capture": f"c{i}"} for i in range(9000)]
    page = render({"captures": rows})
    assert len(page) < 3_000_000
    assert f"The first {tables.MAX_ROWS} of 9000 recordings" in page


def test_the_page_says_what_it_is_not_for_and_what_it_is_for():
    text = " ".join(Reader(full_page()).text)
    assert "Not to be used for" in text
    assert "Intended use" not in text  # nothing was said
    page = render({"model": FULL["model"] | {"intended_use": ["naming plates"]}})
    assert "Intended usenaming plates" in re.sub(r"\s*\n\s*", "", "".join(Reader(page).text))


@pytest.mark.slow
def test_importing_the_report_loads_neither_torch_nor_pyplot():
    code = (
        "import sys, radarseq.report; "
        "print([m for m in ('torch', 'h5py', 'matplotlib.pyplot') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
