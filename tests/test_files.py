"""Files that are whole or absent; folders that one process owns at a time."""

import errno
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from radarseq.errors import CheckpointError, DatasetError, OutputError
from radarseq.storage.atomic import (
    atomic_file,
    recover_folder,
    replace_folder,
    sha256_file,
    sha256_of,
    write_atomically,
)
from radarseq.storage.output_folder import LOCK_NAME, UNFINISHED_MARK, output_folder, sweep
from radarseq.storage.sealed import read_json, read_sealed_text, sealed_text, write_json

# sha256 of "abc": FIPS 180-4, appendix B.1
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def full(_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_digest_is_sha256(tmp_path):
    assert sha256_of(b"abc") == ABC
    (tmp_path / "f").write_bytes(b"abc" * 1_000_000)
    assert sha256_file(tmp_path / "f") == sha256_of(b"abc" * 1_000_000)


@pytest.mark.parametrize("content", [b"", b"abc", bytes(3_000_000)])
def test_a_file_is_written_whole_and_alone(tmp_path, content):
    write_atomically(tmp_path / "f", b"old")
    write_atomically(tmp_path / "f", memoryview(content))
    assert (tmp_path / "f").read_bytes() == content
    assert names(tmp_path) == ["f"]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch, kind, there):
    if there:
        (tmp_path / "f").write_bytes(b"old")

    def stop(_):
        raise kind

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(kind):
        write_atomically(tmp_path / "f", b"new")
    assert names(tmp_path) == (["f"] if there else [])
    assert not there or (tmp_path / "f").read_bytes() == b"old"


def test_the_content_is_on_disk_before_the_name_is(tmp_path, monkeypatch):
    seen, real = [], os.fsync

    def watching(descriptor):
        seen.append(names(tmp_path))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watching)
    write_atomically(tmp_path / "f", b"new")
    assert seen == [["f.part"], ["f"]]  # the file, then its folder


def test_a_signal_as_soon_as_the_file_is_there_leaves_nothing(tmp_path, monkeypatch):
    real = Path.open

    def signalled(path, *mode):
        real(path, *mode).close()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "open", signalled)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "f", b"new")
    assert names(tmp_path) == []


def test_two_who_write_the_same_file_do_not_get_in_each_others_way(tmp_path):
    """A worker that was given up may still be writing what another was told to do again."""
    path = tmp_path / "f"
    with atomic_file(path) as first:
        first.write(b"who")
        first.flush()
        with atomic_file(path) as second:
            second.write(b"whole")
        assert path.read_bytes() == b"whole"
        first.write(b"le")
    assert path.read_bytes() == b"whole"
    with pytest.raises(KeyError), atomic_file(path) as first:
        with atomic_file(path) as second:
            second.write(b"whole")
        raise KeyError
    assert path.read_bytes() == b"whole"
    assert names(tmp_path) == ["f"]


def test_what_a_name_of_greatest_length_allows_is_an_oserror(tmp_path):
    with pytest.raises(OSError, match="too long"):
        write_atomically(tmp_path / ("a" * 255), b"new")
    assert names(tmp_path) == []


# --- JSON


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
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert str(path) in told


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


# --- replacing a folder


def a_folder(path, content):
    path.mkdir()
    (path / "f").write_text(content)
    return path


def test_a_folder_takes_the_place_of_another(tmp_path):
    final = a_folder(tmp_path / "final", "old")
    for content in ("new", "newer"):
        replace_folder(a_folder(tmp_path / "final.part", content), final)
        assert names(tmp_path) == ["final", "final/f"]
        assert (final / "f").read_text() == content


