"""Figures as inline SVG: one style, ids that cannot clash, the same bytes each time."""

import hashlib
import html
import io
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

WIDTH_IN = 5.0  # 360 px at the 72 units an inch of SVG: a phone shows the text at its own size
_UNITS_PER_IN = 72
INK = "#1b1c1d"  # replaced by the colour of the page's text, which is light or dark
GREY = "#82888e"  # instead of it in pixels, which cannot follow the page
BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION = (  # Okabe-Ito, without black and yellow
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
)  # fmt: skip
# The page has its own tone of each colour, one for light and one for dark.
_IN_PAGE = {
    value: f"var(--{name}, {value})"
    for name, value in {
        "blue": BLUE, "orange": ORANGE, "green": GREEN,
        "purple": PURPLE, "sky": SKY, "vermillion": VERMILLION,
    }.items()
}  # fmt: skip
# Colour, marker and dash all differ, so that series differ in a grey print too. The first is the
# model's.
SERIES = (
    (BLUE, "o", "-"),
    (ORANGE, "s", "--"),
    (GREEN, "^", "-."),
    (PURPLE, "D", ":"),
    (VERMILLION, "v", (0, (6, 1, 1, 1, 1, 1))),
    (SKY, "P", (0, (8, 2))),
)
_STYLE = {
    "svg.fonttype": "none",  # text stays text: small and searchable, in any script
    "svg.hashsalt": "radarseq",
    "text.parse_math": False,  # a $ in a class name is not a formula
    "font.family": ["DejaVu Sans"],  # wider than most fonts, so that the layout fits others too
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "legend.fontsize": 10.5,
    "legend.frameon": False,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.15,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "figure.constrained_layout.use": True,
    **dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK
    ),
    "grid.color": INK,
}
_RASTER_DPI = 200
_PNG_DPI = 150
P = ParamSpec("P")
_Place = Literal["outside upper left", "outside lower center"]
_one_at_a_time = threading.RLock()  # the SVG writer reads its style from a process-wide dict


def svg_figure(
    label: str, height_in: float = 4.4
) -> Callable[[Callable[Concatenate[Figure, P], None]], Callable[P, str]]:
    """Make a function that draws on an empty figure into one that returns the figure's SVG.

    Args:
        label: Description of the figure, for screen readers.
        height_in: Height [in]; the function may set another one.
    """

    def decorate(draw: Callable[Concatenate[Figure, P], None]) -> Callable[P, str]:
        @wraps(draw)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> str:
            return svg(
                lambda figure: draw(figure, *args, **kwargs), label=label, height_in=height_in
            )

        return drawn

    return decorate


def svg(
    draw: Callable[[Figure], None], *, label: str, height_in: float, width_in: float = WIDTH_IN
) -> str:
    """Return the figure that ``draw`` makes as one ``<svg>`` element.

    The element loads nothing from outside. Its lines and text take the text colour of the page.

    Args:
        draw: Called once with an empty figure.
        label: Description of the figure, for screen readers.
        height_in: Height [in].
        width_in: Width [in]; a figure wider than ``WIDTH_IN`` does not shrink below it on screen.
    """
    stream = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with _styled_figure(draw, width_in, height_in, _UNITS_PER_IN) as figure:
        _fix_layout(figure)
        figure.savefig(
            stream, format="svg", dpi=_RASTER_DPI, transparent=True, metadata=no_metadata
        )
    return _inline(stream.getvalue(), label, width_in)


def png(
    draw: Callable[[Figure], None], path: Path, *, height_in: float, width_in: float = WIDTH_IN
) -> None:
    """Write the figure that ``draw`` makes as a PNG file, in the same style on white.

    Args:
        draw: Called once with an empty figure.
        path: The file.
        height_in: Height [in].
        width_in: Width [in].
    """
    with _styled_figure(draw, width_in, height_in, _PNG_DPI) as figure:
        figure.savefig(path, format="png", metadata={"Software": None})


@contextmanager
def _styled_figure(
    draw: Callable[[Figure], None], width_in: float, height_in: float, dpi: int
) -> Iterator[Figure]:
    """Give a figure with the content of ``draw``; the style holds until it is written."""
    with (
        _one_at_a_time,
        warnings.catch_warnings(),
        matplotlib.style.context(["default", _STYLE]),
    ):
        # The browser has the glyphs that the layout font lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure = Figure(figsize=(width_in, height_in), dpi=dpi)
        draw(figure)
        yield figure


def _fix_layout(figure: Figure) -> None:
    """Lay the figure out once and round the result.

    The last bits of the layout solver vary from call to call within one process.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position(Bbox.from_bounds(*np.round(axes.get_position().bounds, 5)))


def _inline(text: str, label: str, width_in: float) -> str:
    """Return a written SVG file as an element that fits among others on one page."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<style.*?</style>|<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.S)
    prefix = "f" + hashlib.sha256((label + text).encode()).hexdigest()[:10]
    targets = set(re.findall(r'(?:xlink:href="|url\()#([^")]+)', text))
    # Only tags are rewritten: a class name that looks like an attribute stays as it is.
    text = re.sub(r"<[^<>]+>", lambda tag: _own_tag(tag[0], prefix, targets), text)
    min_width = f"min-width:{width_in * _UNITS_PER_IN:.0f}px;" if width_in > WIDTH_IN else ""
    attributes = (
        f'role="img" aria-label="{html.escape(printable(label))}" '
        f'style="{min_width}stroke-linejoin:round"'
    )
    text = re.sub(r'width="[^"]*" height="[^"]*"', lambda _: attributes, text, count=1)
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def _own_tag(tag: str, prefix: str, targets: set[str]) -> str:
    """Return a tag with the page's colour and font, and with an id only if one is used."""
    tag = tag.replace(INK, "currentColor").replace("'DejaVu Sans'", "system-ui")
    tag = re.sub(r' style="[^"]*"', _page_colours, tag)
    if (found := re.search(r' id="([^"]*)"', tag)) and found[1] not in targets:
        tag = tag.replace(found[0], "")
    return re.sub(r'( id="|xlink:href="#|url\(#)', rf"\g<1>{prefix}", tag)


def _page_colours(style: re.Match[str]) -> str:
    """Return a style attribute whose series colours are the page's."""
    return re.sub(r"#[0-9a-f]{6}", lambda found: _IN_PAGE.get(found[0], found[0]), style[0])


def printable(text: str, max_length: int | None = None) -> str:
    """Return ``text`` without characters that XML forbids, cut to ``max_length`` characters."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    if max_length is not None and len(text) > max_length:
        return text[: max_length - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return text


def numbers(values: Sequence[object]) -> NDArray[np.float64]:
    """Return values as floats; NaN for None and for an empty field of a CSV file."""
    floats = [np.nan if value is None or value == "" else float(str(value)) for value in values]
    return np.array(floats, dtype=float)


def legend(
    figure: Figure, axes: Axes, *, where: _Place = "outside upper left", columns: int = 2
) -> None:
    """Put the legend of ``axes`` outside all panels, where it hides no data."""
    handles, names = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc=where, ncols=columns, borderpad=0.1)


def percent_axis(axes: Axes) -> None:
    """Show shares from 0 to 1 on the y-axis in percent."""
    axes.set_ylim(-0.02, 1.02)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
