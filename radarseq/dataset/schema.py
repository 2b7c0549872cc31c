"""Format 1 of a dataset: every name, dtype, shape and unit.

A dataset is a folder of immutable HDF5 shards and ``manifest.json``. Each column is one contiguous
array with the examples on axis 0. ``shard_format`` has the layout of a shard.

The input of a model is the first of ``rx``, ``x`` and ``tx`` that is there: a dataset whose target
is the received samples has ``tx`` and ``target`` and no ``rx``.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.errors import DatasetError, UsageError

FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
UNFINISHED_NAME = "manifest.unfinished.json"
DATASET_KIND = "radarseq dataset"
UNKNOWN_LABEL = -1
SPLIT_NAMES = ("train", "validation", "test")
SAMPLE_AXES = ("slow_time", "fast_time", "step")  # "step": no radar axis, plain sequences
PARAMETER_PREFIX = "parameters/"


SNR = PARAMETER_PREFIX + "snr_db"


@dataclass(frozen=True)
class Column:
    """Dtypes, number of axes and meaning of a column."""

    dtypes: tuple[str, ...]
    axes: tuple[int, ...]
    meaning: str


COLUMNS = {
    "tx": Column(("complex64",), (2, 3), "transmitted samples (example, step[, channel])"),
    "rx": Column(("complex64",), (2, 3), "received samples (example, step[, channel])"),
    "x": Column(("float32",), (3,), "real input sequence (example, step, feature)"),
    "target": Column(
        ("complex64", "float32"),
        (2, 3),
        "desired output at each step (example, step[, channel, feature or sample ahead])",
    ),
    "label": Column(("int32",), (1,), "index into class_names, -1 unknown"),
    "length": Column(("int32",), (1,), "valid steps, where sequences differ"),
    "group": Column(("int64",), (1,), "object or recording; a split never divides one by noise"),
    "split": Column(("uint8",), (1,), "0 train, 1 validation, 2 test"),
}
PARAMETER_COLUMN = Column(("float32",), (1,), "value drawn or realised for each example")
STEP_COLUMNS = ("tx", "rx", "x", "target")
INPUT_COLUMNS = ("rx", "x", "tx")  # the first that is there is the input


@dataclass(frozen=True, kw_only=True)
class Header:
    """Properties that all examples of a dataset share.

    Attributes:
        sample_axis: Meaning of a step: ``slow_time``, ``fast_time`` or ``step`` (no radar axis).
        sample_interval_s: Time from step to step [s]; 0 where it is not known.
        carrier_hz: Carrier frequency [Hz]; 0 where it is not known.
        class_names: Names that the labels index; empty where there are none.
        feature_names: Names of the features of ``x``, or of the channels of ``rx``.
        group_names: Names of the groups, where they are recordings; else empty.
        seed: The seed of the recipe, -1 for imported data.
        recipe: The recipe's text, or how the recordings were read, as JSON.
        warnings: Warnings for the user, such as a Doppler that aliases.
    """

    sample_axis: str
    sample_interval_s: float = 0.0
    carrier_hz: float = 0.0
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    group_names: tuple[str, ...] = ()
    seed: int = -1
    recipe: str = ""
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the header as plain JSON types."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, content: Any, source: str) -> "Header":
        """Return the header read from JSON.

        Raises:
            DatasetError: If a field is missing, unknown or of another type.
        """
        known = cls.__dataclass_fields__
        if not isinstance(content, dict) or set(content) != set(known):
            found = sorted(content) if isinstance(content, dict) else type(content).__name__
            raise DatasetError(f"{source}: header has {found}; expected {sorted(known)}")
        example, values = cls(sample_axis="step"), {}
        for name, value in content.items():
            kind = type(getattr(example, name))
            value = float(value) if kind is float and isinstance(value, int) else value
            if kind is tuple and isinstance(value, list):
                value = tuple(value)
                if not all(isinstance(item, str) for item in value):
                    raise DatasetError(f"{source}: header {name} must list strings")
            if not isinstance(value, kind):
                raise DatasetError(
                    f"{source}: header {name} is {value!r}; expected a {kind.__name__}"
                )
            values[name] = value
        if values["sample_axis"] not in SAMPLE_AXES:
            raise DatasetError(
                f"{source}: sample_axis is {values['sample_axis']!r}; expected one of {SAMPLE_AXES}"
            )
        return cls(**values)


@dataclass(frozen=True)
class Examples:
    """Rows of a dataset in memory: a header, and columns of equal length.

    Raises:
        DatasetError: If the columns do not fit format 1; all issues are listed.
    """

    header: Header
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the columns against the format."""
        shapes = {name: (str(v.dtype), v.shape) for name, v in self.columns.items()}
        if issues := column_issues(self.header, shapes):
            raise DatasetError("; ".join(issues))

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(next(iter(self.columns.values())))

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column.

        Raises:
            DatasetError: If there is no such column.
        """
        if name not in self.columns:
            raise DatasetError(
                f"the dataset has no column {name!r}; it has {', '.join(self.columns)}"
            )
        return self.columns[name]

    def __contains__(self, name: str) -> bool:
        """Return whether there is such a column."""
        return name in self.columns

    @property
    def steps(self) -> int:
        """The length of the sequences."""
        return self.input.shape[1]

    @property
    def input(self) -> NDArray[Any]:
        """The input sequence, see ``input_name``."""
        return self.columns[self.input_name]

    @property
    def input_name(self) -> str:
        """The column that is the input: the first of ``INPUT_COLUMNS`` that is there."""
        return next(name for name in INPUT_COLUMNS if name in self.columns)

    @property
    def code(self) -> NDArray[Any] | None:
        """The transmitted samples that go with the input; None if unknown, or themselves it."""
        return None if self.input_name == "tx" else self.columns.get("tx")

    @property
    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """The parameter columns by name, without the prefix."""
        return {
            name.removeprefix(PARAMETER_PREFIX): column
            for name, column in self.columns.items()
            if name.startswith(PARAMETER_PREFIX)
        }

    def take(self, rows: NDArray[Any] | slice) -> "Examples":
        """Return some of the rows, by index, mask or slice."""
        return Examples(self.header, {name: v[rows] for name, v in self.columns.items()})

    def part(self, split: str) -> "Examples":
        """Return the rows of one split; all rows where no split is stored.

        Raises:
            UsageError: If ``split`` is not train, validation, test or all.
        """
        if split not in (*SPLIT_NAMES, "all"):
            raise UsageError(f"split is {split!r}; expected one of {(*SPLIT_NAMES, 'all')}")
        if split == "all" or "split" not in self.columns:
            return self
        return self.take(self.columns["split"] == SPLIT_NAMES.index(split))


def column_issues(header: Header, columns: dict[str, tuple[str, tuple[int, ...]]]) -> list[str]:
    """Return the issues of columns given as name -> (dtype, shape); empty if there are none."""
    issues = []
    rows = {shape[0] for _, shape in columns.values() if shape}
    if len(rows) != 1:
        issues.append(f"columns have {sorted(rows)} rows; expected the same number in each")
    for name, (dtype, shape) in columns.items():
        if name.startswith(PARAMETER_PREFIX):
            column = PARAMETER_COLUMN
        elif name in COLUMNS:
            column = COLUMNS[name]
        else:
            issues.append(f"column {name!r} is not part of format {FORMAT_VERSION}")
            continue
        if dtype not in column.dtypes:
            issues.append(f"column {name!r} is {dtype}; expected {' or '.join(column.dtypes)}")
        if len(shape) not in column.axes:
            issues.append(f"column {name!r} has shape {shape}; expected {column.meaning}")
    from_tx = "tx" in columns and "target" in columns
    if ("rx" in columns) + ("x" in columns) != 1 and not (from_tx and "x" not in columns):
        issues.append("expected one input column: rx (complex) or x (real), or tx with a target")
    lengths = {columns[c][1][1] for c in STEP_COLUMNS if c in columns and len(columns[c][1]) > 1}
    if len(lengths) > 1:
        issues.append(f"sequences have {sorted(lengths)} steps; expected the same length in each")
    if "tx" in columns and "rx" in columns and columns["tx"][1][:2] != columns["rx"][1][:2]:
        issues.append(f"tx has shape {columns['tx'][1]}, rx {columns['rx'][1]}")
    if "label" in columns and not header.class_names:
        issues.append("there are labels but no class_names")
    return issues


def value_issues(header: Header, columns: dict[str, NDArray[Any]]) -> list[str]:
    """Return which values are out of range: labels, splits, groups, NaN or Inf samples."""
    issues = []
    for name, column in columns.items():
        if name in STEP_COLUMNS and not np.isfinite(column).all():
            bad = int(np.argmax(~np.isfinite(column).reshape(len(column), -1).all(axis=1)))
            issues.append(f"column {name!r} is not finite, first in row {bad}")
        if name == "label" and column.size:
            if column.min() < UNKNOWN_LABEL or column.max() >= len(header.class_names):
                issues.append(
                    f"labels run from {column.min()} to {column.max()}; "
                    f"there are {len(header.class_names)} class_names"
                )
        if name == "length" and column.size:
            steps = next(values.shape[1] for key, values in columns.items() if key in STEP_COLUMNS)
            if column.min() < 1 or column.max() > steps:
                issues.append(
                    f"length runs from {column.min()} to {column.max()}; expected 1 to "
                    f"{steps}, the steps"
                )
        if name == "split" and column.size and column.max() >= len(SPLIT_NAMES):
            issues.append(f"split holds {column.max()}; expected 0, 1 or 2")
        if name == "group" and header.group_names and column.size:
            if column.min() < 0 or column.max() >= len(header.group_names):
                issues.append(f"groups run to {column.max()}; {len(header.group_names)} are named")
    return issues
