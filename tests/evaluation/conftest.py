"""Recordings and evaluations shared by the tests of radarseq.evaluation."""

import shutil

import pytest

from radarseq.baselines import classifiers
from radarseq.captures.conversion.export import export
from radarseq.evaluation import evaluate as judge

NAME = "{label}_{group}.npz"


@pytest.fixture(scope="module")
def captures(space, tmp_path_factory):
    """A dozen objects of the test split as recordings, one bad, one of an unknown class."""
    folder = tmp_path_factory.mktemp("captures") / "c"
    files = export(space, folder, limit=12)
    (folder / "cone_900.npz").write_bytes(b"no zip")
    shutil.copy(files[0], folder / "brick_901.npz")
    return folder


@pytest.fixture
def judged(space_run, captures, tmp_path, plainly):
    """All of them, on one worker."""
    return plainly(space_run, captures, tmp_path / "one", name=NAME)


@pytest.fixture
def drawn():
    """For tests that need the real report; elsewhere it takes most of the time."""


@pytest.fixture
def quick(request, monkeypatch):
    """Fewer trees, as in ``space_evaluation``, and no figures."""
    real = classifiers.HistGradientBoostingClassifier

    def few_trees(**settings):
        return real(**settings | {"max_iter": 5})

    monkeypatch.setattr(classifiers, "HistGradientBoostingClassifier", few_trees)
    if "drawn" not in request.fixturenames:
        monkeypatch.setattr(judge, "draw_page", lambda *_: None)


@pytest.fixture(scope="module")
def test_rows(space_examples):
    return space_examples.part("test")
