"""Sealed JSON and text: read as written, and refused where damaged."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import tomllib

import pytest
from datasets_made import names

from radarseq.errors import CheckpointError, DatasetError
from radarseq.storage.sealed import read_json, read_sealed_text, sealed_text, write_json


def full(_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_json_survives_and_nan_is_refused(tmp_path):
    content = {"a": [1, 2.5, None, "ü\n</script>"], "seed": 2**64 - 1}
    write_json(tmp_path / "f.json", content)
    assert read_json(tmp_path / "f.json", DatasetError) == content
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "f.json", {"a": float("nan")})
    assert read_json(tmp_path / "f.json", DatasetError) == content


@pytest.mark.parametrize("error", [DatasetError, CheckpointError])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff{}", b"[" * 100_000, b'{"a": ' * 100_000, b"[1]", b"null", b"{}\n"],
)
def test_what_we_did_not_write_is_refused_with_its_name(tmp_path, content, error):
    path = tmp_path / "f.json"
    path.write_bytes(content)
    with pytest.raises(error, match="not as radarseq wrote it") as caught:
        read_json(path, error)
    assert str(path) in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        {},
        {"a": 0.30000000000000004, "b": 1e-05, "c": "\x1b\udcff\\/é", "d": [[], {}, None, True]},
    ],
)
def test_each_flipped_bit_and_each_truncation_of_json_is_refused(tmp_path, content):
    """Also one that leaves every value as it was, such as 1E-05 for 1e-05."""
    path = tmp_path / "f.json"
    write_json(path, content)
    image = path.read_bytes()
    assert read_json(path, DatasetError) == content
    for position in range(8 * len(image)):
        damaged = bytearray(image)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(DatasetError, match="not as radarseq wrote it"):
            read_json(path, DatasetError)
    for size in range(len(image)):
        path.write_bytes(image[:size])
        with pytest.raises(DatasetError, match="not as radarseq wrote it"):
            read_json(path, DatasetError)


def test_the_seal_is_the_digest_with_zeros_in_its_place(tmp_path):
    """As docs/files.md says it, by another hand."""
    write_json(tmp_path / "f.json", {"a": 1, "seal": "of another file"})
    text = (tmp_path / "f.json").read_text()
    seal = json.loads(text)["seal"]
    assert hashlib.sha256(text.replace(seal, "0" * 64).encode()).hexdigest() == seal
    assert read_json(tmp_path / "f.json", DatasetError) == {"a": 1}


def sealed(path, image):
    """Write JSON text with a seal that holds, as somebody who means harm can."""
    image += b', "seal": "' + b"0" * 64 + b'"\n}\n'
    path.write_bytes(image.replace(b"0" * 64, hashlib.sha256(image).hexdigest().encode()))


BOMBS = {
    "large": b'{"a": "' + b"a" * (100 << 20) + b'"',
    "many values": b'{"a": [' + b"[]," * 8_000_000 + b"[]]",
    "deep": b'{"a": ' + b"[" * 300_000 + b"]" * 300_000,
    "a long number": b'{"a": ' + b"1" * 1_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_bomb_of_json_is_refused_at_once(tmp_path, bomb, is_sealed):
    path = tmp_path / "f.json"
    if is_sealed:
        sealed(path, BOMBS[bomb])
    else:
        path.write_bytes(BOMBS[bomb] + b"}")
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from radarseq.errors import DatasetError\n"
        "from radarseq.storage.sealed import read_json\n"
        "def peak():\n"
        "    status = Path('/proc/self/status').read_text()\n"
        "    return int(status.split('VmHWM:')[1].split()[0])\n"
        "before, start = peak(), time.process_time()\n"
        "try: read_json(Path(sys.argv[1]), DatasetError)\n"
        "except DatasetError as fault: print(str(fault)[:300])\n"
        "else: sys.exit('it was read')\n"
        "assert time.process_time() - start < 1\n"
        "assert peak() - before < 200_000, peak()\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    info = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert str(path) in info


def test_what_would_not_be_read_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="expected at most"):
        write_json(tmp_path / "f.json", {"a": [0] * 1_000_001})
    assert names(tmp_path) == []


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "absent"])
def test_what_is_no_plain_file_is_not_read(tmp_path, kind):
    path = tmp_path / "f.json"
    if kind == "link":
        write_json(tmp_path / "g.json", {})
        path.symlink_to(tmp_path / "g.json")
    if kind == "pipe":
        os.mkfifo(path)
    if kind == "folder":
        path.mkdir()
    words = {"link": "a symbolic link; refused", "absent": "not found"}
    for read in (read_json, read_sealed_text):
        with pytest.raises(DatasetError, match=words.get(kind, "not a plain file")):
            read(path, DatasetError)


def test_each_flipped_bit_and_each_truncation_of_a_sealed_text_is_refused(tmp_path):
    path, text = tmp_path / "f.toml", 'a = 1.5\n[b]\nc = "é"\n'
    image = sealed_text(text)
    path.write_bytes(image)
    assert read_sealed_text(path, DatasetError) == text
    assert tomllib.loads(image.decode()) == tomllib.loads(text)
    for position in range(8 * len(image)):
        damaged = bytearray(image)
        damaged[position // 8] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"f\.toml: not as radarseq wrote it"):
            read_sealed_text(path, DatasetError)
    for size in range(len(image)):
        path.write_bytes(image[:size])
        with pytest.raises(DatasetError, match="not as radarseq wrote it"):
            read_sealed_text(path, DatasetError)


def test_a_full_disk_leaves_no_json(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(tmp_path / "f.json", {})
    assert names(tmp_path) == []
