"""How recordings are to be read: what a file does not say about itself, in plain JSON types."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import NoneType
from typing import Any

from radarseq.captures.options.name_pattern import name_expression
from radarseq.captures.options.quality_limits import Quality
from radarseq.captures.samples.sample_types import parse_datatype
from radarseq.dataset.schema import SAMPLE_AXES
from radarseq.errors import UsageError

IMPORT_KIND = "import"
STEP_AXIS = "step"
FEATURE_AXES = ("point", "channel", "feature")
AS_DECLARED = Quality()

_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "label_column": (int, NoneType),
    "interleaved": (bool,),
    "layout": (str,),
    "variable": (str,),
    "steps": (int,),
    "hop": (int,),
    "stride": (int,),
    "sample_interval_s": (float, int),
    "carrier_hz": (float, int),
    "sample_axis": (str, NoneType),
    "dtype": (str,),
    "channels": (int,),
    "wrapped": (bool,),
    "adc": (str,),
    "labels": (str,),
    "quality": (Quality,),
}


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """How recordings are to be read.

    Attributes:
        name: Pattern for the end of the path, such as ``{label}/object_{group}.mat``; empty where
            the path says nothing. ``{label}`` is the class, ``{group}`` the object or recording.
        label_column: Column of a delimited text that holds the label; -1 is the last.
        interleaved: Whether the last axis is re, im, re, im, ... (after the label is taken out).
        layout: Names of the array's axes, such as ``frame,step,point``. One is ``step``; one may
            be ``point``, ``channel`` or ``feature``: what is observed at each step. All others
            become rows. Empty: what the format says.
        variable: Name of the array in a ``.mat`` or ``.npz`` file, or its path in an HDF5 file.
        steps: Samples in a window; 0 for the whole length.
        hop: Samples from one window to the next; 0 for windows that touch and do not overlap.
        stride: A window takes every ``stride``-th sample.
        sample_interval_s: Time between neighbouring samples of the file [s], before ``stride``;
            0 for what the file says.
        carrier_hz: Carrier frequency [Hz]; 0 for what the file says.
        sample_axis: ``slow_time``, ``fast_time`` or ``step``; None for what the file says.
        dtype: Of a raw file's samples: a SigMF datatype such as ``ci16_le`` or ``rf32_le``, or
            ``cu8``, ``cs16``, ``cf32`` and the like; empty for what the suffix says.
        channels: Channels that alternate sample by sample in a raw file; 0 for one.
        wrapped: Whether the values are signed 16-bit integers that were stored as unsigned ones.
        adc: How a raw file of TI's DCA1000 is laid out, as ``key=value,...``; see ``dca1000``.
        labels: Path of a table ``file,label[,group]``; empty where there is none.
        quality: Which windows are fit for use.

    Raises:
        UsageError: If a value has the wrong type or does not fit.
    """

    name: str = ""
    label_column: int | None = None
    interleaved: bool = False
    layout: str = ""
    variable: str = ""
    steps: int = 0
    hop: int = 0
    stride: int = 1
    sample_interval_s: float = 0.0
    carrier_hz: float = 0.0
    sample_axis: str | None = None
    dtype: str = ""
    channels: int = 0
    wrapped: bool = False
    adc: str = ""
    labels: str = ""
    quality: Quality = AS_DECLARED

    def __post_init__(self) -> None:
        """Check each value by itself, then against the others."""
        for key, types in _TYPES.items():
            if type(value := getattr(self, key)) not in types:
                expected = " or ".join(kind.__name__ for kind in types)
                raise UsageError(f"{key} is {value!r}; expected {expected}")
        _check_numbers(self)
        if self.sample_axis not in (None, *SAMPLE_AXES):
            raise UsageError(f"sample_axis is {self.sample_axis!r}; expected one of {SAMPLE_AXES}")
        if self.layout:
            parse_layout(self.layout)
        if self.dtype:
            parse_datatype(self.dtype)
        named = name_expression(self.name).groupindex
        given = {
            f"label_column {self.label_column}": self.label_column is not None,
            f"name {self.name!r} with {{label}}": "label" in named,
            f"labels {self.labels!r}": bool(self.labels),
        }
        if len(sources := [text for text, is_given in given.items() if is_given]) > 1:
            raise UsageError(
                f"{' and '.join(sources)}: the label would have two sources. Leave one out"
            )

    @property
    def name_gives_label(self) -> bool:
        """Whether the name pattern says what a recording's label is."""
        return "label" in name_expression(self.name).groupindex

    def updated(self, given: Mapping[str, Any]) -> "ReadOptions":
        """Return this reading with some keys given anew, as for other files than these.

        A source of labels that is given takes the place of the one that stood here; a table of
        labels belongs to its files, and is not taken over.

        Args:
            given: Some of the keys of ``to_json``; of ``quality``, some of its keys.

        Raises:
            UsageError: If a key is unknown or does not fit.
        """
        content: dict[str, Any] = self.to_json() | {"labels": ""}
        if given.keys() & {"labels", "label_column", "name"}:
            content["label_column"] = None
            if "name" not in given and self.name_gives_label:
                content["name"] = ""
        quality = given.get("quality", {})
        if isinstance(quality, dict):
            given = {**given, "quality": content["quality"] | quality}
        return ReadOptions.from_json({**content, **given})

    def to_json(self) -> dict[str, Any]:
        """Return the reading as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Any) -> "ReadOptions":
        """Return the reading that ``to_json`` gave; keys that are absent keep their default.

        Raises:
            UsageError: If it is not an object, or a key is unknown or does not fit.
        """
        if not isinstance(content, dict):
            raise UsageError(f"a reading is {type(content).__name__}; expected a JSON object")
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(content) - set(known)):
            raise UsageError(f"a reading has unknown keys {unknown}; expected some of {known}")
        quality = content.get("quality", AS_DECLARED)
        if not isinstance(quality, Quality):
            content = content | {"quality": Quality.from_json(quality)}
        return cls(**content)

    def to_recipe(self) -> str:
        """Return the text that the header of an imported dataset keeps as its recipe."""
        return json.dumps({"kind": IMPORT_KIND, **self.to_json()})

    @classmethod
    def from_recipe(cls, text: str) -> "ReadOptions | None":
        """Return the reading in a dataset's recipe; None if the dataset was not imported.

        Raises:
            UsageError: If it is the recipe of an import, but does not fit.
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return None  # a simulated dataset's recipe is TOML
        if not isinstance(content, dict) or content.pop("kind", None) != IMPORT_KIND:
            return None
        return cls.from_json(content)


