"""Options for reading recordings: what a file does not state, in plain JSON types."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_args

from radarseq.captures.options.name_pattern import name_expression
from radarseq.captures.options.quality_limits import QualityLimits
from radarseq.errors import UsageError

IMPORT_KIND = "import"
STEP_AXIS = "step"
FEATURE_AXES = ("point", "channel", "feature")


def _option(default: Any, help_text: str, flag: str = "") -> Any:
    """Return a field with its help on the command line, and its flag if not the field's name."""
    return field(default=default, metadata={"help": help_text, "flag": flag})


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Options for reading recordings. The command line takes its options from these fields.

    Attributes:
        name: Pattern for the end of the path, such as ``{label}/object_{group}.mat``; empty if
            the path carries no information. ``{label}`` is the class, ``{group}`` the object or
            recording.
        label_column: Column of a delimited text that holds the label; -1 is the last.
        interleaved: Whether the last axis is re, im, re, im, ... (after the label is taken out).
        layout: Names of the array's axes, such as ``frame,step,point``. One is ``step``; one may
            be ``point``, ``channel`` or ``feature``: what is observed at each step. All others
            become rows. Empty for the layout of the format.
        variable: Name of the array in a ``.mat`` or ``.npz`` file, or its path in an HDF5 file.
        steps: Samples in a window; 0 for the whole length.
        hop: Samples from one window to the next; 0 for windows that touch and do not overlap.
        stride: A window takes every ``stride``-th sample.
        sample_interval_s: Time between neighbouring samples of the file [s], before ``stride``;
            0 for the value in the file.
        carrier_hz: Carrier frequency [Hz]; 0 for the value in the file.
        sample_axis: ``slow_time``, ``fast_time`` or ``step``; None for the value in the file.
        dtype: Of a raw file's samples: a SigMF datatype such as ``ci16_le`` or ``rf32_le``, or
            ``cu8``, ``cs16``, ``cf32`` and the like; empty for the type of the suffix.
        channels: Channels of a raw file, stored sample by sample in turn; 0 for one.
        wrapped: Whether the values are signed 16-bit integers that were stored as unsigned ones.
        adc: Configuration of a raw file of TI's DCA1000, as ``key=value,...``; see ``dca1000``.
        labels: Path of a table ``file,label[,group]``; empty for none.
        quality: Limits within which windows are fit for use.

    Raises:
        UsageError: If a value has the wrong type or does not fit.
    """

    name: str = _option("", "Pattern of the names: '{label}/object_{group}.mat'.")
    label_column: int | None = _option(None, "Column of a table with the label; -1: last.")
    interleaved: bool = _option(False, "Columns are re, im, re, im, ...")
    layout: str = _option("", "Axes of the array, such as frame,step,point.")
    variable: str = _option("", "Array in a .mat (s.field), .npz or HDF5 file.")
    steps: int = _option(0, "Samples in a window; 0: whole length.")
    hop: int = _option(0, "Samples between windows; 0: they touch.")
    stride: int = _option(1, "Take every n-th sample.")
    sample_interval_s: float = _option(0.0, "Seconds between samples.", "--sample-interval")
    carrier_hz: float = _option(0.0, "Carrier frequency, Hz.", "--carrier")
    sample_axis: str | None = _option(None, "slow_time, fast_time or step.", "--axis")
    dtype: str = _option("", "Of a raw file: cu8, ci16_le, cf32_le, int16, ...")
    channels: int = _option(0, "Channels of a raw file, sample by sample in turn.")
    wrapped: bool = _option(False, "The file stores signed 16-bit values as unsigned.")
    adc: str = _option("", "DCA1000: samples=256,chirps=128,receivers=4,lanes=2.")
    labels: str = _option("", "Table of labels, CSV: file,label[,group].")
    quality: QualityLimits = field(
        default=QualityLimits(),
        metadata={"help": "Limit for windows, KEY=VALUE; an unknown KEY lists all.", "flag": ""},
    )

    def __post_init__(self) -> None:
        """Check each value by itself, then against the others."""
        for item in fields(self):
            value = getattr(self, item.name)
            types: tuple[Any, ...] = get_args(item.type) or (item.type,)
            if type(value) not in types and not (float in types and type(value) is int):
                expected = " or ".join(kind.__name__ for kind in types)
                raise UsageError(f"{item.name} is {value!r}; expected {expected}")
        self._check_numbers()
        self._check_words()
        named = name_expression(self.name).groupindex
        sources = {
            f"label_column {self.label_column}": self.label_column is not None,
            f"name {self.name!r} with {{label}}": "label" in named,
            f"labels {self.labels!r}": bool(self.labels),
        }
        if len(given := [text for text, is_given in sources.items() if is_given]) > 1:
            raise UsageError(f"{' and '.join(given)}: the label has two sources. Leave one out")

    def _check_numbers(self) -> None:
        for key, low in (("steps", 0), ("hop", 0), ("stride", 1), ("channels", 0)):
            if (value := getattr(self, key)) < low:
                raise UsageError(f"{key} is {value}; expected at least {low}")
        if self.steps == 1:
            raise UsageError("steps is 1; expected 0 (the whole length) or at least 2")
        if self.hop and not self.steps:
            raise UsageError(f"hop is {self.hop} but steps is 0. Give steps, the window length")
        for key in ("sample_interval_s", "carrier_hz"):
            value = getattr(self, key)
            if not (math.isfinite(value) and value >= 0):
                raise UsageError(f"{key} is {value}; expected a positive number, or 0 if unknown")

    def _check_words(self) -> None:
        # These modules load numpy, which `radarseq --help` must do without.
        if self.sample_axis is not None:
            from radarseq.dataset.schema import SAMPLE_AXES

            if self.sample_axis not in SAMPLE_AXES:
                raise UsageError(
                    f"sample_axis is {self.sample_axis!r}; expected one of {SAMPLE_AXES}"
                )
        if self.dtype:
            from radarseq.captures.samples.sample_types import parse_sample_type

            parse_sample_type(self.dtype)
        if self.layout:
            parse_layout(self.layout)

    @property
    def name_gives_label(self) -> bool:
        """Whether the name pattern gives the label of a recording."""
        return "label" in name_expression(self.name).groupindex

    def updated(self, given: Mapping[str, Any]) -> "ReadOptions":
        """Return these options with some keys replaced, for use with other files.

        A new source of labels replaces the old one. A table of labels belongs to its files, and
        is not carried over.

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
        """Return the options as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Any) -> "ReadOptions":
        """Return the options in a JSON object; absent keys keep their default.

        Raises:
            UsageError: If it is not an object, or a key is unknown or does not fit.
        """
        if not isinstance(content, dict):
            raise UsageError(
                f"the read options are {type(content).__name__}; expected a JSON object"
            )
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(content) - set(known)):
            raise UsageError(
                f"the read options have unknown keys {unknown}; expected some of {known}"
            )
        quality = content.get("quality", {})
        if not isinstance(quality, QualityLimits):
            content = content | {"quality": QualityLimits.from_json(quality)}
        return cls(**content)

    def to_recipe(self) -> str:
        """Return the text that is stored as the recipe of an imported dataset."""
        return json.dumps({"kind": IMPORT_KIND, **self.to_json()})

    @classmethod
    def from_recipe(cls, text: str) -> "ReadOptions | None":
        """Return the options in a dataset's recipe; None if the dataset was not imported.

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


AS_WRITTEN = ReadOptions()  # everything as the files state it
