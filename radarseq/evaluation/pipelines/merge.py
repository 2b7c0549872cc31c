"""The parts of a batch put together: ``predictions.h5``, and what the metrics are made of.

The parts go past once, in order, block by block; in memory stay a few numbers a window, and the
probabilities of labelled windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.baselines.names import BOOSTING, MAJORITY
from radarseq.dataset.schema import Examples, Header
from radarseq.evaluation.decisions.capture_table import Source, Windows
from radarseq.evaluation.decisions.fusion import Fusion
from radarseq.evaluation.decisions.ood_threshold import OodThreshold
from radarseq.evaluation.output.folder import write_predictions
from radarseq.evaluation.output.hdf5_columns import Column
from radarseq.evaluation.output.partial_results import ROWS, SHOWN, Part, records_of
from radarseq.evaluation.pipelines.batch import Batch
from radarseq.evaluation.pipelines.recording_evaluator import BASELINE, BESIDE
from radarseq.inference.predictor import Predictor

MAX_LABELLED = 4_000_000  # windows whose probabilities are held for the metrics
_MAX_SHOWN_BYTES = 64 << 20
_COPIED = ("row", "label", "probability", "unknown_score", "echo")


@dataclass(frozen=True)
class Merged:
    """What the parts come to.

    Attributes:
        windows: All judged windows.
        sources: The recordings of each group.
        shown: The samples of some windows of each recording; None if no window was judged.
        rows: How many windows were judged.
    """

    windows: Windows
    sources: dict[int, list[Source]]
    shown: Examples | None
    rows: int


def merge(
    folder: Path,
    batch: Batch,
    predictor: Predictor,
    prior: NDArray,
    exponent: float,
    chosen: OodThreshold | None,
) -> Merged:
    """Write ``predictions.h5`` from the parts in ``folder``, and return what metrics need.

    Args:
        folder: The evaluation folder.
        batch: The parts.
        predictor: The model.
        prior: Share of each class in the training data ``(class,)``.
        exponent: What each window of a capture but the first counts, see ``Fusion``.
        chosen: How unknown windows are told; None if they are not.
    """
    names = list(dict.fromkeys(part.group for _, part in batch.parts))
    index = {name: i for i, name in enumerate(names)}
    classifies = predictor.network.settings.classifies
    gathered = _Gathered(batch, prior if classifies else None)
    fusion = Fusion(prior, len(names), exponent)

    def blocks() -> Iterator[dict[str, NDArray]]:
        for number, part in batch.parts:
            for records in records_of(folder, number, ROWS, part.rows):
                held = records.dtype.names or ()
                block = {name: records[name] for name in _COPIED if name in held}
                block["group"] = np.full(len(records), index[part.group], np.int64)
                if classifies:
                    block["decision"] = block["probability"].argmax(axis=1)
                    accepted = None
                    if chosen is not None:
                        block["is_unknown"] = block["unknown_score"] > chosen.threshold
                        accepted = ~block["is_unknown"]
                    block["posterior"] = fusion.add(block["probability"], block["group"], accepted)
                gathered.add(block, records)
                yield block

    rows = sum(part.rows.rows for _, part in batch.parts)
    columns = _columns(batch.parts[0][1], predictor, has_score=chosen is not None)
    write_predictions(folder, columns, rows, blocks(), predictor.class_names, names)
    sources: dict[int, list[Source]] = {}
    for _, part in batch.parts:
        source = Source(part.file, part.label, part.left_out)
        sources.setdefault(index[part.group], []).append(source)
    posterior = dict(enumerate(fusion.posterior())) if classifies else None
    windows = gathered.windows(predictor.class_names, tuple(names), posterior)
    return Merged(windows, sources, _shown(folder, batch, predictor, index), rows)


def _columns(part: Part, predictor: Predictor, *, has_score: bool) -> dict[str, Column]:
    """Return the columns of ``predictions.h5``; those of a part, and what merging adds."""
    record = part.rows.record
    columns = {
        name: Column(record[name].base, record[name].shape)
        for name in _COPIED
        if name in (record.names or ())
    }
    columns["group"] = Column(np.dtype(np.int64))
    if "probability" in columns:
        columns["decision"] = Column(np.dtype(np.int64))
        columns["posterior"] = Column(np.dtype(np.float32), (len(predictor.class_names),))
        if has_score:
            columns["is_unknown"] = Column(np.dtype(np.uint8))
    return columns


class _Gathered:
    """Collects what metrics need while the blocks go past."""

    def __init__(self, batch: Batch, prior: NDArray | None) -> None:
        self._scalars: dict[str, list[NDArray]] = {}
        self._labelled: dict[str, list[NDArray]] = {}
        self._prior = prior
        labelled = [part for _, part in batch.parts if BASELINE in (part.rows.record.names or ())]
        # Others' probabilities are there for recordings that carry labels; all, or none is used.
        sets = [_contenders(part) for _, part in batch.parts if _contenders(part)]
        self._contenders = set.intersection(*sets) if sets else set()
        self._has_baseline = bool(labelled) and BASELINE in self._contenders
        rows = sum(part.rows.rows for _, part in batch.parts)
        self._every = max(1, -(-rows // MAX_LABELLED))
        self._seen = 0

    def add(self, block: dict[str, NDArray], records: NDArray[Any]) -> None:
        for name in ("label", "group", "decision", "unknown_score", "is_unknown"):
            if name in block:
                self._scalars.setdefault(name, []).append(np.array(block[name]))
        row = self._seen + np.arange(len(records))
        self._seen += len(records)
        kept = np.flatnonzero((records["label"] >= 0) & (row % self._every == 0))
        if not len(kept) or "probability" not in block:
            return
        parts = {"rows": row[kept], "probability": records["probability"][kept]}
        parts |= {who: records[who][kept] for who in self._contenders}
        for name, values in parts.items():
            self._labelled.setdefault(name, []).append(values)

    def windows(
        self,
        class_names: tuple[str, ...],
        group_names: tuple[str, ...],
        posterior: dict[int, NDArray] | None,
    ) -> Windows:
        scalars = {name: np.concatenate(values) for name, values in self._scalars.items()}
        found = {name: np.concatenate(values) for name, values in self._labelled.items()}
        label = scalars.get("label")
        is_labelled = label is not None and bool((label >= 0).any())
        baselines: dict[str, NDArray] = {}
        if self._has_baseline and found and self._prior is not None:
            number = len(found["rows"])
            baselines[MAJORITY] = np.broadcast_to(self._prior, (number, len(self._prior)))
            baselines[BOOSTING] = found[BASELINE]
        return Windows(
            class_names=class_names,
            label=label if is_labelled else None,
            decision=scalars.get("decision"),
            group=scalars.get("group", np.zeros(0, np.int64)),
            group_names=group_names,
            unknown_score=scalars.get("unknown_score") if "is_unknown" in scalars else None,
            is_unknown=scalars.get("is_unknown"),
            posterior=posterior,
            labelled=found.get("rows", np.zeros(0, np.int64)),
            probability=found.get("probability"),
            beside={who.removeprefix(BESIDE): found[who] for who in found if BESIDE in who},
            baselines=baselines,
        )


def _contenders(part: Part) -> set[str]:
    names = part.rows.record.names or ()
    return {name for name in names if name == BASELINE or name.startswith(BESIDE)}


def _shown(
    folder: Path, batch: Batch, predictor: Predictor, index: dict[str, int]
) -> Examples | None:
    """Return the samples of some windows of the first recordings, as rows of a dataset."""
    columns: dict[str, list[NDArray]] = {}
    taken = 0
    for number, part in batch.parts:
        if taken > _MAX_SHOWN_BYTES:
            break
        for records in records_of(folder, number, SHOWN, part.shown):
            taken += records.nbytes
            samples = "rx" if predictor.network.spec.is_complex else "x"
            named = {samples: records["samples"], "label": records["label"]}
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
    joined = {name: np.concatenate(values) for name, values in columns.items()}
    if not header.class_names:
        del joined["label"]
    return Examples(header, joined)
