"""Raw ADC files of TI's DCA1000, with what the radar was configured to do.

The file has no header: 16-bit integers, frame by frame and chirp by chirp. With two LVDS lanes
(xWR16xx, xWR18xx, xWR68xx) a chirp holds each receiver's samples in turn, complex ones as two I,
then their two Q. With four lanes (xWR12xx, xWR14xx) the receivers alternate sample by sample,
complex ones as the I of all, then the Q of all.

The configuration stands in a file beside the recording, ``NAME.bin.toml`` or ``NAME.bin.json``,
or on the command line as ``samples=256,chirps=128,receivers=4,lanes=2``. Keys: ``samples`` a
chirp, ``chirps`` a frame, ``receivers``, ``lanes`` (2 or 4), ``complex`` (true), ``q_first``
(false: I comes first), ``sample_rate_hz``, ``chirp_interval_s``, ``frame_interval_s``,
``carrier_hz``.

Reference:
    Texas Instruments SWRA581B, Mmwave Radar Device ADC Raw Data Capture, 2018.
"""

import json
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.links import stays_in
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import STEP_AXIS, ReadOptions, parse_layout
from radarseq.captures.samples.lazy_array import (
    FlatFile,
    Key,
    Permuted,
    Samples,
    Stored,
    WithoutLast,
)

LAYOUT = "frame,step,receiver,point"  # steps are chirps, points are samples of a chirp
SIDECARS = (".toml", ".json")
_MAX_SIDECAR = 1 << 16
_INT16 = np.dtype("<i2")
_COMPLEX64 = np.dtype(np.complex64)


@dataclass(frozen=True, kw_only=True)
class Adc:
    """What the radar was configured to do; see the module."""

    samples: int
    chirps: int
    receivers: int = 4
    lanes: int = 2
    complex: bool = True
    q_first: bool = False
    sample_rate_hz: float = 0.0
    chirp_interval_s: float = 0.0
    frame_interval_s: float = 0.0
    carrier_hz: float = 0.0


def sidecar_of(path: Path) -> Path | None:
    """Return the configuration beside a recording, if there is one."""
    for end in SIDECARS:
        beside = path.with_name(path.name + end)
        if beside.is_file():
            return beside
    return None


