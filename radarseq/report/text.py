"""Numbers as text for tables, tiles and sentences, with the signs of good typography."""

import math
from typing import Any, TypeGuard

MISSING = "\N{EN DASH}"
_NO_BREAK = "\N{NO-BREAK SPACE}"
_PLAIN = str.maketrans(
    {
        MISSING: "-",
        _NO_BREAK: " ",
        "\N{MINUS SIGN}": "-",
        "\N{NARROW NO-BREAK SPACE}": ",",
    }
)


def known(value: Any) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def fixed(value: Any, digits: int = 2) -> str:
    """Return a number with so many digits after the point, with a true minus sign."""
    if not known(value):
        return MISSING
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def significant(value: Any) -> str:
    """Return a number of any size with four significant digits."""
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}") if known(value) else MISSING


def percent(value: Any) -> str:
    """Return a share in percent; no line break can separate number and sign."""
    return f"{100 * value:.1f}{_NO_BREAK}%" if known(value) else MISSING


def percent_interval(low: float, high: float) -> str:
    """Return an interval of shares in percent; no line break can separate its ends."""
    return f"{100 * low:.1f} to {100 * high:.1f}".replace(" ", _NO_BREAK)


def count(value: Any) -> str:
    """Return an integer with separated thousands; any other value as text."""
    if isinstance(value, bool) or not isinstance(value, int):
        return MISSING if value is None else str(value)
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def plain(text: str) -> str:
    """Return text with ASCII signs, for terminals and for sentences in files."""
    return text.translate(_PLAIN)
