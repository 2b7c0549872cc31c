"""Reads Acconeer's pulsed coherent radars: A121 sparse I/Q, A111 I/Q and A111 sparse.

An A121 file has ``sessions/session_N/group_N/entry_N/result/frame``, or an older one
``session/group_N/...``: (frame, sweep, point), int16 pairs. An A111 file has ``data``: (frame,
sensor, depth), complex, in its I/Q service; (frame, sensor, sweep, depth), unsigned around 32768,
in its sparse service.
"""

import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import STEP_AXIS, ReadOptions, parse_layout
from radarseq.captures.readers.hdf5 import (
    array_at,
    array_names,
    member,
    numbered,
    open_hdf5,
    text_at,
    text_of,
)
from radarseq.captures.samples.lazy_array import LazyArray, concatenate, map_values

CARRIER_HZ = 60.5e9
A121_LAYOUT = "frame,step,point"
A111_LAYOUT = "step,sensor,point"  # one sweep per frame: slow time runs over the frames
A111_SPARSE_LAYOUT = "frame,sensor,step,point"
_SPARSE_ZERO = 32768.0
_MAX_ENTRIES = 4096
# By the axis of an A121 frame array that is called step.
_A121_AXES = ("slow_time", "slow_time", "fast_time")


def read(path: Path, options: ReadOptions) -> Capture:
    """Return the I/Q samples of a recording, complex64.

    The frames of all sessions, groups and entries (one entry is one sensor) are concatenated.

    Raises:
        RecordingError: If the file is not of these kinds, holds amplitudes without phase, or its
            entries differ in shape or rate.
    """
    with open_hdf5(path) as file:
        if "sessions" in file or "session" in file:
            return _read_a121(path, file, options)
        if "data" in file and "mode" in file:
            return _read_a111(path, file, options)
        found = ", ".join(array_names(file)) or "no arrays"
    raise RecordingError(
        path,
        f"is not a recording of a known kind (neither sessions/ nor data and mode); holds {found}",
        "Name the array to read with variable, and its axes with layout",
    )


def _read_a121(path: Path, file: h5py.File, options: ReadOptions) -> Capture:
    step = parse_layout(options.layout or A121_LAYOUT).index(STEP_AXIS)
    frames: list[LazyArray] = []
    intervals: set[float] = set()
    without_data: list[str] = []
    for name in _entries(path, file):
        found = member(path, file, f"{name}/result/frame")
        if isinstance(found, h5py.Dataset) and (found.shape is None or found.shape[0] == 0):
            without_data.append(name)
            continue
        frames.append(array_at(path, file, f"{name}/result/frame"))
        if (frames[-1].shape[1:], frames[-1].dtype) != (frames[0].shape[1:], frames[0].dtype):
            raise RecordingError(
                path,
                f"{name} has frames of {frames[-1].shape[1:]}, the first {frames[0].shape[1:]}",
                "Read one entry alone: name its result/frame with variable",
            )
        intervals.add(_interval_s(path, file, name, step))
    if not frames:
        listed = ", ".join(without_data[:6])
        reason = f"; {listed} have no data (NULL datasets)" if listed else ""
        raise RecordingError(path, f"holds no entry with frames{reason}", "Record it again")
    if len(intervals) > 1 and not options.sample_interval_s:
        raise RecordingError(
            path,
            f"its entries have sample intervals of {sorted(intervals)} s",
            "Read one entry alone with variable, or give the sample interval",
        )
    ends = np.cumsum([part.shape[0] for part in frames]).tolist()
    return make_capture(
        path,
        concatenate(frames),
        options,
        layout=A121_LAYOUT,
        layout_is_declared=True,
        sample_axis=_A121_AXES[min(step, 2)],
        sample_interval_s=min(intervals),
        carrier_hz=CARRIER_HZ,
        breaks=tuple(ends[:-1]) if step == 0 else (),  # where another entry begins
        assumed=tuple(
            f"{name} has no data (a NULL dataset): skipped" for name in without_data[:12]
        ),
    )


