"""Raw samples without a header: ``.cu8``, ``.cs16`` and the like, or any file by ``--dtype``."""

from pathlib import Path

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.samples.lazy_array import FlatFile
from radarseq.captures.samples.sample_types import Datatype, parse_datatype

DATATYPES = {
    ".cu8": "cu8", ".cs8": "ci8", ".cs16": "ci16_le", ".cf32": "cf32_le", ".cf64": "cf64_le",
}  # fmt: skip
WITHOUT_TYPE = (".bin", ".iq", ".dat", ".raw")


def read(path: Path, reading: ReadOptions) -> Capture:
    """Return a file of samples, (step) or, with several channels, (step, channel).

    Raises:
        CaptureFault: If nothing says the type, or the file does not hold whole samples.
    """
    name = reading.dtype or DATATYPES.get(path.suffix.lower())
    if name is None:
        raise RecordingError(
            path,
            f"is a {path.suffix.lower()} file, which does not say how its samples are stored",
            "Give dtype, such as cu8 or ci16_le; or, for a DCA1000 recording, adc",
        )
    if reading.variable:
        raise RecordingError(path, "is raw and has no named arrays", "Leave variable out")
    kind, channels = parse_datatype(name), max(reading.channels, 1)
    size = path.stat().st_size
    samples = flat_samples(path, kind, 0, size, channels)
    end = "" if kind.name == name or kind.item.itemsize < 2 else f", as {kind.name}"
    layout = "step,channel" if channels > 1 else "step"
    assumed = f"samples are {name}{end}, {channels} channel(s) (--dtype, --channels)"
    return make_capture(
        path,
        kind.numbers(samples),
        reading,
        layout=layout,
        layout_is_declared=True,
        full_scale=kind.full_scale,
        assumed=(assumed,),
    )


def flat_samples(
    path: Path,
    kind: Datatype,
    offset: int,
    size: int,
    channels: int,
    *,
    source: Path | None = None,
) -> FlatFile:
    """Return the samples in ``size`` bytes from ``offset``, (step) or (step, channel).

    ``source`` is the recording that the file belongs to, if it is another.

    Raises:
        CaptureFault: If these are not whole samples of each channel, or none.
    """
    item = kind.item.itemsize * channels
    if size <= 0:
        raise RecordingError(source or path, "is empty: it holds no samples", "Leave it out")
    if size % item:
        raise RecordingError(
            source or path,
            f"holds {size} bytes of samples; expected a multiple of {item}, the size of one "
            f"{kind.name} sample of {channels} channel(s)",
            "Correct the type or the channels; or the recording is cut short: record it again",
        )
    shape = (size // item, channels) if channels > 1 else (size // item,)
    return FlatFile(path, kind.item, shape, offset)
