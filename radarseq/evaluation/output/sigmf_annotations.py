"""Decisions as SigMF annotations: a span of samples, a label, a probability."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from radarseq.captures.options.read_options import ReadOptions
from radarseq.evaluation.output.folder import UNKNOWN
from radarseq.evaluation.output.hdf5_columns import names_in, read_column
from radarseq.evaluation.output.partial_results import Part
from radarseq.storage.atomic import write_atomically

GENERATOR = "radarseq"
MAX_WINDOWS = (
    5_000  # of a recording; beyond, consecutive windows of one decision share an annotation
)
_META, _DATA = ".sigmf-meta", ".sigmf-data"
_MAX_META = 64 << 20


def write_annotations(
    predictions: Path,
    parts: Iterable[Part],
    options: ReadOptions,
    steps: int,
    folder: Path | None,
) -> list[Path]:
    """Annotate the SigMF recordings among the evaluated ones.

    Annotations of other tools stay as they are; earlier ones of this tool are replaced.

    Args:
        predictions: ``predictions.h5`` of the evaluation.
        parts: The recordings, in the order of their windows in ``predictions``.
        options: How they were read.
        steps: Samples in a window.
        folder: Where to write annotated copies of the metadata, which other tools display once
            they lie next to the samples; None to annotate the recordings themselves.

    Returns:
        The files that were written.
    """
    written, stop = [], 0
    with h5py.File(predictions, "r") as file:
        if "decision" not in file:
            return []
        for part in parts:
            rows = slice(stop, stop + part.rows.rows)
            stop = rows.stop
            meta = Path(part.file).with_suffix(_META)
            if Path(part.file).suffix not in (_META, _DATA) or not meta.is_file():
                continue
            content = _read(meta)
            if content is None or not _is_one_stream(content, options):
                continue
            own = list(_annotations(file, rows, options, steps))
            content["annotations"] = sorted(
                [a for a in content.get("annotations", []) if not _is_own(a)] + own,
                key=_start,
            )
            written.append(_write(meta, content, folder, len(written)))
    return written


def _read(meta: Path) -> dict[str, Any] | None:
    """Return the metadata; None where they could not be written back without loss."""
    if meta.stat().st_size > _MAX_META:
        return None
    try:
        content = json.loads(meta.read_bytes())
    except (ValueError, RecursionError):
        return None
    is_whole = isinstance(content, dict) and isinstance(content.get("annotations", []), list)
    return content if is_whole else None


def _is_one_stream(content: dict[str, Any], options: ReadOptions) -> bool:
    """Return whether the number of a window gives its position in the file."""
    return options.layout in ("", "step", "step,channel") and isinstance(
        content.get("global"), dict
    )


def _start(annotation: Any) -> int:
    start = annotation.get("core:sample_start") if isinstance(annotation, dict) else None
    return start if isinstance(start, int) else 0


def _is_own(annotation: Any) -> bool:
    return isinstance(annotation, dict) and annotation.get("core:generator") == GENERATOR


def _annotations(
    file: h5py.File, rows: slice, options: ReadOptions, steps: int
) -> Iterator[dict[str, Any]]:
    names = names_in(file, "class_names")
    decision, window, probability = (
        read_column(file, name, rows) for name in ("decision", "row", "probability")
    )
    if "is_unknown" in file:
        decision = np.where(read_column(file, "is_unknown", rows) > 0, len(names), decision)
    if not len(decision):
        return
    span = (steps - 1) * options.stride + 1
    hop = options.hop or steps * options.stride
    starts = np.arange(len(decision))
    if len(decision) > MAX_WINDOWS:
        breaks = (np.diff(decision) != 0) | (np.diff(window) != 1)
        starts = np.append(0, np.flatnonzero(breaks) + 1)
    ends = np.append(starts[1:], len(decision)) - 1
    for start, end in zip(starts, ends, strict=True):
        label = [*names, UNKNOWN][decision[start]]
        mean_probability = float(probability[start : end + 1].max(axis=1).mean())
        span_text = f"window {window[start]}" + (f" to {window[end]}" if end > start else "")
        yield {
            "core:sample_start": int(window[start] * hop),
            "core:sample_count": int((window[end] - window[start]) * hop + span),
            "core:label": label[:20],  # the longest that the specification recommends
            "core:generator": GENERATOR,
            "core:comment": f"{span_text}: {label}, probability {mean_probability:.4f}",
        }


def _write(meta: Path, content: dict[str, Any], folder: Path | None, number: int) -> Path:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if folder is None:
        write_atomically(meta, text.encode("utf-8", "surrogatepass"))
        return meta
    folder.mkdir(exist_ok=True)
    target = folder / meta.name
    if target.exists():  # two recordings of one name in different folders
        target = folder / f"{meta.name.removesuffix(_META)}-{number}{_META}"
    write_atomically(target, text.encode("utf-8", "surrogatepass"))
    return target
