"""Parquet copies of the tables of an evaluation, for other tools."""

import csv
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.errors import UsageError
from radarseq.evaluation.output.hdf5_columns import names_in, read_column
from radarseq.storage.atomic import TEMPORARY_SUFFIX

_ROWS_AT_ONCE = 1 << 18


def check_parquet() -> None:
    """Refuse to start without the package that writes Parquet.

    Raises:
        UsageError: If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401  (checks only that it is there)
    except ImportError as error:
        raise UsageError(
            "parquet needs the package pyarrow, which is not installed. Install it with "
            "pip install 'radarseq[parquet]', or leave parquet out"
        ) from error


def write_parquet(predictions: Path, summary: Path) -> None:
    """Write ``predictions.parquet`` and ``summary.parquet`` next to their sources.

    A column of several values per window becomes one column for each: ``probability_cone``,
    ``echo_0_re``. Labels and decisions stay indices; the names are in the file's metadata.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with h5py.File(predictions, "r") as file:
        names = names_in(file, "class_names")
        rows = len(read_column(file, "decision" if "decision" in file else "echo"))
        writer = None
        temporary = predictions.with_suffix(".parquet" + TEMPORARY_SUFFIX)
        for first in range(0, max(rows, 1), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            columns: dict[str, Any] = {}
            for name in [str(key) for key in file]:
                columns |= _flat(name, read_column(file, name, part), names)
            table = pa.table(columns).replace_schema_metadata({"class_names": ",".join(names)})
            writer = writer or pq.ParquetWriter(temporary, table.schema)
            writer.write_table(table)
        assert writer is not None
        writer.close()
        temporary.replace(predictions.with_suffix(".parquet"))
    _write_summary(summary, pa, pq)


def _flat(name: str, values: NDArray[Any], class_names: list[str]) -> dict[str, NDArray[Any]]:
    if np.iscomplexobj(values):
        return _flat(f"{name}_re", np.real(values), []) | _flat(f"{name}_im", np.imag(values), [])
    if values.ndim == 1:
        return {name: values}
    flat = values.reshape(len(values), -1)
    ends = class_names if len(class_names) == flat.shape[1] else range(flat.shape[1])
    return {f"{name}_{end}": np.ascontiguousarray(flat[:, i]) for i, end in enumerate(ends)}


def _write_summary(path: Path, pa: Any, pq: Any) -> None:
    kinds = {"windows": int, "unknown_windows": int, "skipped": int}
    kinds |= dict.fromkeys(("probability", "window_accuracy", "unknown_score"), float)
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        fields = list(reader.fieldnames or ())
    types = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    arrays = {
        name: pa.array(
            [kinds.get(name, str)(row[name]) if row[name] else None for row in rows],
            types[kinds.get(name, str)],
        )
        for name in fields
    }
    temporary = path.with_suffix(".parquet" + TEMPORARY_SUFFIX)
    pq.write_table(pa.table(arrays), temporary)
    temporary.replace(path.with_suffix(".parquet"))
