"""Output folders that one process owns at a time."""

import fcntl
import os
import signal
import subprocess
import sys

import pytest
from datasets_made import names

from radarseq.errors import OutputError
from radarseq.storage.output_folder import LOCK_NAME, UNFINISHED_MARK, output_folder, sweep


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
    info = [process.communicate(timeout=60)[1] for process in many]
    assert [process.returncode for process in many] == [0] * 4, info


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
