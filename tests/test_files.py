"""Files that are whole or absent; folders that one process owns at a time."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from radarseq.errors import CheckpointError, DatasetError, OutputError
from radarseq.files import (
    LOCK_NAME,
    output_folder,
    read_json,
    recover_folder,
    replace_folder,
    sha256_file,
    sha256_of,
    sweep,
    write_atomically,
    write_json,
)

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
    ("content", "word"),
    [
        (b"", "not readable as JSON"),
        (b"{", "not readable as JSON"),
        (b"\xff{}", "not readable as JSON"),
        (b"[" * 100_000, "not readable as JSON"),
        (b'{"a": ' * 100_000, "not readable as JSON"),
        (b"[1]", "holds a list"),
        (b"null", "holds a NoneType"),
    ],
)
def test_what_is_not_a_json_object_is_refused_with_its_name(tmp_path, content, word, error):
    path = tmp_path / "f.json"
    path.write_bytes(content)
    with pytest.raises(error, match=word) as caught:
        read_json(path, error)
    assert str(path) in str(caught.value)


def test_absent_unreadable_and_enormous_json_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="not found"):
        read_json(tmp_path / "f.json", DatasetError)
    with pytest.raises(DatasetError, match="not readable"):
        read_json(tmp_path, DatasetError)
    with (tmp_path / "big.json").open("wb") as file:
        file.truncate(100 << 20)
    start = time.perf_counter()
    with pytest.raises(DatasetError, match="104857600 bytes; expected at most"):
        read_json(tmp_path / "big.json", DatasetError)
    assert time.perf_counter() - start < 1.0


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


def test_recovery_leaves_a_whole_folder_alone(tmp_path):
    final = a_folder(tmp_path / "final", "new")
    a_folder(tmp_path / "final.old", "old")
    recover_folder(final)
    assert (final / "f").read_text() == "new"
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
from radarseq.files import output_folder
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
        "from radarseq.files import output_folder\n"
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
