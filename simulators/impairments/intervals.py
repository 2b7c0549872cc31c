"""Helpers of the settings: the interval that is off, a check of names, frequencies per step."""

from simulators.objects import Interval

OFF: Interval = (0.0, 0.0)


def check_name(key: str, name: str, known: tuple[str, ...]) -> None:
    """Refuse an unknown name.

    Raises:
        ValueError: Naming the key, what was found and what was expected.
    """
    if name not in known:
        raise ValueError(f"{key} is {name!r}; expected one of {', '.join(known)}")


def per_step(interval_hz: Interval, interval_s: float) -> Interval:
    """Return an interval of frequencies [cycles per step] of ``interval_s`` each."""
    return interval_hz[0] * interval_s, interval_hz[1] * interval_s