def _check_numbers(reading: ReadOptions) -> None:
    for key, least in (("steps", 0), ("hop", 0), ("stride", 1), ("channels", 0)):
        if (value := getattr(reading, key)) < least:
            raise UsageError(f"{key} is {value}; expected at least {least}")
    if reading.steps == 1:
        raise UsageError("steps is 1; expected 0 (the whole length) or at least 2")
    if reading.hop and not reading.steps:
        raise UsageError(f"hop is {reading.hop} but steps is 0; say how long the windows are")
    for key in ("sample_interval_s", "carrier_hz"):
        value = getattr(reading, key)
        if not (math.isfinite(value) and value >= 0):
            raise UsageError(f"{key} is {value}; expected a positive number, or 0 if not known")


def parse_layout(text: str) -> tuple[str, ...]:
    """Return the axis names in a layout such as ``frame,step,point``.

    Raises:
        UsageError: If a name is empty or occurs twice, there is not exactly one ``step``, or
            there is more than one axis of features.
    """
    axes = tuple(axis.strip() for axis in text.split(","))
    features = [axis for axis in axes if axis in FEATURE_AXES]
    if "" in axes or len(set(axes)) < len(axes):
        raise UsageError(f"layout {text!r}: expected different names, separated by commas")
    if STEP_AXIS not in axes:
        raise UsageError(f"layout {text!r}: no axis is named 'step'; expected exactly one")
    if len(features) > 1:
        raise UsageError(f"layout {text!r}: {features} are all features; expected at most one")
    return axes


AS_WRITTEN = ReadOptions()  # everything as the files themselves say
