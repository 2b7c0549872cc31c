"""Merging of the parts of a batch: ``predictions.h5``, and the arrays that metrics are made of.

The parts are read once, in order, block by block. Memory holds a few numbers per window, and the
probabilities of labelled windows.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.names import MAJORITY
from radarseq.dataset.schema import Examples, Header
from radarseq.evaluation.decisions.calibration import Calibration
from radarseq.evaluation.decisions.capture_table import Windows
from radarseq.evaluation.decisions.fusion import Fusion
from radarseq.evaluation.decisions.ood_threshold import OodThreshold
from radarseq.evaluation.output.folder import predictions_file
from radarseq.evaluation.output.hdf5_columns import OutputColumn
from radarseq.evaluation.output.partial_results import ROWS, SAMPLES, Part, read_records
from radarseq.evaluation.pipelines.recording_evaluator import BASELINE, COMPARED
from radarseq.inference.predictor import Predictor

MAX_LABELLED = 4_000_000  # windows whose probabilities are held for the metrics
_MAX_SAVED_BYTES = 64 << 20
_COPIED = ("row", "label", "probability", "unknown_score", "echo")
_IN_MEMORY = ("label", "group", "decision", "unknown_score", "is_unknown")


def merge_parts(
    folder: Path,
    parts: list[tuple[int, Part]],
    predictor: Predictor,
    calibration: Calibration,
    ood: OodThreshold | None,
) -> Windows:
    """Write ``predictions.h5`` from the parts in ``folder``, and return their windows.

    Args:
        folder: The evaluation folder.
        parts: Index and content of each part, in the order of the windows.
        predictor: The model.
        calibration: Prior of the classes, and the fusion weight.
        ood: The threshold above which a window is unknown; None without one.
    """
    index = group_index(parts)
    names = list(index)
    classifies = predictor.network.settings.classifies
    fusion = Fusion(calibration.prior, len(names), calibration.fusion_weight.exponent)
    total = sum(part.rows.rows for _, part in parts)
    every = max(1, -(-total // MAX_LABELLED))
    compared = _compared_columns(parts)
    windows: dict[str, list[NDArray]] = {}
    labelled: dict[str, list[NDArray]] = {}
    first = 0
    columns = _columns(parts[0][1], predictor, has_threshold=ood is not None)
    with predictions_file(folder, columns, total, predictor.class_names, names) as writer:
        for number, part in parts:
            for records in read_records(folder, number, ROWS, part.rows):
                block = {n: records[n] for n in _COPIED if n in (records.dtype.names or ())}
                block["group"] = np.full(len(records), index[part.group], np.int64)
                if classifies:
                    block["decision"] = block["probability"].argmax(axis=1)
                    accepted = None
                    if ood is not None:
                        block["is_unknown"] = block["unknown_score"] > ood.threshold
                        accepted = ~block["is_unknown"]
                    block["posterior"] = fusion.add(block["probability"], block["group"], accepted)
                writer.write(first, block)
                for name in _IN_MEMORY:
                    if name in block:
                        windows.setdefault(name, []).append(np.array(block[name]))
                row = first + np.arange(len(records))
                first += len(records)
                taken = np.flatnonzero((records["label"] >= 0) & (row % every == 0))
                if classifies and len(taken):
                    labelled.setdefault("row", []).append(row[taken])
                    for name in ("probability", *compared):
                        labelled.setdefault(name, []).append(records[name][taken])
    of_all = {name: np.concatenate(values) for name, values in windows.items()}
    of_labelled = {name: np.concatenate(values) for name, values in labelled.items()}
    baselines = _without_prefix(of_labelled, BASELINE)
    if baselines:
        shape = of_labelled["probability"].shape
        baselines = {MAJORITY: np.broadcast_to(calibration.prior, shape)} | baselines
    label = of_all.get("label")
    is_labelled = label is not None and bool((label >= 0).any())
    return Windows(
        class_names=predictor.class_names,
        label=label if is_labelled else None,
        decision=of_all.get("decision"),
        group=of_all.get("group", np.zeros(0, np.int64)),
        group_names=tuple(names),
        unknown_score=of_all.get("unknown_score") if "is_unknown" in of_all else None,
        is_unknown=of_all.get("is_unknown"),
        posterior=dict(enumerate(fusion.posterior())) if classifies else None,
        labelled=of_labelled.get("row", np.zeros(0, np.int64)),
        probability=of_labelled.get("probability"),
        compared=_without_prefix(of_labelled, COMPARED),
        baselines=baselines,
    )


def group_index(parts: list[tuple[int, Part]]) -> dict[str, int]:
    """Return the number of each group, by its name, in the order in which the groups occur."""
    return {name: i for i, name in enumerate(dict.fromkeys(part.group for _, part in parts))}


def _without_prefix(columns: dict[str, NDArray], prefix: str) -> dict[str, NDArray]:
    """Return the columns whose names begin with a prefix, by the rest of their names."""
    return {n.removeprefix(prefix): values for n, values in columns.items() if n.startswith(prefix)}


def _columns(part: Part, predictor: Predictor, *, has_threshold: bool) -> dict[str, OutputColumn]:
    """Return the columns of ``predictions.h5``: those of a part, and those that merging adds."""
    record = part.rows.record
    columns = {
        name: OutputColumn(record[name].base, record[name].shape)
        for name in _COPIED
        if name in (record.names or ())
    }
    columns["group"] = OutputColumn(np.dtype(np.int64))
    if "probability" in columns:
        columns["decision"] = OutputColumn(np.dtype(np.int64))
        columns["posterior"] = OutputColumn(np.dtype(np.float32), (len(predictor.class_names),))
        if has_threshold:
            columns["is_unknown"] = OutputColumn(np.dtype(np.uint8))
    return columns


def _compared_columns(parts: list[tuple[int, Part]]) -> list[str]:
    """Return the columns of other models and baselines that all labelled parts have."""
    found = [
        [n for n in part.rows.record.names or () if n.startswith((BASELINE, COMPARED))]
        for _, part in parts
    ]
    filled = [names for names in found if names]
    return [n for n in filled[0] if all(n in names for names in filled)] if filled else []


def saved_examples(
    folder: Path, parts: list[tuple[int, Part]], predictor: Predictor
) -> Examples | None:
    """Return the saved samples of the first recordings as rows of a dataset; None without any."""
    index = group_index(parts)
    columns: dict[str, list[NDArray]] = {}
    taken_bytes = 0
    for number, part in parts:
        if taken_bytes > _MAX_SAVED_BYTES:
            break
        for records in read_records(folder, number, SAMPLES, part.samples):
            taken_bytes += records.nbytes
            samples = "rx" if predictor.network.spec.is_complex else "x"
            named = {samples: records["samples"]}
            if predictor.class_names:
                named["label"] = records["label"]
            if "tx" in (records.dtype.names or ()):
                named["tx"] = records["tx"]
            named["group"] = np.full(len(records), index[part.group], np.int64)
            named["parameters/row"] = records["row"].astype(np.float32)
            for name, values in named.items():
                columns.setdefault(name, []).append(np.ascontiguousarray(values))
    if not columns:
        return None
    trained = predictor.header
    header = Header(
        sample_axis=trained.sample_axis,
        sample_interval_s=trained.sample_interval_s,
        carrier_hz=trained.carrier_hz,
        class_names=trained.class_names,
        group_names=tuple(index),
    )
    return Examples(header, {name: np.concatenate(values) for name, values in columns.items()})
