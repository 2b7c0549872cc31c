"""Reads label and group of a recording from its path, by a pattern."""

import re
from pathlib import Path
from typing import NamedTuple

from radarseq.captures.errors import RecordingError
from radarseq.errors import UsageError
from radarseq.storage.atomic import printable

PLACEHOLDERS = ("label", "group")


class NameMatch(NamedTuple):
    """Label and group of a recording; None for what is not given."""

    label: str | None
    group: str | None


def name_expression(pattern: str) -> re.Pattern[str]:
    """Return the regular expression for a pattern such as ``{label}/run_{group}.csv``.

    A placeholder matches one or more characters within one part of the path; if a pattern
    can match in more than one way, the earlier placeholder takes as much as it can. A
    placeholder that occurs twice must match the same text.

    Raises:
        UsageError: If a placeholder is unknown, or two have no text between them.
    """
    pieces = re.split(r"\{([^{}/]*)\}", pattern.lstrip("/"))
    if unknown := [word for word in pieces[1::2] if word not in PLACEHOLDERS]:
        raise UsageError(
            f"name {pattern!r}: unknown placeholder {{{unknown[0]}}}; "
            "expected {label} or {group}"
        )
    if "" in pieces[2:-1:2]:
        raise UsageError(
            f"name {pattern!r}: two placeholders without text between them; expected the text that "
            "separates them in the path. Put it between them"
        )
    seen: set[str] = set()
    expression = r"(?:\A|/)" + re.escape(pieces[0])
    for word, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        expression += f"(?P={word})" if word in seen else f"(?P<{word}>[^/]+)"
        expression += re.escape(literal)
        seen.add(word)
    return re.compile(expression + r"\Z")


def match_name(pattern: str, path: Path) -> NameMatch:
    """Return the label and group that the end of ``path`` gives under ``pattern``.

    Raises:
        RecordingError: If the path does not match.
        UsageError: If the pattern itself is not valid.
    """
    if not pattern:
        return NameMatch(None, None)
    found = name_expression(pattern).search(path.absolute().as_posix())
    if found is None:
        raise RecordingError(
            path,
            f"the path does not end in the pattern {pattern!r}",
            "Correct the name pattern, or rename or leave out the file",
        )
    words = {word: printable(text) for word, text in found.groupdict().items()}
    return NameMatch(words.get("label"), words.get("group"))
