"""Recordings of Acconeer's pulsed coherent radars: A121 sparse I/Q, and A111 I/Q.

An A121 file keeps ``sessions/session_N/group_N/entry_N/result/frame``: (frame, sweep, point),
int16 pairs. An A111 file keeps ``data``: (frame, sensor, depth), complex in its I/Q service.
"""

import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from radarseq.captures.capture import Capture, make_capture
from radarseq.captures.faults import CaptureFault
from radarseq.captures.hdf5 import array_at, array_names, member, numbered, open_hdf5, text_at
from radarseq.captures.reading import STEP_AXIS, Reading, parse_layout

CARRIER_HZ = 60.5e9
A121_LAYOUT = "frame,step,point"
A111_LAYOUT = "step,sensor,point"  # one sweep a frame: slow time runs from frame to frame
# What a step is when the first, second or third axis of an A121 frame array is called one.
_A121_AXES = ("slow_time", "slow_time", "fast_time")


def read(path: Path, reading: Reading) -> Capture:
    """Return the I/Q samples of a recording, complex64.

    All sessions, groups and entries (one entry is one sensor) follow each other as frames.

    Raises:
        CaptureFault: If the file is neither of the two kinds, holds amplitudes without phase, or
            its entries differ in shape or rate.
    """
    with open_hdf5(path) as file:
        if "sessions" in file:
            return _read_a121(path, file, reading)
        if "data" in file and "mode" in file:
            return _read_a111(path, file, reading)
        found = ", ".join(array_names(file)) or "no arrays"
    raise CaptureFault(
        path,
        f"is not a recording of a known kind (neither sessions/ nor data and mode); holds {found}",
        "Name the array to read with variable, and its axes with layout",
    )


def _read_a121(path: Path, file: h5py.File, reading: Reading) -> Capture:
    step = parse_layout(reading.layout or A121_LAYOUT).index(STEP_AXIS)
    frames: list[NDArray[Any]] = []
    intervals: set[float] = set()
    for name in _entries(path, file):
        frames.append(array_at(path, file, f"{name}/result/frame"))
        if frames[-1].shape[1:] != frames[0].shape[1:]:
            raise CaptureFault(
                path,
                f"{name} has frames of {frames[-1].shape[1:]}, the first {frames[0].shape[1:]}",
                "Read one entry alone: name its result/frame with variable",
            )
        intervals.add(_interval_s(path, file, name, step))
    if not frames:
        raise CaptureFault(path, "sessions/ holds no entry with frames", "Record it again")
    if len(intervals) > 1 and not reading.sample_interval_s:
        raise CaptureFault(
            path,
            f"its entries have sample intervals of {sorted(intervals)} s",
            "Read one entry alone with variable, or give the sample interval",
        )
    return make_capture(
        path,
        np.concatenate(frames),
        reading,
        layout=A121_LAYOUT,
        sample_axis=_A121_AXES[min(step, 2)],
        sample_interval_s=min(intervals),
        carrier_hz=CARRIER_HZ,
    )


def _entries(path: Path, file: h5py.File) -> list[str]:
    names = [""]
    for folder, prefix in (("sessions/", "session_"), ("", "group_"), ("", "entry_")):
        deeper = []
        for name in names:
            parent = f"{name}{folder}"
            here = member(path, file, parent)
            if isinstance(here, h5py.Group):
                deeper += [f"{parent}{part}/" for part in numbered(path, here, prefix)]
        names = deeper
    return [name.rstrip("/") for name in names]


def _interval_s(path: Path, file: h5py.File, name: str, step: int) -> float:
    """Return the time between sweeps, or frames, of an entry [s]; 0 where it is not stored.

    A sweep rate that was not asked for is null in the configuration: the sensor then measures as
    fast as it can, which the metadata give.
    """
    session, group = name.split("/group_")[0], int(name.split("/")[2].removeprefix("group_"))
    sensor = member(path, file, f"{name}/sensor_id")
    key = str(sensor[()]) if isinstance(sensor, h5py.Dataset) else ""
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


def _read_a111(path: Path, file: h5py.File, reading: Reading) -> Capture:
    data = array_at(path, file, "data")
    mode = text_at(path, file, "mode")
    if data.dtype.kind != "c":
        raise CaptureFault(
            path,
            f"holds {data.dtype} amplitudes (service {mode!r}), not I/Q samples",
            "To read them as real sequences, give variable 'data' and the layout",
        )
    layout = reading.layout or A111_LAYOUT
    rate = _at(_json(text_at(path, file, "sensor_config_dump")), "update_rate")
    by_frame = parse_layout(layout)[0] == STEP_AXIS
    return make_capture(
        path,
        data,
        reading,
        layout=A111_LAYOUT,
        sample_axis="slow_time" if parse_layout(layout)[-1] != STEP_AXIS else "fast_time",
        sample_interval_s=_period_s(rate) if by_frame else 0.0,
        carrier_hz=CARRIER_HZ,
    )


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
