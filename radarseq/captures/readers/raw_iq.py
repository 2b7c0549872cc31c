"""Reads raw samples without a header: ``.cu8``, ``.cs16``, ..., or any file with ``--dtype``."""

from pathlib import Path

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.samples.lazy_array import LazyArray, map_flat_file
from radarseq.captures.samples.sample_types import SampleType, parse_sample_type

SAMPLE_TYPES = {
    ".cu8": "cu8", ".cs8": "ci8", ".cs16": "ci16_le", ".cf32": "cf32_le", ".cf64": "cf64_le",
}  # fmt: skip


def read(path: Path, options: ReadOptions) -> Capture:
    """Return a file of samples, (step) or, with several channels, (step, channel).

    Raises:
        RecordingError: If the type is unknown, or the file does not hold whole samples.
    """
    name = options.dtype or SAMPLE_TYPES.get(path.suffix.lower())
    if name is None:
        raise RecordingError(
            path,
            f"is a {path.suffix.lower()} file, which does not state the type of its samples",
            "Give dtype, such as cu8 or ci16_le; or, for a DCA1000 recording, adc",
        )
    if options.variable:
        raise RecordingError(path, "is raw and has no named arrays", "Leave variable out")
    sample_type, channels = parse_sample_type(name), max(options.channels, 1)
    itemsize = sample_type.item.itemsize
    samples = flat_samples(path, sample_type, 0, path.stat().st_size, channels)
    end = f", as {sample_type.name}" if sample_type.name != name and itemsize > 1 else ""
    layout = "step,channel" if channels > 1 else "step"
    assumed = f"samples are {name}{end}, {channels} channel(s) (--dtype, --channels)"
    return make_capture(
        path,
        sample_type.decode(samples),
        options,
        layout=layout,
        layout_is_declared=True,
        full_scale=sample_type.full_scale,
        assumed=(assumed,),
    )


def flat_samples(
    path: Path,
    sample_type: SampleType,
    offset: int,
    size: int,
    channels: int,
    *,
    source: Path | None = None,
) -> LazyArray:
    """Return the samples in ``size`` bytes from ``offset``, (step) or (step, channel).

    Errors name ``source``, the recording that the file belongs to, if it is another.

    Raises:
        RecordingError: If these are not whole samples of each channel, or none.
    """
    item_bytes = sample_type.item.itemsize * channels
    if size <= 0:
        raise RecordingError(source or path, "is empty: it holds no samples", "Leave it out")
    if size % item_bytes:
        raise RecordingError(
            source or path,
            f"holds {size} bytes of samples; expected a multiple of {item_bytes}, the size of one "
            f"{sample_type.name} sample of {channels} channel(s)",
            "Correct the type or the channels; or the recording is cut short: record it again",
        )
    count = size // item_bytes
    shape = (count, channels) if channels > 1 else (count,)
    return map_flat_file(path, sample_type.item, shape, offset)
