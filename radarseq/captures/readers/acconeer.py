"""Recordings of Acconeer's pulsed coherent radars: A121 sparse I/Q, A111 I/Q and A111 sparse.

An A121 file keeps ``sessions/session_N/group_N/entry_N/result/frame``, or an older one
``session/group_N/...``: (frame, sweep, point), int16 pairs. An A111 file keeps ``data``: (frame,
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
    Hyperslab,
    array_at,
    array_names,
    member,
    numbered,
    open_hdf5,
    text_at,
    text_of,
)
from radarseq.captures.samples.lazy_array import Converted, Joined

CARRIER_HZ = 60.5e9
A121_LAYOUT = "frame,step,point"
A111_LAYOUT = "step,sensor,point"  # one sweep a frame: slow time runs from frame to frame
A111_SPARSE_LAYOUT = "frame,sensor,step,point"
_SPARSE_MIDDLE = 32768.0
_MAX_ENTRIES = 4096
# What a step is when the first, second or third axis of an A121 frame array is called one.
_A121_AXES = ("slow_time", "slow_time", "fast_time")


def read(path: Path, reading: ReadOptions) -> Capture:
    """Return the I/Q samples of a recording, complex64.

    All sessions, groups and entries (one entry is one sensor) follow each other as frames.

    Raises:
        CaptureFault: If the file is neither of the two kinds, holds amplitudes without phase, or
            its entries differ in shape or rate.
    """
    with open_hdf5(path) as file:
        if "sessions" in file or "session" in file:
            return _read_a121(path, file, reading)
        if "data" in file and "mode" in file:
            return _read_a111(path, file, reading)
        found = ", ".join(array_names(file)) or "no arrays"
    raise RecordingError(
        path,
        f"is not a recording of a known kind (neither sessions/ nor data and mode); holds {found}",
        "Name the array to read with variable, and its axes with layout",
    )


def _read_a121(path: Path, file: h5py.File, reading: ReadOptions) -> Capture:
    step = parse_layout(reading.layout or A121_LAYOUT).index(STEP_AXIS)
    frames: list[Hyperslab] = []
    intervals: set[float] = set()
    silent: list[str] = []
    for name in _entries(path, file):
        if _has_no_data(path, file, name):
            silent.append(name)
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
        why = f"; {', '.join(silent[:6])} have no data (NULL datasets)" if silent else ""
        raise RecordingError(path, f"holds no entry with frames{why}", "Record it again")
    if len(intervals) > 1 and not reading.sample_interval_s:
        raise RecordingError(
            path,
            f"its entries have sample intervals of {sorted(intervals)} s",
            "Read one entry alone with variable, or give the sample interval",
        )
    return make_capture(
        path,
        frames[0] if len(frames) == 1 else Joined(tuple(frames)),
        reading,
        layout=A121_LAYOUT,
        layout_is_declared=True,
        sample_axis=_A121_AXES[min(step, 2)],
        sample_interval_s=min(intervals),
        carrier_hz=CARRIER_HZ,
        breaks=_breaks(frames) if step == 0 else (),
        assumed=tuple(f"{name} has no data (a NULL dataset): left out" for name in silent[:12]),
    )


def _breaks(frames: list[Hyperslab]) -> tuple[int, ...]:
    """Return the frames before which another entry begins, where steps are frames."""
    return tuple(np.cumsum([part.shape[0] for part in frames])[:-1].tolist())


def _has_no_data(path: Path, file: h5py.File, name: str) -> bool:
    found = member(path, file, f"{name}/result/frame")
    return isinstance(found, h5py.Dataset) and (found.shape is None or found.shape[0] == 0)


def _entries(path: Path, file: h5py.File) -> list[str]:
    if "sessions" in file:
        parts = numbered(path, _group(path, file, "sessions"), "session_")
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


def _group(path: Path, file: h5py.File, name: str) -> h5py.Group:
    found = member(path, file, name)
    if not isinstance(found, h5py.Group):
        raise RecordingError(path, f"{name} is an array, not a group", "Restore it from a copy")
    return found


def _interval_s(path: Path, file: h5py.File, name: str, step: int) -> float:
    """Return the time between sweeps, or frames, of an entry [s]; 0 where it is not stored.

    A sweep rate that was not asked for is null in the configuration: the sensor then measures as
    fast as it can, which the metadata give.
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
    usable = isinstance(rate_hz, int | float) and math.isfinite(rate_hz) and rate_hz > 0
    return 1.0 / rate_hz if usable else 0.0


def _read_a111(path: Path, file: h5py.File, reading: ReadOptions) -> Capture:
    data = array_at(path, file, "data")
    mode = text_at(path, file, "mode")
    config = _json(text_at(path, file, "sensor_config_dump"))
    if mode == "sparse" and data.dtype.kind == "u" and data.ndim == 4:
        return _read_a111_sparse(path, file, reading, data, _at(config, "update_rate"))
    if data.dtype.kind != "c":
        raise RecordingError(
            path,
            f"holds {data.dtype} amplitudes (service {mode[:40]!r}), not I/Q samples",
            "To read them as real sequences, give variable 'data' and the layout",
        )
    layout = reading.layout or A111_LAYOUT
    by_frame = parse_layout(layout)[0] == STEP_AXIS
    return make_capture(
        path,
        data,
        reading,
        layout=A111_LAYOUT,
        layout_is_declared=True,
        sample_axis="slow_time" if parse_layout(layout)[-1] != STEP_AXIS else "fast_time",
        sample_interval_s=_period_s(_at(config, "update_rate")) if by_frame else 0.0,
        carrier_hz=CARRIER_HZ,
    )


def _read_a111_sparse(
    path: Path, file: h5py.File, reading: ReadOptions, data: Hyperslab, frame_rate_hz: Any
) -> Capture:
    """Return the real samples of the sparse service, around zero."""
    sweep_rate_hz = _at(_json(text_at(path, file, "session_info")), "sweep_rate")
    step = parse_layout(reading.layout or A111_SPARSE_LAYOUT).index(STEP_AXIS)
    rates_hz = (frame_rate_hz, None, sweep_rate_hz, None)
    return make_capture(
        path,
        Converted(data, np.dtype(np.float32), _around_zero),
        reading,
        layout=A111_SPARSE_LAYOUT,
        layout_is_declared=True,
        sample_axis=("slow_time", "", "slow_time", "fast_time")[min(step, 3)],
        sample_interval_s=_period_s(rates_hz[min(step, 3)]),
        carrier_hz=CARRIER_HZ,
        full_scale=(-_SPARSE_MIDDLE, _SPARSE_MIDDLE - 1),
    )


def _around_zero(values: NDArray[Any]) -> NDArray[np.float32]:
    return values.astype(np.float32) - np.float32(_SPARSE_MIDDLE)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None  # settings are a help, not a need: without them the rate is not known


def _at(content: Any, *keys: str | int) -> Any:
    for key in keys:
        try:
            content = content[key]
        except (TypeError, KeyError, IndexError):
            return None
    return content
