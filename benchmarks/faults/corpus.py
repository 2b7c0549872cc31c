"""Writes one small valid recording of every format, to be damaged by ``fuzz.py``."""

import io
import json
import struct
import tarfile
import wave
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import scipy.io

IQ = np.dtype([("real", "<i2"), ("imag", "<i2")])


def _noise(*shape: int) -> np.ndarray:
    generator = np.random.default_rng(3)
    return (generator.normal(size=shape) + 1j * generator.normal(size=shape)).astype(np.complex64)


def _frames(*shape: int) -> np.ndarray:
    raw = np.zeros(shape, IQ)
    samples = 100 * _noise(*shape)
    raw["real"], raw["imag"] = np.real(samples), np.imag(samples)
    return raw


def _csv(path: Path) -> None:
    rows = [",".join(f"{v:.3f}" for v in row) for row in np.real(_noise(12, 16))]
    path.write_text("\n".join(rows))


def _npz(path: Path) -> None:
    np.savez_compressed(path, rx=_noise(6, 32), tx=_noise(6, 32), sample_interval_s=1e-3)


def _mat_5(path: Path, packed: bool = True) -> None:
    content = {"echo": _noise(6, 32).astype(np.complex128), "radar": {"rate": 3.0, "name": "x"}}
    scipy.io.savemat(path, content, do_compression=packed)


def _mat_5_plain(path: Path) -> None:
    """Write an uncompressed file, in which random changes can hit the tags."""
    _mat_5(path, packed=False)


def _mat_7(path: Path) -> None:
    with h5py.File(path, "w", userblock_size=512) as file:
        file["echo"] = _frames(32, 6)
        file["echo"].attrs["MATLAB_class"] = np.bytes_("double")


def _wav(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(_frames(200).tobytes())


def _a121(path: Path) -> None:
    with h5py.File(path, "w") as file:
        entry = file.create_group("sessions/session_0/group_0/entry_0")
        packed = {"compression": "gzip", "chunks": (4, 4, 3)}
        entry.create_dataset("result/frame", data=_frames(8, 8, 3), **packed)
        entry["sensor_id"] = 2
        entry["metadata"] = json.dumps({"max_sweep_rate": 2000.0})
        config = {"groups": [{"2": {"sweep_rate": None, "frame_rate": 10.0}}]}
        file["sessions/session_0/session_config"] = json.dumps(config)


def _a111(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = _noise(20, 1, 6).astype(np.complex128)
        file["mode"] = "iq"
        file["sensor_config_dump"] = json.dumps({"update_rate": 80.0})


def _digital_rf(path: Path) -> None:
    with h5py.File(path, "w") as file:
        raw = np.zeros((64, 1), [("r", "<i2"), ("i", "<i2")])
        data = file.create_dataset("rf_data", data=raw)
        data.attrs["sample_rate_numerator"] = np.uint64(10_000)
        data.attrs["sample_rate_denominator"] = np.uint64(1)
        file["rf_data_index"] = np.array([(1000, 0), (2000, 32)], np.uint64)


def _sigmf_meta() -> bytes:
    info = {"core:datatype": "cf32_le", "core:version": "1.2.0", "core:sample_rate": 1e6}
    note = {"core:sample_start": 5, "core:sample_count": 20, "core:label": "meteor"}
    captures = [{"core:sample_start": 0, "core:frequency": 1e9, "core:header_bytes": 0}]
    return json.dumps({"global": info, "captures": captures, "annotations": [note]}).encode()


def _sigmf(path: Path) -> None:
    path.write_bytes(_sigmf_meta())
    path.with_suffix(".sigmf-data").write_bytes(_noise(64).tobytes())


def _archive(path: Path) -> None:
    with tarfile.open(path, "w") as file:
        for name, content in (("a.sigmf-meta", _sigmf_meta()), ("a.sigmf-data", bytes(512))):
            info = tarfile.TarInfo(f"a/{name}")
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


def _raw(path: Path) -> None:
    path.write_bytes(struct.pack("<96h", *range(96)))


def _adc(path: Path) -> None:
    _raw(path)
    Path(f"{path}.toml").write_text("samples = 4\nchirps = 3\nreceivers = 2\nlanes = 2\n")


FORMATS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "CSV": ("a.csv", _csv),
    "npy": ("a.npy", lambda path: np.save(path, _noise(6, 32))),
    "npz": ("a.npz", _npz),
    "MATLAB 5": ("a.mat", _mat_5),
    "MATLAB 5, plain": ("plain.mat", _mat_5_plain),
    "MATLAB 7.3": ("b.mat", _mat_7),
    "WAV": ("a.wav", _wav),
    "Acconeer A121": ("a.h5", _a121),
    "Acconeer A111": ("b.h5", _a111),
    "Digital RF": ("rf@1.000.h5", _digital_rf),
    "SigMF": ("a.sigmf-meta", _sigmf),
    "SigMF archive": ("a.sigmf", _archive),
    "raw": ("a.cs16", _raw),
    "DCA1000": ("a.bin.toml", lambda path: _adc(path.with_suffix(""))),
}


def write(folder: Path) -> dict[str, Path]:
    """Write the corpus into a folder and return the file to damage of each format."""
    files: dict[str, Path] = {}
    for name, (file_name, make) in FORMATS.items():
        own = folder / name.replace(" ", "-")
        own.mkdir()
        files[name] = own / file_name
        make(files[name])
    return files
