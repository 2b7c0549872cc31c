"""Looks up labels of recordings, by their names or in a table ``file,label[,group]``."""

import csv
from collections.abc import Callable
from pathlib import Path

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.name_pattern import NameMatch, match_name
from radarseq.captures.options.read_options import ReadOptions
from radarseq.errors import CaptureError
from radarseq.storage.atomic import printable

_MAX_TABLE = 64 << 20
_COLUMNS = (["file", "label"], ["file", "label", "group"])


def label_lookup(options: ReadOptions) -> Callable[[Path], NameMatch]:
    """Return a function that gives label and group of a recording, from its path or the table.

    Raises:
        CaptureError: If there is a table and it cannot be read.
        UsageError: If the name pattern is not valid.
    """
    if not options.labels:
        return lambda path: match_name(options.name, path)
    table = Path(options.labels)
    rows = _read_table(table)

    def look_up(path: Path) -> NameMatch:
        by_name = match_name(options.name, path)
        whole = path.absolute()
        # Paths in a table are relative to its folder.
        base = table.absolute().parent
        keys = [str(whole), path.name]
        if whole.is_relative_to(base):
            keys.insert(0, whole.relative_to(base).as_posix())
        for key in keys:
            if (found := rows.get(printable(key))) is not None:
                return NameMatch(found.label, found.group or by_name.group)
        raise RecordingError(
            path, f"is not among the {len(rows)} files in {printable(table)}",
            "Add a line for it, or leave it out",
        )  # fmt: skip

    return look_up


def _read_table(table: Path) -> dict[str, NameMatch]:
    try:
        if table.stat().st_size > _MAX_TABLE:
            raise CaptureError(f"{printable(table)}: larger than {_MAX_TABLE} bytes")
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CaptureError(
            f"{printable(table)}: not readable as a table of labels ({error}); expected CSV with "
            "the columns file,label[,group]"
        ) from error
    if not rows or [cell.strip() for cell in rows[0]] not in _COLUMNS:
        found = ",".join(rows[0])[:80] if rows else "nothing"
        raise CaptureError(
            f"{printable(table)}: its first line is {found!r}; expected file,label or "
            "file,label,group"
        )
    known: dict[str, NameMatch] = {}
    for line, row in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in row]
        if len(cells) != len(rows[0]) or not cells[0] or cells[0] in known:
            raise CaptureError(
                f"{printable(table)}: line {line} is {','.join(row)[:80]!r}; expected "
                f"{','.join(rows[0])}, each file once"
            )
        group = cells[2] if len(cells) > 2 else ""
        known[cells[0]] = NameMatch(cells[1] or None, group or None)
    return known