@pytest.mark.parametrize("step", range(2))
def test_a_replacement_stopped_between_its_renames_loses_nothing(tmp_path, monkeypatch, step):
    final, new = a_folder(tmp_path / "final", "old"), a_folder(tmp_path / "final.part", "new")
    real, calls = type(tmp_path).rename, []

    def rename(self, target):
        calls.append(target)
        if len(calls) == step + 1:
            raise KeyboardInterrupt
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(type(tmp_path), "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            replace_folder(new, final)
    recover_folder(final)
    assert (final / "f").read_text() == "old"
    replace_folder(new, final)
    assert (final / "f").read_text() == "new"
    assert names(tmp_path) == ["final", "final/f"]


def test_recovery_leaves_a_whole_folder_alone_and_ends_its_replacement(tmp_path):
    final = a_folder(tmp_path / "final", "new")
    a_folder(tmp_path / "final.old", "old")
    recover_folder(final)
    assert (final / "f").read_text() == "new"
    assert names(tmp_path) == ["final", "final/f"]
    recover_folder(tmp_path / "none")
    assert not (tmp_path / "none").exists()


# --- output folders


@pytest.mark.parametrize("depth", [1, 3])
def test_an_output_folder_is_made_and_its_lock_goes(tmp_path, depth):
    folder = tmp_path.joinpath(*["a"] * depth)
    with output_folder(folder) as owned:
        assert owned == folder
        assert (folder / LOCK_NAME).exists()
        (folder / "f").write_text("kept")
    assert names(folder) == ["f"]


def test_a_folder_that_is_not_empty_is_refused_unless_resumed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with (
        pytest.raises(OutputError, match=r"not empty \(1 entries, 'mine'"),
        output_folder(tmp_path),
    ):
        pytest.fail("it was let in")
    with output_folder(tmp_path, resume=True):
        pass
    assert names(tmp_path) == ["mine"]


PATTERNS = ("summary.csv", "plots")


def test_work_that_starts_anew_empties_what_it_left_alone(tmp_path):
    with pytest.raises(KeyError), output_folder(tmp_path, unfinished=PATTERNS):
        (tmp_path / "summary.csv").write_text("half")
        (tmp_path / "plots").mkdir()
        (tmp_path / "plots" / "a.png").write_text("half")
        raise KeyError
    assert UNFINISHED_MARK in names(tmp_path)
    (tmp_path / "x.csv.part").write_text("of a killed process")
    with output_folder(tmp_path, unfinished=PATTERNS):
        assert names(tmp_path) == [LOCK_NAME, UNFINISHED_MARK]
        (tmp_path / "summary.csv").write_text("whole")
    assert names(tmp_path) == ["summary.csv"]


@pytest.mark.parametrize("also", [None, "thesis.txt"])
def test_a_file_that_only_has_our_name_is_left_alone(tmp_path, also):
    """Without the mark it is somebody's own; with something beside it, nothing is emptied."""
    (tmp_path / "summary.csv").write_text("years of work")
    if also:
        (tmp_path / also).write_text("years of work")
        (tmp_path / UNFINISHED_MARK).touch()
    before = names(tmp_path)
    with (
        pytest.raises(OutputError, match="not empty"),
        output_folder(tmp_path, unfinished=PATTERNS),
    ):
        pytest.fail("it was let in")
    assert names(tmp_path) == before


def test_work_that_fails_before_it_writes_leaves_no_mark(tmp_path):
    with pytest.raises(KeyError), output_folder(tmp_path, unfinished=PATTERNS):
        raise KeyError
    assert names(tmp_path) == []


def test_a_lock_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "mine").write_text("years of work")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LOCK_NAME).symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic links"), output_folder(tmp_path / "out"):
        pytest.fail("it was let in")
    assert (tmp_path / "mine").read_text() == "years of work"


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "f").write_text("mine")
    with pytest.raises(OutputError, match="is a file"), output_folder(tmp_path / "f"):
        pytest.fail("it was let in")
    assert (tmp_path / "f").read_text() == "mine"


def test_the_lock_goes_when_the_work_fails(tmp_path):
    with pytest.raises(KeyError), output_folder(tmp_path):
        raise KeyError
    with output_folder(tmp_path):
        pass


