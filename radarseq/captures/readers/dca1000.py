"""Reads raw ADC files of TI's DCA1000, with the configuration of the radar.

The file has no header: 16-bit integers, frame by frame and chirp by chirp. With two LVDS lanes
(xWR16xx, xWR18xx, xWR68xx) a chirp holds each receiver's samples in turn, complex ones as two I,
then their two Q. With four lanes (xWR12xx, xWR14xx) the receivers alternate sample by sample,
complex ones as the I of all, then the Q of all.

The configuration is in a file next to the recording, ``NAME.bin.toml`` or ``NAME.bin.json``, or
on the command line as ``samples=256,chirps=128,receivers=4,lanes=2``. Keys: ``samples``
per chirp, ``chirps`` per frame, ``receivers``, ``lanes`` (2 or 4), ``complex`` (true), ``q_first``
(false: I comes first), ``sample_rate_hz``, ``chirp_interval_s``, ``frame_interval_s``,
``carrier_hz``.

Reference:
    Texas Instruments SWRA581B, Mmwave Radar Device ADC Raw Data Capture, 2018.
"""

import json
import tomllib
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.checks.links import stays_in
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import STEP_AXIS, ReadOptions, parse_layout
from radarseq.captures.samples.lazy_array import (
    Key,
    LazyArray,
    map_flat_file,
    squeeze_last,
    transpose,
)

LAYOUT = "frame,step,receiver,point"  # steps are chirps, points are samples of a chirp
_MAX_SIDECAR_BYTES = 1 << 16
_INT16 = np.dtype("<i2")


@dataclass(frozen=True, kw_only=True)
class AdcConfig:
    """Configuration of the radar; see the module."""

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


def is_configured(path: Path, options: ReadOptions) -> bool:
    """Return whether a raw file has a configuration, by option or in a file next to it."""
    return bool(options.adc or (not options.dtype and _find_sidecar(path)))


def _find_sidecar(path: Path) -> Path | None:
    sidecars = (path.with_name(path.name + end) for end in (".toml", ".json"))
    return next((sidecar for sidecar in sidecars if sidecar.is_file()), None)


