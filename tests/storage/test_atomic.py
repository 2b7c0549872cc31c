"""Files and folders that are whole or absent."""

import os
from pathlib import Path

import pytest
from datasets_made import names

from radarseq.storage.atomic import (
    atomic_file,
    open_plain,
    read_plain,
    recover_folder,
    replace_folder,
    sha256_file,
    sha256_of,
    write_atomically,
)

# sha256 of "abc": FIPS 180-4, appendix B.1
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


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


def test_a_file_with_some_holes_is_read(tmp_path):
    """A file system may keep a run of zeros as a hole."""
    path = tmp_path / "a"
    with path.open("wb") as file:
        file.write(b"x" * (16 << 20))
        file.truncate(100 << 20)
    assert len(read_plain(path)) == 100 << 20
    os.truncate(path, 1 << 30)
    with pytest.raises(OSError, match="16777216 of them stored; refused"):
        open_plain(path)
