"""Folders are walked in order, and links out of them refused."""

from recordings import noise, save

from radarseq.captures.sources.find_files import find_recordings


def test_folders_are_walked_in_order_and_links_out_are_refused(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for name in ("b/2.npy", "a/10.npy", "a/.hidden.npy", ".git/x.npy"):
        save(inside / name, noise(2, 8))
    (inside / "notes.txt").write_text("no capture")
    save(outside / "x.npy", noise(2, 8))
    (inside / "c.npy").symlink_to(outside / "x.npy")
    (inside / "d").symlink_to(outside)
    (inside / "e.npy").symlink_to("b/2.npy")
    found, refused = find_recordings([inside])
    assert [p.relative_to(inside).as_posix() for p in found] == ["a/10.npy", "b/2.npy", "e.npy"]
    assert sorted(failure.path.name for failure in refused) == ["c.npy", "d"]
    assert find_recordings([inside / "b/2.npy", inside])[0] == [found[1], found[0], found[2]]
