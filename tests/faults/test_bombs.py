"""A few bytes that claim a terabyte, in each file that radarseq writes: refused at once."""

import os
import resource
import shutil
import time
from pathlib import Path

import pytest

import radarseq
from radarseq.artifacts.validation import validate
from radarseq.captures.conversion.export import export
from radarseq.errors import RadarseqError

TERABYTE = 1 << 40
SOON_S, EXTRA_KB = 1.0, 200_000


@pytest.fixture(scope="session")
def exported(space, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "captures"
    export(space, folder, limit=1)
    return folder


@pytest.mark.parametrize("thing", ["dataset", "run", "evaluation", "capture", "recipe"])
def test_every_file_of_ours_that_claims_a_terabyte_is_named_at_once(
    space, space_run, space_evaluation, space_recipe, exported, tmp_path, thing
):
    whole = {
        "dataset": space, "run": space_run, "evaluation": space_evaluation.folder,
        "capture": exported, "recipe": space_recipe,
    }[thing]  # fmt: skip
    if whole.is_file():
        copy = Path(shutil.copy(whole, tmp_path))
    else:
        copy = shutil.copytree(whole, tmp_path / "copy")
    validate(copy)  # whatever is loaded at first use
    files = [copy] if copy.is_file() else [p for p in sorted(copy.rglob("*")) if p.is_file()]
    assert files
    for path in files:
        size = path.stat().st_size
        os.truncate(path, TERABYTE)
        peak, begun = peak_kb(), time.process_time()
        found = validate(copy)
        assert time.process_time() - begun < SOON_S, path
        assert peak_kb() - peak < EXTRA_KB, path
        (fault,) = found.issues
        assert str(path) in fault
        os.truncate(path, size)
    assert validate(copy).is_valid


def peak_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize(
    "file", ["model.safetensors", "manifest.json", "shard-00001.h5", "report.h5"]
)
def test_who_uses_what_claims_a_terabyte_is_told_the_same(
    space, space_run, space_evaluation, tmp_path, file
):
    whole, use = {
        "model.safetensors": (space_run, lambda run: radarseq.load(run)),
        "manifest.json": (space, lambda data: radarseq.open_dataset(data)),
        "shard-00001.h5": (space, lambda data: radarseq.open_dataset(data).load()),
        "report.h5": (space_evaluation.folder, lambda judged: radarseq.redraw(judged)),
    }[file]
    copy = shutil.copytree(whole, tmp_path / "copy")
    for path in copy.rglob(file):
        os.truncate(path, TERABYTE)
    begun = time.process_time()
    with pytest.raises(RadarseqError, match=file):
        use(copy)
    assert time.process_time() - begun < SOON_S
