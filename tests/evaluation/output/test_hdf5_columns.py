"""Files of columns: what was written, and the same bytes twice."""

import h5py
import numpy as np
import pytest

from radarseq.evaluation.output.hdf5_columns import OutputColumn, column_file


@pytest.mark.parametrize("rows", [0, 1, 1000])
def test_a_column_file_holds_what_was_written_and_the_same_bytes_twice(tmp_path, rows):
    generator = np.random.default_rng(rows)
    data = {
        "a": generator.random((rows, 3), dtype=np.float32),
        "b": np.arange(rows),
        "c": (generator.random((rows, 5)) + 1j).astype(np.complex64),
    }
    columns = {name: OutputColumn(values.dtype, values.shape[1:]) for name, values in data.items()}
    images = []
    for _ in range(2):
        path = tmp_path / "x.h5"
        with column_file(path, columns, rows, lambda f: f.attrs.update({"k": 1})) as writer:
            for first in range(0, rows, 137):
                writer.write(first, {n: v[first : first + 137] for n, v in data.items()})
        images.append(path.read_bytes())
        with h5py.File(path) as file:
            assert all(np.array_equal(file[name][()], data[name]) for name in data)
            assert file.attrs["k"] == 1
    assert images[0] == images[1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.h5"]
