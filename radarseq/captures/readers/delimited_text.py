"""Reads delimited text: one row per line, numbers, and perhaps a column of labels."""

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.size_limits import check_in_memory
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions

_MAX_TEXT = 2 << 30
_MAX_LINE_LENGTH = 32 << 20


def read(path: Path, options: ReadOptions) -> Capture:
    """Return the numbers of a CSV or TSV file, (row, step) unless ``options`` give a layout.

    A first line without a single number is a heading and is skipped.

    Raises:
        RecordingError: If a cell is not a number, lines differ in length, or the text is not UTF-8.
    """
    if path.stat().st_size > _MAX_TEXT:
        raise RecordingError(path, "is larger than 2 GiB of text", "Cut it into several files")
    if options.variable:
        raise RecordingError(path, "is text and has no named arrays", "Leave variable out")
    values, labels, width = array("d"), [], 0
    for line, cells in _lines(path):
        width = width or len(cells)
        if len(cells) != width:
            raise RecordingError(
                path,
                f"line {line} has {len(cells)} cells; expected {width}, as in the first",
                "Correct the line, or cut the file where its columns change",
            )
        if options.label_column is not None:
            labels.append(_take_label(path, cells, options.label_column))
        try:
            values.extend([float(cell) for cell in cells])
        except ValueError:
            bad = next(cell for cell in cells if not _is_number(cell))
            raise RecordingError(
                path,
                f"line {line} holds {bad[:40]!r}; expected a number",
                "If this is the label, name its column with label_column",
            ) from None
        check_in_memory(path, "its table", (len(values),), values.itemsize)
    columns = width - (options.label_column is not None)
    samples = np.array(values).reshape(-1, columns) if columns > 0 else np.empty((0, 0))
    return make_capture(path, samples, options, layout="row,step", row_labels=labels or None)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_bounded_lines(path, file), delimiter=delimiter)
            for index, cells in enumerate(reader):
                heading = index == 0 and not any(_is_number(cell) for cell in cells)
                if cells and not heading:
                    yield reader.line_num, cells
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(path, f"is not delimited text ({error})", "Export it again") from error


def _bounded_lines(path: Path, file: TextIO) -> Iterator[str]:
    """Yield the lines, and refuse one without end."""
    while text := file.readline(_MAX_LINE_LENGTH):
        if len(text) == _MAX_LINE_LENGTH or "\0" in text:
            found = "a NUL" if "\0" in text else f"a line of {_MAX_LINE_LENGTH} characters or more"
            raise RecordingError(
                path, f"is not delimited text: it holds {found}", "Export it again"
            )
        yield text


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _take_label(path: Path, cells: list[str], column: int) -> str:
    """Remove the label from the cells of a line, and return it."""
    try:
        label = cells.pop(column).strip()
    except IndexError:
        raise RecordingError(
            path,
            f"has {len(cells)} columns, so there is no label in column {column}",
            "Correct label_column; it counts from 0, and -1 is the last",
        ) from None
    if not label:
        raise RecordingError(path, f"has an empty label in column {column}", "Fill it in")
    return label
