"""Bad, hostile and enormous recordings: refused in words, soon, in little memory."""

import csv
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from recordings import noise
from sandboxing import cpu_s, error_of

from radarseq.captures.conversion.export import export
from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import AS_WRITTEN
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.sources.sandbox import Sandbox

FRAME = "sessions/session_0/group_0/entry_0/result/frame"
SOON_S, EXTRA_MB = 1.0, 200


def peak_mb(child: subprocess.Popen | None) -> float:
    assert child is not None
    (line,) = [
        line
        for line in Path(f"/proc/{child.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) / 1024


def npy_claiming(path: Path, shape: tuple[int, ...]) -> None:
    with path.open("wb") as file:
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)


def bomb(kind: str, folder: Path) -> Path:
    """Write a small file with a large claim."""
    path = folder / f"bomb.{kind.split(' ')[-1]}"
    if kind == "17.6 TB npy":
        npy_claiming(path, (2_200_000, 1_000_000))
    elif kind == "17.6 TB h5":
        with h5py.File(path, "w") as file:
            file.create_dataset(FRAME, (2_200_000, 1000, 1000), "f8", chunks=(1, 100, 100))
    elif kind == "3 GB of zeros in h5":
        with h5py.File(path, "w") as file:
            chunked = {"chunks": (1, 3000, 1000), "compression": "gzip"}
            data = file.create_dataset(FRAME, (130, 3000, 1000), "f8", **chunked)
            data.id.write_direct_chunk((0, 0, 0), bytes(100))
    elif kind == "100 MB of sigmf-meta":
        with path.open("wb") as file:
            file.write(b'{"global": {"core:datatype": "cf32_le", "x": "')
            file.truncate(100 << 20)
    elif kind == "100 MB of toml":
        path = folder / "bomb.bin"
        path.write_bytes(bytes(64))
        with (folder / "bomb.bin.toml").open("wb") as file:
            file.truncate(100 << 20)
    elif kind == "100,000 groups in h5":
        with h5py.File(path, "w") as file:
            parent = file.create_group("sessions").id
            for number in range(100_000):
                h5py.h5g.create(parent, b"session_%d" % number)
    elif kind == "deep sigmf-meta":
        path.write_text('{"global": ' + "[" * 100_000)
    elif kind == "million-member npz":
        path.write_bytes(b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + bytes(10))
    elif kind == "endless line in csv":
        path = folder / "bomb.csv"
        path.write_bytes(b"1," * (20 << 20))
    elif kind == "GB of holes in csv":
        path.write_bytes(b"1,2\n")
        os.truncate(path, 1 << 30)
    elif kind == "TB of holes in npz":
        np.savez(path, rx=noise(4, 32))
        os.truncate(path, 1 << 40)
    return path


BOMBS = [
    "17.6 TB npy",
    "17.6 TB h5",
    "3 GB of zeros in h5",
    "100 MB of sigmf-meta",
    "100 MB of toml",
    "100,000 groups in h5",
    "deep sigmf-meta",
    "million-member npz",
    "endless line in csv",
    "GB of holes in csv",
    "TB of holes in npz",
]


@pytest.fixture(scope="module")
def lasting_prober():
    own = Sandbox()
    yield own
    own.close()


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_soon_and_in_little_memory(tmp_path, lasting_prober, kind):
    np.save(tmp_path / "good.npy", noise(2, 8))
    lasting_prober.check(tmp_path / "good.npy", AS_WRITTEN)
    path = bomb(kind, tmp_path)
    spent, peak = cpu_s(lasting_prober._child), peak_mb(lasting_prober._child)
    error_of(lasting_prober, path)
    assert cpu_s(lasting_prober._child) - spent < SOON_S
    assert peak_mb(lasting_prober._child) - peak < EXTRA_MB


def write_bad(folder: Path) -> dict[str, str]:
    """Fill a folder with what a batch must survive; return a word of the reason for each."""
    outside = folder.parent / "outside"
    outside.mkdir()
    np.savez(outside / "secret.npz", rx=noise(4, 32))
    (outside / "secret.sigmf-data").write_bytes(noise(64).tobytes())
    known = {"sample_interval_s": 2e-3, "sample_axis": "slow_time", "tx": noise(4, 32)}
    words: dict[str, str] = {}

    def store(name: str, word: str, rx: np.ndarray, **more: object) -> None:
        tx = noise(*rx.shape[:2]) if rx.ndim > 1 else noise(*rx.shape)
        np.savez(folder / f"{name}.npz", rx=rx, **{**known, "tx": tx, **more})
        words[f"{name}.npz"] = word

    bad = noise(4, 32)
    store("nan", "no finite sample", bad * np.nan)
    bad[:, 7] = np.inf
    store("inf", "4 not finite", bad)
    store("zero", "4 all zero", np.zeros((4, 32), complex))
    store("constant", "4 constant", np.full((4, 32), 3 + 1j))
    store("no-rows", "is empty", noise(0, 32))
    store("one", "has 1 samples along 'step'", noise(4, 1))
    store("31", "(31,) complex", noise(4, 31))
    store("33", "(33,) complex", noise(4, 33))
    store("channels", "(32, 2) complex", noise(4, 32, 2))
    store("text", "expected real or complex", np.array([["a", "b"]] * 4))
    store("rate", "sample interval of 1e-30 s", noise(4, 32), sample_interval_s=1e-30)
    store("no-rate", "sample interval of nan s", noise(4, 32), sample_interval_s=np.nan)
    store("backwards", "sample interval of -1 s", noise(4, 32), sample_interval_s=-1.0)
    store("carrier", "carrier frequency of 1e+30", noise(4, 32), carrier_hz=1e30)
    (folder / "odd.cs16").write_bytes(bytes(127))
    words["odd.cs16"] = "expected a multiple of 4"
    npy_claiming(folder / "bomb.npy", (2_200_000, 1_000_000))
    words["bomb.npy"] = "17600.0 GB"
    (folder / "link.npz").symlink_to(outside / "secret.npz")
    words["link.npz"] = "leads out of the folder"
    for name, dataset in (("up", "../outside/secret.sigmf-data"), ("root", "/etc/passwd")):
        output = {"core:datatype": "cf32_le", "core:dataset": dataset}
        (folder / f"{name}.sigmf-meta").write_text(json.dumps({"global": output}))
        words[f"{name}.sigmf-meta"] = "outside its folder; refused"
    with tarfile.open(folder / "archive.sigmf", "w") as file:
        file.addfile(tarfile.TarInfo("../../out.sigmf-meta"))
    words["archive.sigmf"] = "outside itself; refused"
    with h5py.File(folder / "link.h5", "w") as file:
        file[FRAME] = h5py.ExternalLink(str(outside / "x.h5"), "/x")
    words["link.h5"] = "is a link; refused"
    with h5py.File(folder / "storage.h5", "w") as file:
        stored = {"external": [(str(outside / "secret.sigmf-data"), 0, 512)]}
        file.create_dataset(FRAME, (2, 8, 4), "f8", **stored)
    words["storage.h5"] = "in other files; refused"
    long = "n" * 251 + ".npz"
    (folder / long).write_bytes(b"PK")
    words[long] = "cannot be read as .npz"
    return words


@pytest.mark.parametrize("command", ["import", "evaluate"])
def test_bad_recordings_are_named_and_the_rest_goes_on(space, space_run, tmp_path, command):
    folder, out = tmp_path / "captures", tmp_path / "out"
    export(space, folder, limit=4)
    words = write_bad(folder)
    run = [space_run] if command == "evaluate" else []
    line = [sys.executable, "-m", "radarseq", command, *run, folder, "--out", out, "--json"]
    ran = subprocess.run(line, capture_output=True, text=True)
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stderr
    info = json.loads(ran.stdout)
    if command == "import":
        reasons = {Path(path).name: reason for path, reason, _ in info["failures"]}
        assert info["rows"] > 4
    else:
        # Windows have the model's 32 steps: of 33 samples one is left over.
        words = {**words, "31.npz": "expected at least 32"}
        del words["33.npz"]
        with (out / "failures.csv").open(newline="", encoding="utf-8") as file:
            reasons = {Path(row["capture"]).name: row["reason"] for row in csv.DictReader(file)}
    assert set(reasons) == set(words)
    for name, word in words.items():
        assert word in reasons[name], (name, reasons[name])


def test_what_is_refused_in_the_child_is_refused_here_too(tmp_path):
    """The child is a second wall: the readers themselves refuse the same."""
    folder = tmp_path / "captures"
    folder.mkdir()
    for name in [n for n, word in write_bad(folder).items() if "refused" in word]:
        with pytest.raises(RecordingError, match="refused"):
            read_capture(folder / name)


def test_bombs_are_named_in_a_batch_and_the_rest_goes_on(tmp_path):
    folder = tmp_path / "captures"
    for number, kind in enumerate(BOMBS):
        (folder / str(number)).mkdir(parents=True)
        bomb(kind, folder / str(number))
    np.savez(folder / "good.npz", rx=noise(4, 32))
    command = [sys.executable, "-m", "radarseq", "import", folder, "--out", tmp_path / "data"]
    ran = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert ran.returncode == 3, ran.stderr
    assert "Traceback" not in ran.stderr
    info = json.loads(ran.stdout)
    assert info["rows"] == 4
    named = {Path(path).parent.name for path, _, _ in info["failures"]}
    assert named == {str(number) for number in range(len(BOMBS))}
