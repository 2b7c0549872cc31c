"""Decisions written as annotations of SigMF recordings."""

import json

import h5py
import numpy as np
import pytest


def a_sigmf_recording(folder, seed=0):
    """Noise of 130 samples, cf32, that somebody has annotated already."""
    generator = np.random.default_rng(seed)
    samples = generator.normal(size=130) + 1j * generator.normal(size=130)
    samples.astype(np.complex64).tofile(folder / "r.sigmf-data")
    mine = {"core:sample_start": 3, "core:sample_count": 5, "core:label": "mine"}
    meta = {
        "global": {"core:datatype": "cf32_le", "core:version": "1.2.0", "core:sample_rate": 500.0},
        "captures": [{"core:sample_start": 0, "core:frequency": 10e9}],
        "annotations": [mine],
    }
    (folder / "r.sigmf-meta").write_text(json.dumps(meta))
    return meta


@pytest.fixture(scope="module")
def uncoded_run(space_examples, tmp_path_factory):
    """A model that needs no transmitted code, as recordings in SigMF have none."""
    from radarseq.dataset.schema import Examples
    from radarseq.dataset.write import write_dataset
    from radarseq.training.train import train

    folder = tmp_path_factory.mktemp("uncoded")
    columns = {k: v for k, v in space_examples.columns.items() if k not in ("tx", "target")}
    columns["rx"] = space_examples["rx"] * space_examples["tx"].conj()
    write_dataset(folder / "d", Examples(space_examples.header, columns))
    train(folder / "d", folder / "run", epochs=1, batch_size=64, width=8, skip=16, device="cpu")
    return folder / "run"


def test_sigmf_recordings_get_annotations_beside_or_within(uncoded_run, tmp_path, plainly):
    meta = a_sigmf_recording(tmp_path)
    original = (tmp_path / "r.sigmf-meta").read_bytes()
    source = tmp_path / "r.sigmf-meta"
    options = {"sample_axis": "slow_time", "hop": 16}
    result = plainly(uncoded_run, source, tmp_path / "e", options=options)
    assert source.read_bytes() == original
    copy = result.folder / "annotations" / "r.sigmf-meta"
    found = json.loads(copy.read_text())
    assert {k: found[k] for k in ("global", "captures")} == {
        k: meta[k] for k in ("global", "captures")
    }
    assert meta["annotations"][0] in found["annotations"]
    own = [a for a in found["annotations"] if a.get("core:generator") == "radarseq"]
    assert [a["core:sample_start"] for a in own] == list(range(0, 97, 16))
    assert {a["core:sample_count"] for a in own} == {32}
    with h5py.File(result.folder / "predictions.h5") as file:
        names = [*(str(n) for n in file.attrs["class_names"]), "unknown"]
        decided = np.where(file["is_unknown"][()] > 0, 4, file["decision"][()])
    assert [a["core:label"] for a in own] == [names[d] for d in decided]
    for number in range(2):  # the second time, the first annotations are replaced
        plainly(uncoded_run, source, tmp_path / f"f{number}", options=options, annotate=True)
    assert json.loads(source.read_text())["annotations"] == found["annotations"]