def _entries(path: Path, file: h5py.File) -> list[str]:
    if "sessions" in file:
        sessions = member(path, file, "sessions")
        if not isinstance(sessions, h5py.Group):
            reason = "sessions is an array, not a group"
            raise RecordingError(path, reason, "Restore it from a copy")
        parts = numbered(path, sessions, "session_")
        names = [f"sessions/{part}" for part in parts]
    else:
        names = ["session"]
    for prefix in ("group_", "entry_"):
        names = [
            f"{name}/{part}"
            for name in names
            if isinstance(here := member(path, file, name), h5py.Group)
            for part in numbered(path, here, prefix)
        ]
        if len(names) > _MAX_ENTRIES:
            raise RecordingError(path, f"has more than {_MAX_ENTRIES} entries", "Cut it")
    return names


def _interval_s(path: Path, file: h5py.File, name: str, step: int) -> float:
    """Return the time between sweeps, or frames, of an entry [s]; 0 if it is not stored.

    A sweep rate of null in the configuration means that the sensor measures as fast as it can;
    the metadata give that rate.
    """
    session, group = name.split("/group_")[0], int(name.split("/group_")[1].split("/")[0])
    key = text_of(path, member(path, file, f"{name}/sensor_id"), "sensor_id")
    config = _json(text_at(path, file, f"{session}/session_config"))
    config = _at(config, "groups", group, key)
    metadata = _json(text_at(path, file, f"{name}/metadata"))
    if step == 0:
        return _period_s(_at(config, "frame_rate"))
    if step == 1:
        return _period_s(_at(config, "sweep_rate") or _at(metadata, "max_sweep_rate"))
    return 0.0


def _period_s(rate_hz: Any) -> float:
    is_rate = isinstance(rate_hz, int | float) and math.isfinite(rate_hz) and rate_hz > 0
    return 1.0 / rate_hz if is_rate else 0.0


def _read_a111(path: Path, file: h5py.File, options: ReadOptions) -> Capture:
    data = array_at(path, file, "data")
    mode = text_at(path, file, "mode")
    config = _json(text_at(path, file, "sensor_config_dump"))
    if mode == "sparse" and data.dtype.kind == "u" and data.ndim == 4:
        return _read_a111_sparse(path, file, options, data, _at(config, "update_rate"))
    if data.dtype.kind != "c":
        raise RecordingError(
            path,
            f"holds {data.dtype} amplitudes (service {mode[:40]!r}), not I/Q samples",
            "To read them as real sequences, give variable 'data' and the layout",
        )
    layout = options.layout or A111_LAYOUT
    by_frame = parse_layout(layout)[0] == STEP_AXIS
    return make_capture(
        path,
        data,
        options,
        layout=A111_LAYOUT,
        layout_is_declared=True,
        sample_axis="slow_time" if parse_layout(layout)[-1] != STEP_AXIS else "fast_time",
        sample_interval_s=_period_s(_at(config, "update_rate")) if by_frame else 0.0,
        carrier_hz=CARRIER_HZ,
    )


def _read_a111_sparse(
    path: Path, file: h5py.File, options: ReadOptions, data: LazyArray, frame_rate_hz: Any
) -> Capture:
    """Return the real samples of the sparse service, around zero."""
    sweep_rate_hz = _at(_json(text_at(path, file, "session_info")), "sweep_rate")
    step = parse_layout(options.layout or A111_SPARSE_LAYOUT).index(STEP_AXIS)
    rates_hz = (frame_rate_hz, None, sweep_rate_hz, None)
    return make_capture(
        path,
        map_values(data, np.dtype(np.float32), _subtract_zero),
        options,
        layout=A111_SPARSE_LAYOUT,
        layout_is_declared=True,
        sample_axis=("slow_time", "", "slow_time", "fast_time")[min(step, 3)],
        sample_interval_s=_period_s(rates_hz[min(step, 3)]),
        carrier_hz=CARRIER_HZ,
        full_scale=(-_SPARSE_ZERO, _SPARSE_ZERO - 1),
    )


def _subtract_zero(values: NDArray[Any]) -> NDArray[np.float32]:
    return values.astype(np.float32) - np.float32(_SPARSE_ZERO)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None  # settings are optional: without them the rate is unknown


def _at(content: Any, *keys: str | int) -> Any:
    for key in keys:
        try:
            content = content[key]
        except (TypeError, KeyError, IndexError):
            return None
    return content
