"""Quality limits: which windows of a recording are fit for use."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from radarseq.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What a window may be like and still be used.

    NaN, Inf, all zero, constant, and samples that the file itself marks as missing are never fit.

    Attributes:
        clipped_share: Largest share of samples at either end of the converter's range, where that
            is known (integer files).
        dropped_run: Longest run of equal neighbouring samples, in samples, as a receiver leaves
            that fills gaps with zeros or the last value; 0 for any.
        offset_share: Largest share of the mean, squared, in the power; 1 for any. A target that
            stands still has such an offset in slow time.
        least_power_db: Least mean power [dB re 1 unit of the file squared]; below it a window is
            empty. None for any.
        cfar_false_alarm: Probability that noise alone passes the cell-averaging CFAR gate, by
            which a window counts as empty unless its power stands out from its neighbours in
            time; 0 for no gate.
        cfar_cells: Neighbours on each side that the gate compares with.
        cfar_guards: Neighbours on each side that it leaves out in between, besides those that
            overlap the window.

    Raises:
        UsageError: If a value has the wrong type or does not fit.
    """

    clipped_share: float = 0.02
    dropped_run: int = 0
    offset_share: float = 1.0
    least_power_db: float | None = None
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
        for key, (least, most) in ranges.items():
            value, whole = getattr(self, key), key in ("dropped_run", "cfar_cells", "cfar_guards")
            if type(value) is not int and (whole or type(value) is not float):
                kind = "a whole number" if whole else "a number"
                raise UsageError(f"quality {key} is {value!r}; expected {kind}")
            if not least <= value <= most:
                raise UsageError(f"quality {key} is {value}; expected {least} to {most}")
        power = self.least_power_db
        if power is not None and not (type(power) in (int, float) and math.isfinite(power)):
            raise UsageError(f"quality least_power_db is {power!r}; expected a number of dB")

    @classmethod
    def from_json(cls, content: Any) -> "Quality":
        """Return the settings in a JSON object; keys that are absent keep their default.

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
        """Return the settings as plain JSON types."""
        return asdict(self)
