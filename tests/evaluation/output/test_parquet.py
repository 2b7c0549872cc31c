"""Parquet tables against the tables of the evaluation."""

import h5py
import numpy as np
import pytest

from radarseq.errors import UsageError

NAME = "{label}_{group}.npz"


def test_parquet_holds_what_the_tables_hold(judged, space_run, captures, tmp_path, plainly):
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [parquet] is not installed")
    result = plainly(space_run, captures, tmp_path / "p", name=NAME, parquet=True)
    windows = parquet.read_table(result.folder / "predictions.parquet")
    with h5py.File(result.folder / "predictions.h5") as file:
        names = [str(name) for name in file.attrs["class_names"]]
        for index, name in enumerate(names):
            expected = file["probability"][:, index]
            assert np.array_equal(windows[f"probability_{name}"].to_numpy(), expected)
        assert np.array_equal(windows["echo_im_3"].to_numpy(), file["echo"][:, 3].imag)
        assert np.array_equal(windows["row"].to_numpy(), file["row"][()])
    summary = parquet.read_table(result.folder / "summary.parquet").to_pylist()
    assert summary == [
        {k: v if v != "" else None for k, v in row.items()} for row in judged.captures
    ]


def test_parquet_without_its_package_is_refused_before_anything_is_done(
    space_run, captures, tmp_path, plainly, monkeypatch
):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match=r"radarseq\[parquet\]"):
        plainly(space_run, captures, tmp_path / "p", parquet=True)
    assert not (tmp_path / "p").exists()
