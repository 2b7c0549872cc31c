"""Reads WAV files: one channel is real, two are I and Q, more are channels."""

import warnings
from pathlib import Path

import numpy as np
import scipy.io.wavfile

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.size_limits import MAX_IN_MEMORY
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions, parse_layout
from radarseq.captures.samples.conversion import full_scale_of
from radarseq.captures.samples.lazy_array import (
    Samples,
    map_flat_file,
    map_values,
    pair_to_complex,
    squeeze_last,
)

_ZERO = 128.0  # of 8-bit WAV, the one type that is stored without a sign


def read(path: Path, options: ReadOptions) -> Capture:
    """Return the samples of a WAV file.

    Two channels are I and Q, unless the layout has an axis for them.

    Raises:
        RecordingError: If the file is cut short or not PCM or float samples.
    """
    rate_hz, samples = _read_samples(path)
    scale = full_scale_of(samples.dtype) or (-1.0, 1.0)
    if samples.dtype == np.uint8:
        samples = map_values(samples, np.dtype(np.float32), _subtract_zero)
        scale = (-_ZERO, _ZERO - 1)
    channels = samples.shape[1] if samples.ndim == 2 else 1
    layout, assumed = "step", ()
    if samples.ndim == 2:
        if channels == 2 and (not options.layout or len(parse_layout(options.layout)) == 1):
            samples = squeeze_last(pair_to_complex(samples, np.dtype(np.complex64)))
            assumed = ("the two channels are I and Q (--layout step,channel for two real ones)",)
        else:
            layout = "step,channel"
    return make_capture(
        path,
        samples,
        options,
        layout=layout,
        layout_is_declared=True,
        sample_interval_s=1 / rate_hz if rate_hz else 0.0,
        full_scale=scale,
        assumed=assumed,
    )


def _read_samples(path: Path) -> tuple[int, Samples]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Chunks of text that scipy does not know are harmless; a file cut short is not.
        warnings.filterwarnings("ignore", message="Chunk .* not understood")
        try:
            rate_hz, data = scipy.io.wavfile.read(path, mmap=True)
        except ValueError as error:
            if "mmap" not in str(error):  # as for 24 bits, for which numpy has no type
                raise
            if path.stat().st_size > MAX_IN_MEMORY:
                raise RecordingError(
                    path, f"is larger than {MAX_IN_MEMORY} bytes of 24-bit samples, which are "
                    "read as a whole", "Store it with 16 or 32 bits",
                ) from error  # fmt: skip
            rate_hz, data = scipy.io.wavfile.read(path)
    if isinstance(data, np.memmap):
        return rate_hz, map_flat_file(path, data.dtype, data.shape, data.offset)
    return rate_hz, data


def _subtract_zero(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) - np.float32(_ZERO)
