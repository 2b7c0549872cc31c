"""Limits within which the windows of a recording are fit for use."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from radarseq.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class QualityLimits:
    """Limits that a window must keep to be used.

    Windows with NaN or Inf, all zero, constant, or with samples that the file marks as missing
    are never used.

    Attributes:
        clipped_share: Largest share of samples at either end of the converter's range, if that
            is known (integer files).
        dropped_run: Longest run of equal samples; receivers that fill gaps with zeros or the last
            value leave such runs. 0 for any.
        offset_share: Largest share of the mean, squared, in the power; 1 for any. A target that
            stands still has such an offset in slow time.
        min_power_db: Mean power [dB re 1 unit of the file squared] below which a window is
            empty. None for any.
        cfar_false_alarm: Probability that noise alone passes the cell-averaging CFAR gate, which
            finds a window empty unless its power exceeds that of its neighbours in time. 0 for
            no gate.
        cfar_cells: Neighbours on each side that the gate compares with.
        cfar_guards: Neighbours on each side that it skips, besides those that overlap the window.

    Raises:
        UsageError: If a value has the wrong type or does not fit.
    """

    clipped_share: float = 0.02
    dropped_run: int = 0
    offset_share: float = 1.0
    min_power_db: float | None = None
    cfar_false_alarm: float = 0.0
    cfar_cells: int = 8
    cfar_guards: int = 1

    def __post_init__(self) -> None:
        """Check each value."""
        ranges = {
            "clipped_share": (0, 1),
            "offset_share": (0, 1),
            "dropped_run": (0, math.inf),
            "cfar_false_alarm": (0, 0.5),
            "cfar_cells": (1, 1000),
            "cfar_guards": (0, 1000),
        }
        for key, (low, high) in ranges.items():
            value, is_whole = getattr(self, key), type(getattr(QualityLimits, key)) is int
            if type(value) is not int and (is_whole or type(value) is not float):
                kind = "a whole number" if is_whole else "a number"
                raise UsageError(f"quality {key} is {value!r}; expected {kind}")
            if not low <= value <= high:
                raise UsageError(f"quality {key} is {value}; expected {low} to {high}")
        power = self.min_power_db
        if power is not None and not (type(power) in (int, float) and math.isfinite(power)):
            raise UsageError(f"quality min_power_db is {power!r}; expected a number of dB")

    @classmethod
    def from_json(cls, content: Any) -> "QualityLimits":
        """Return the limits in a JSON object; absent keys keep their default.

        Raises:
            UsageError: If it is not an object, or a key is unknown or does not fit.
        """
        known = [field.name for field in fields(cls)]
        if not isinstance(content, dict):
            raise UsageError(f"quality is {content!r}; expected some of the keys {known}")
        if unknown := sorted(set(content) - set(known)):
            raise UsageError(f"quality has unknown keys {unknown}; expected some of {known}")
        return cls(**content)

    def to_json(self) -> dict[str, Any]:
        """Return the limits as plain JSON types."""
        return asdict(self)