HOLD = """
import sys, time
from pathlib import Path
from radarseq.storage.output_folder import output_folder
with output_folder(Path(sys.argv[1]), resume=True) as folder:
    (folder / "half.part").write_text("half")
    (folder / "last.part").mkdir()
    (folder / "last.part" / "model.part").write_text("half")
    (folder / "whole").write_text("whole")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that works in ``tmp_path``."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_kept_out_until_the_first_is_killed(tmp_path, holder):
    before = names(tmp_path)
    for resume in (True, False):
        with (
            pytest.raises(OutputError, match="another process is writing here") as caught,
            output_folder(tmp_path, resume=resume),
        ):
            pytest.fail("it was let in")
        assert caught.value.exit_code == 2
        assert names(tmp_path) == before
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert names(tmp_path) == before  # the lock file too: it is stale, and in nobody's way
    with output_folder(tmp_path, resume=True):
        assert names(tmp_path) == [LOCK_NAME, "whole"]
    assert names(tmp_path) == ["whole"]


def test_of_many_processes_one_gets_the_folder(tmp_path):
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from radarseq.errors import OutputError\n"
        "from radarseq.storage.output_folder import output_folder\n"
        "folder = Path(sys.argv[1])\n"
        "for _ in range(300):\n"
        "    try:\n"
        "        with output_folder(folder, resume=True):\n"
        "            try: (folder / 'mine').mkdir()\n"
        "            except FileExistsError: sys.exit('two at once')\n"
        "            (folder / 'mine').rmdir()\n"
        "    except OutputError: pass\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    many = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    told = [process.communicate(timeout=60)[1] for process in many]
    assert [process.returncode for process in many] == [0] * 4, told


def test_a_lock_on_a_file_that_is_no_longer_there_keeps_nobody_out(tmp_path, monkeypatch):
    """The first holder ends, and a third comes, between our opening of the file and our lock."""
    real, others = fcntl.flock, []

    def overtaken(lock, how):
        real(lock, how)
        if not others:
            (tmp_path / LOCK_NAME).unlink()
            others.append((tmp_path / LOCK_NAME).open("w"))
            real(others[0], how)

    monkeypatch.setattr(fcntl, "flock", overtaken)
    with pytest.raises(OutputError, match="another process"), output_folder(tmp_path):
        pytest.fail("it was let in beside the third")
    others[0].close()


def test_sweeping_takes_leftovers_alone(tmp_path):
    for name in ("a.part", "b/c.part", "keep.txt", "b/keep.partly", "part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "d.part/e").mkdir(parents=True)
    (tmp_path / "d.part/e/f.part").write_text("f")
    sweep(tmp_path)
    assert names(tmp_path) == ["b", "b/keep.partly", "keep.txt", "part"]
    sweep(tmp_path)


def test_sweeping_follows_no_link(tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "precious.part").write_text("mine")
    (folder / "link").symlink_to(outside)
    (folder / "file.part").symlink_to(outside / "precious.part")
    sweep(folder)
    assert (outside / "precious.part").read_text() == "mine"
    assert names(folder) == ["link"]


def test_sweeping_removes_a_link_to_a_folder(tmp_path):
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (outside / "precious").write_text("mine")
    (folder / "folder.part").symlink_to(outside)
    sweep(folder)
    assert (outside / "precious").read_text() == "mine"
    assert names(folder) == []


def test_a_full_disk_leaves_no_json(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(tmp_path / "f.json", {})
    assert names(tmp_path) == []


def test_a_kill_while_leftovers_are_removed_leaves_a_folder_that_can_be_taken_again(
    tmp_path, monkeypatch
):
    for name in (UNFINISHED_MARK, "a.npz", "b.npz"):
        (tmp_path / name).touch()

    def killed_after_one(entries):
        min(entries).unlink()  # the mark, if it is among them
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("radarseq.storage.output_folder._remove", killed_after_one)
        with pytest.raises(KeyboardInterrupt):
            with output_folder(tmp_path, unfinished=("*.npz",)):
                pass
    with output_folder(tmp_path, unfinished=("*.npz",)) as folder:
        assert {entry.name for entry in folder.iterdir()} <= {LOCK_NAME, UNFINISHED_MARK}
