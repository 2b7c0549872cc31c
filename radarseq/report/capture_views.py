"""Views of recordings and objects for the page: level, phase and posterior in bytes."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

from radarseq.errors import UsageError

Bytes = NDArray[np.uint8]

MISSING_BYTE = 255  # not finite; the other 255 values share the range
MAX_COLUMNS = 64
MAX_STEPS = 64
_MAX_BYTE = MISSING_BYTE - 1
_PAGE_BYTES = 2_400_000  # for all views of a page; base64 adds a third
_MIN_COLUMNS = 4
_MAX_DB = 60.0


@dataclass(frozen=True)
class CaptureView:
    """One object or recording, quantised and thinned: a column per window, a row per step.

    Attributes:
        rows: Index of the window in each column, counted from 0, ``(column,)``.
        level: Level of each sample, ``(column, step)``; 0 is ``low``, 254 is ``high``.
        phase: Phase from -180 to 180 degrees, ``(column, step)``; None for real samples.
        posterior: Probability of each class, ``(column, class)``; None without that task.
        low: Level of byte 0 [dB] for complex samples, in the data's own unit for real ones.
        high: Level of byte 254, as ``low``.

    Raises:
        UsageError: If the fields do not fit together.
    """

    rows: NDArray[np.int64]
    level: Bytes
    phase: Bytes | None
    posterior: Bytes | None
    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse fields that do not fit together."""
        for name in ("level", "phase", "posterior"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.rows):
                raise UsageError(
                    f"{name} has {len(values)} columns; expected {len(self.rows)}, as rows"
                )

    def thinned(self, columns: int) -> "CaptureView":
        """Return the view with at most so many columns, evenly taken, the last one among them."""
        if len(self.rows) <= columns:
            return self
        drawn = columns_of(len(self.rows), columns)
        return replace(
            self,
            rows=self.rows[drawn],
            level=self.level[drawn],
            phase=None if self.phase is None else self.phase[drawn],
            posterior=None if self.posterior is None else self.posterior[drawn],
        )

    def with_track(self, posterior: NDArray[Any]) -> "CaptureView":
        """Return the view with the probabilities ``(column, class)``, NaN if unknown."""
        return replace(self, posterior=_to_bytes(posterior, 0.0, 1.0))


def columns_of(windows: int, columns: int = MAX_COLUMNS) -> NDArray[np.intp]:
    """Return the windows to draw, evenly taken; the last one, which has the decision, included."""
    if windows <= columns:
        return np.arange(windows)
    return np.ceil(np.arange(1, columns + 1) * windows / columns).astype(np.intp) - 1


def capture_view(
    samples: NDArray[Any],
    tx: NDArray[Any] | None = None,
    rows: NDArray[Any] | None = None,
) -> CaptureView:
    """Return the view of the windows of one object or recording, without posterior.

    If the transmitted samples are known, their phase is subtracted. Of several channels the
    strongest is drawn. Long windows are thinned to ``MAX_STEPS`` steps.

    Args:
        samples: Received samples, complex or real, ``(window, step)`` or
            ``(window, step, channel)``, in order of time.
        tx: Transmitted samples ``(window, step)``, or None.
        rows: Index of each window, ``(window,)``; None if these are all windows.

    Raises:
        UsageError: If the samples are not windows.
    """
    if samples.ndim not in (2, 3) or not samples.size:
        raise UsageError(f"samples have shape {samples.shape}; expected (window, step)")
    windows = columns_of(len(samples))
    steps = columns_of(samples.shape[1], MAX_STEPS)
    drawn = _one_channel(samples[windows][:, steps])
    code = None if tx is None or tx.shape != samples.shape else tx[windows][:, steps]
    level = _level_db(drawn) if np.iscomplexobj(drawn) else drawn.astype(np.float64)
    low, high = _range(level, max_range=_MAX_DB if np.iscomplexobj(drawn) else np.inf)
    numbers = np.arange(len(samples)) if rows is None else np.asarray(rows)
    return CaptureView(
        numbers[windows].astype(np.int64),
        _to_bytes(level, low, high),
        _phase(drawn, code) if np.iscomplexobj(drawn) else None,
        None,
        low,
        high,
    )


def _one_channel(samples: NDArray[Any]) -> NDArray[Any]:
    if samples.ndim == 2:
        return samples
    power = np.abs(np.where(np.isfinite(samples), samples, 0)).astype(np.float64) ** 2
    return samples[..., int(power.sum(axis=(0, 1)).argmax())]


def _level_db(samples: NDArray[Any]) -> NDArray[np.float64]:
    """Return 20 log10 of the magnitude; -inf for zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 20.0 * np.log10(np.abs(samples.astype(np.complex128)))


def _range(level: NDArray[np.float64], max_range: float) -> tuple[float, float]:
    finite = level[np.isfinite(level)]
    if not finite.size:
        return 0.0, 1.0
    high = float(finite.max())
    low = max(float(finite.min()), high - max_range)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _phase(samples: NDArray[Any], tx: NDArray[Any] | None) -> Bytes:
    decoded = samples if tx is None else samples * np.conj(tx)
    degrees = np.degrees(np.angle(decoded.astype(np.complex128)))
    return _to_bytes(np.where(samples == 0, np.nan, degrees), -180.0, 180.0)


def _to_bytes(values: NDArray[Any], low: float, high: float) -> Bytes:
    """Return values as bytes: ``low`` 0, ``high`` 254; clipped there, NaN is 255."""
    values = np.asarray(values, dtype=np.float64)
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    missing = np.isnan(values)
    scaled = np.rint(np.where(missing, 0.0, share) * _MAX_BYTE).astype(np.uint8)
    return np.where(missing, np.uint8(MISSING_BYTE), scaled)


def views_json(
    views: Sequence[CaptureView | None], class_names: Iterable[str], step_name: str
) -> str:
    """Return the views for the page's script, as JSON in which no name can close the element.

    The more views there are, the fewer columns each gets, so that the page stays small.
    """
    present = [view for view in views if view is not None]
    bytes_per_column = [
        sum(v.shape[1] for v in (view.level, view.phase, view.posterior) if v is not None)
        for view in present
    ]
    columns = MAX_COLUMNS
    while columns > _MIN_COLUMNS and _PAGE_BYTES < sum(
        size * min(columns, len(view.rows))
        for size, view in zip(bytes_per_column, present, strict=True)
    ):
        columns -= 1
    content = {
        "classes": list(class_names),
        "stepName": step_name,
        "colours": {"level": _colours("viridis"), "phase": _colours("twilight")},
        "views": [None if view is None else _packed(view.thinned(columns)) for view in views],
    }
    text = json.dumps(content, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _packed(view: CaptureView) -> dict[str, Any]:
    return {
        "rows": view.rows.tolist(),
        "steps": view.level.shape[1],
        "low": round(view.low, 3),
        "high": round(view.high, 3),
        "level": _base64(view.level),
        "phase": _base64(view.phase),
        "posterior": _base64(view.posterior),
    }


def _base64(values: Bytes | None) -> str | None:
    return None if values is None else base64.b64encode(values.tobytes()).decode()


def _colours(name: str) -> str:
    """Return red, green and blue of each byte value, of a map safe for the colour-blind."""
    table = matplotlib.colormaps[name](np.linspace(0, 1, MISSING_BYTE), bytes=True)
    return _base64(np.ascontiguousarray(table[:, :3])) or ""
