"""Reads shards of radarseq datasets, whose rows are sequences already."""

from pathlib import Path

import numpy as np

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import UNKNOWN_LABEL
from radarseq.dataset.shard_format import SHARD_MAGIC
from radarseq.errors import DatasetError

_LAYOUTS = {("rx", 2): "row,step", ("rx", 3): "row,step,channel", ("x", 3): "row,step,feature"}


def is_shard(path: Path, options: ReadOptions) -> bool:
    """Return whether a file is a shard of a dataset."""
    with path.open("rb") as file:
        return file.read(len(SHARD_MAGIC)) == SHARD_MAGIC


def read(path: Path, options: ReadOptions) -> Capture:
    """Return the rows of a shard, with their labels.

    Raises:
        RecordingError: If the shard is damaged, or its sequences differ in length.
    """
    try:
        examples = open_dataset(path).load()
    except DatasetError as error:
        reason = str(error).removeprefix(f"{path}: ").rstrip(".")
        raise RecordingError(path, reason, "Restore it, or simulate it again") from error
    if "length" in examples:
        raise RecordingError(
            path, "holds sequences of different lengths", "Evaluate it as a dataset"
        )
    name, header = "rx" if "rx" in examples else "x", examples.header
    names = dict(enumerate(header.class_names)) | {UNKNOWN_LABEL: ""}
    labels = None
    if "label" in examples and not (options.name_gives_label or options.labels):
        labels = [names[label] for label in np.asarray(examples["label"]).tolist()]
    return make_capture(
        path,
        examples[name],
        options,
        layout=_LAYOUTS[name, examples[name].ndim],
        layout_is_declared=True,
        sample_axis=header.sample_axis,
        sample_interval_s=header.sample_interval_s,
        carrier_hz=header.carrier_hz,
        tx=examples["tx"] if "tx" in examples and name == "rx" else None,
        row_labels=labels,
    )