def read(path: Path, reading: ReadOptions) -> Capture:
    """Return a recording (frame, chirp, receiver, sample), complex or real.

    Raises:
        CaptureFault: If the configuration does not fit, or the file holds no whole frames.
    """
    adc = _configuration(path, reading)
    values = adc.samples * adc.chirps * adc.receivers * (2 if adc.complex else 1)
    size, frame = path.stat().st_size, values * _INT16.itemsize
    if not size or size % frame:
        raise RecordingError(
            path,
            f"has {size} bytes; expected a multiple of {frame}: {adc.chirps} chirps of "
            f"{adc.samples} {'complex' if adc.complex else 'real'} samples of {adc.receivers} "
            "receivers in a frame",
            "Correct the configuration, or record again: the last frame is cut short",
        )
    step = parse_layout(reading.layout or LAYOUT).index(STEP_AXIS)
    interval = (adc.frame_interval_s, adc.chirp_interval_s, 0.0, _period_s(adc.sample_rate_hz))
    return make_capture(
        path,
        _samples(path, adc, size // frame),
        reading,
        layout=LAYOUT,
        sample_axis=("slow_time", "slow_time", "", "fast_time")[min(step, 3)],
        sample_interval_s=interval[min(step, 3)],
        carrier_hz=adc.carrier_hz,
        full_scale=(-32768.0, 32767.0),
        assumed=(f"{adc.lanes} lanes, {'Q' if adc.q_first else 'I'} first (--adc)",),
    )


def _period_s(rate_hz: float) -> float:
    return 1 / rate_hz if rate_hz > 0 else 0.0


def _samples(path: Path, adc: Adc, frames: int) -> Samples:
    both = 2 if adc.complex else 1
    if adc.lanes == 4:  # (frame, chirp, sample, I or Q, receiver)
        shape = (frames, adc.chirps, adc.samples, both, adc.receivers)
        flat: Samples = Permuted(FlatFile(path, _INT16, shape), (0, 1, 4, 2, 3))
        return InPhaseFirst(flat, adc.q_first) if adc.complex else WithoutLast(flat)
    if not adc.complex:
        return FlatFile(path, _INT16, (frames, adc.chirps, adc.receivers, adc.samples))
    # (frame, chirp, receiver, pair of samples, I or Q, which of the pair)
    shape = (frames, adc.chirps, adc.receivers, adc.samples // 2, 2, 2)
    return PairOfPairs(FlatFile(path, _INT16, shape), adc.q_first)


@dataclass(frozen=True)
class InPhaseFirst(Stored):
    """An array whose last axis is I, Q, as complex numbers without that axis."""

    source: Samples
    q_first: bool
    dtype: np.dtype[Any] = _COMPLEX64

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The shape of the source but for its last axis."""
        return self.source.shape[:-1]

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        return _joined(self.source[(*key, slice(0, 2))], self.q_first)


@dataclass(frozen=True)
class PairOfPairs(Stored):
    """An array whose last three axes are pair, (I, Q), (first, second), as complex numbers."""

    source: Samples
    q_first: bool
    dtype: np.dtype[Any] = _COMPLEX64

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The source's shape, its last three axes made one."""
        return (*self.source.shape[:-3], 2 * self.source.shape[-3])

    def part(self, key: Key) -> NDArray[Any]:
        """Return the part at ``key``."""
        begin, end = key[-1].start, key[-1].stop
        pairs = self.source[(*key[:-1], slice(begin // 2, -(-end // 2)))]
        samples = _joined(np.moveaxis(pairs, -2, -1), self.q_first)  # (..., pair, which)
        flat = samples.reshape(*samples.shape[:-2], -1)
        return flat[..., begin % 2 : begin % 2 + end - begin]


def _joined(parts: NDArray[Any], q_first: bool) -> NDArray[np.complex64]:
    numbers = np.empty(parts.shape[:-1], np.complex64)
    numbers.real, numbers.imag = parts[..., int(q_first)], parts[..., 1 - int(q_first)]
    return numbers


def _configuration(path: Path, reading: ReadOptions) -> Adc:
    """Return the configuration from the option, or else from the file beside the recording."""
    if reading.adc:
        return _checked(path, "adc", _options(path, reading.adc))
    beside = sidecar_of(path)
    if beside is None:
        raise RecordingError(path, "has no configuration beside it", "Give adc")
    if not stays_in(beside, path.parent):
        raise RecordingError(
            path, f"{beside.name} is a link that leads out; refused", "Copy the file"
        )
    with beside.open("rb") as file:
        text = file.read(_MAX_SIDECAR + 1)
    if len(text) > _MAX_SIDECAR:
        raise RecordingError(
            path, f"{beside.name} is larger than {_MAX_SIDECAR} bytes", "Correct it"
        )
    try:
        words = text.decode("utf-8")
        content = json.loads(words) if beside.suffix == ".json" else tomllib.loads(words)
    except (ValueError, RecursionError) as fault:
        raise RecordingError(
            path, f"{beside.name} is not readable ({fault})", "Correct it"
        ) from fault
    return _checked(path, beside.name, content)


def _options(path: Path, text: str) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for word in text.split(","):
        key, _, value = word.strip().partition("=")
        try:
            content[key] = json.loads(value)
        except ValueError:
            raise RecordingError(
                path, f"adc holds {word!r}; expected KEY=NUMBER or KEY=true", "Correct adc"
            ) from None
    return content


def _checked(path: Path, source: str, content: Any) -> Adc:
    known = {field.name: field.type for field in fields(Adc)}
    if not isinstance(content, dict) or not set(content) <= set(known):
        unknown = sorted(set(content) - set(known)) if isinstance(content, dict) else content
        raise RecordingError(
            path, f"{source} has unknown keys {str(unknown)[:80]}; expected some of {list(known)}",
            "Correct it",
        )  # fmt: skip
    if missing := [key for key in ("samples", "chirps") if key not in content]:
        raise RecordingError(path, f"{source} does not give {missing}", "Add them")
    for key, value in content.items():
        wanted = {int: (int,), float: (int, float), bool: (bool,)}[known[key]]
        good = type(value) in wanted and (type(value) is bool or 0 <= value < 1e15)
        if not good or (known[key] is int and not 1 <= value <= 1 << 20):
            raise RecordingError(path, f"{source}: {key} is {str(value)[:40]!r}", "Correct it")
    adc = Adc(**content)
    if adc.lanes not in (2, 4) or (adc.lanes == 2 and adc.complex and adc.samples % 2):
        raise RecordingError(
            path,
            f"{source}: {adc.lanes} lanes with {adc.samples} samples; expected 2 or 4 lanes, and "
            "an even number of samples on 2",
            "Correct it",
        )
    return adc