def read(path: Path, options: ReadOptions) -> Capture:
    """Return a recording (frame, chirp, receiver, sample), complex or real.

    Raises:
        RecordingError: If the configuration does not fit, or the file holds no whole frames.
    """
    adc = _read_config(path, options)
    values = adc.samples * adc.chirps * adc.receivers * (2 if adc.complex else 1)
    size, frame_bytes = path.stat().st_size, values * _INT16.itemsize
    if not size or size % frame_bytes:
        raise RecordingError(
            path,
            f"has {size} bytes; expected a multiple of {frame_bytes}: {adc.chirps} chirps of "
            f"{adc.samples} {'complex' if adc.complex else 'real'} samples of {adc.receivers} "
            "receivers in a frame",
            "Correct the configuration, or record again: the last frame is cut short",
        )
    axis = min(parse_layout(options.layout or LAYOUT).index(STEP_AXIS), 3)
    point_s = 1 / adc.sample_rate_hz if adc.sample_rate_hz > 0 else 0.0
    return make_capture(
        path,
        _samples(path, adc, size // frame_bytes),
        options,
        layout=LAYOUT,
        sample_axis=("slow_time", "slow_time", "", "fast_time")[axis],
        sample_interval_s=(adc.frame_interval_s, adc.chirp_interval_s, 0.0, point_s)[axis],
        carrier_hz=adc.carrier_hz,
        full_scale=(-32768.0, 32767.0),
        assumed=(f"{adc.lanes} lanes, {'Q' if adc.q_first else 'I'} first (--adc)",),
    )


def _samples(path: Path, adc: AdcConfig, frames: int) -> LazyArray:
    complex64, shape = np.dtype(np.complex64), (frames, adc.chirps, adc.receivers, adc.samples)
    if adc.lanes == 4:
        parts = 2 if adc.complex else 1
        stored = (frames, adc.chirps, adc.samples, parts, adc.receivers)
        iq = transpose(map_flat_file(path, _INT16, stored), (0, 1, 4, 2, 3))
        if not adc.complex:
            return squeeze_last(iq)
        return LazyArray(shape, complex64, partial(_read_iq, iq, adc.q_first))
    if not adc.complex:
        return map_flat_file(path, _INT16, shape)
    # (frame, chirp, receiver, pair of samples, I or Q, first or second of the pair)
    pairs = map_flat_file(path, _INT16, (*shape[:3], adc.samples // 2, 2, 2))
    return LazyArray(shape, complex64, partial(_read_pairs, pairs, adc.q_first))


def _read_iq(iq: LazyArray, q_first: bool, key: Key) -> NDArray[np.complex64]:
    return _to_complex(iq[(*key, slice(0, 2))], q_first)


def _read_pairs(pairs: LazyArray, q_first: bool, key: Key) -> NDArray[np.complex64]:
    begin, end = key[-1].start, key[-1].stop
    part = pairs[(*key[:-1], slice(begin // 2, -(-end // 2)))]
    samples = _to_complex(np.moveaxis(part, -2, -1), q_first)  # (..., pair, first or second)
    flat = samples.reshape(*samples.shape[:-2], -1)
    return flat[..., begin % 2 : begin % 2 + end - begin]


def _to_complex(parts: NDArray[Any], q_first: bool) -> NDArray[np.complex64]:
    numbers = np.empty(parts.shape[:-1], np.complex64)
    numbers.real, numbers.imag = parts[..., int(q_first)], parts[..., 1 - int(q_first)]
    return numbers


def _read_config(path: Path, options: ReadOptions) -> AdcConfig:
    """Return the configuration from the option, or else from the file next to the recording."""
    if options.adc:
        return _check_config(path, "adc", _parse_option(path, options.adc))
    sidecar = _find_sidecar(path)
    if sidecar is None:
        raise RecordingError(path, "has no configuration file next to it", "Give adc")
    if not stays_in(sidecar, path.parent):
        raise RecordingError(
            path, f"{sidecar.name} is a link that leads out; refused", "Copy the file"
        )
    with sidecar.open("rb") as file:
        content = file.read(_MAX_SIDECAR_BYTES + 1)
    if len(content) > _MAX_SIDECAR_BYTES:
        raise RecordingError(
            path, f"{sidecar.name} is larger than {_MAX_SIDECAR_BYTES} bytes", "Correct it"
        )
    try:
        text = content.decode("utf-8")
        values = json.loads(text) if sidecar.suffix == ".json" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordingError(
            path, f"{sidecar.name} is not readable ({error})", "Correct it"
        ) from error
    return _check_config(path, sidecar.name, values)


def _parse_option(path: Path, text: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for word in text.split(","):
        key, _, value = word.strip().partition("=")
        try:
            values[key] = json.loads(value)
        except ValueError:
            raise RecordingError(
                path, f"adc holds {word!r}; expected KEY=NUMBER or KEY=true", "Correct adc"
            ) from None
    return values


def _check_config(path: Path, source: str, values: Any) -> AdcConfig:
    types = {field.name: field.type for field in fields(AdcConfig)}
    if not isinstance(values, dict) or not set(values) <= set(types):
        unknown = sorted(set(values) - set(types)) if isinstance(values, dict) else values
        raise RecordingError(
            path, f"{source} has unknown keys {str(unknown)[:80]}; expected some of {list(types)}",
            "Correct it",
        )  # fmt: skip
    if missing := [key for key in ("samples", "chirps") if key not in values]:
        raise RecordingError(path, f"{source} does not give {missing}", "Add them")
    for key, value in values.items():
        expected = {int: (int,), float: (int, float), bool: (bool,)}[types[key]]
        fits = type(value) in expected and (type(value) is bool or 0 <= value < 1e15)
        if not fits or (types[key] is int and not 1 <= value <= 1 << 20):
            raise RecordingError(path, f"{source}: {key} is {str(value)[:40]!r}", "Correct it")
    adc = AdcConfig(**values)
    if adc.lanes not in (2, 4) or (adc.lanes == 2 and adc.complex and adc.samples % 2):
        raise RecordingError(
            path,
            f"{source}: {adc.lanes} lanes with {adc.samples} samples; expected 2 or 4 lanes, and "
            "an even number of samples on 2",
            "Correct it",
        )
    return adc
