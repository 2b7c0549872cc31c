"""The cache of tables: folders without room, and files that are forgotten."""

import numpy as np

from simulators import disk_cache
from simulators.disk_cache import cached, key_of


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("RADARSEQ_CACHE", str(tmp_path / "file"))
    made = [cached(key_of("a", 1), (3,), np.float64, lambda: np.arange(3.0)) for _ in range(2)]
    np.testing.assert_array_equal(made, [[0, 1, 2]] * 2)


def test_the_files_unused_for_longest_go_when_there_are_too_many(folder, monkeypatch):
    monkeypatch.setattr(disk_cache, "MAX_FOLDER_BYTES", 300)
    for name in "abcde":
        cached(key_of(name), (10,), np.float64, lambda: np.zeros(10))
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 300
