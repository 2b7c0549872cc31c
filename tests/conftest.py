"""What several test modules share: one tiny simulated dataset, and tiny runs trained on it."""

import os

# Before torch: with two threads on cores that others use too, its LSTM spins for a second a call.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
from pathlib import Path

# Tables of these tests are theirs alone, and gone with the machine's other temporary files.
os.environ["RADARSEQ_CACHE"] = tempfile.mkdtemp(prefix="radarseq-tables-")

import numpy as np
import pytest

from radarseq.dataset.read import open_dataset
from radarseq.dataset.schema import Examples, Header
from radarseq.dataset.simulate import simulate
from radarseq.dataset.write import write_dataset
from simulators.objects import MeshBody
from simulators.scattering import meshes
from simulators.scattering.meshes import mesh_files

RECIPE = Path(__file__).parents[1] / "datasets" / "four_shapes.toml"


@pytest.fixture(scope="session")
def space_recipe() -> Path:
    """The recipe of the tumbling space objects."""
    return RECIPE


@pytest.fixture(scope="session")
def plate_recipe(tmp_path_factory) -> Path:
    """A recipe without spheres, whose table takes most of a second to make."""
    path = tmp_path_factory.mktemp("recipe") / "plates.toml"
    shapes = RECIPE.read_text().split("[[objects]]")
    path.write_text("[[objects]]".join(s for s in shapes if 'shape = "sphere"' not in s))
    return path


@pytest.fixture(scope="session")
def space(tmp_path_factory) -> Path:
    """A dataset of 600 looks at space objects, in three shards."""
    folder = tmp_path_factory.mktemp("space") / "data"
    simulate(RECIPE, folder, examples=600, seed=7, rows_per_shard=200)
    return folder


@pytest.fixture(scope="session")
def space_examples(space) -> Examples:
    """The rows of ``space``."""
    return open_dataset(space).load()


@pytest.fixture(scope="session")
def space_run(space, tmp_path_factory) -> Path:
    """A small WaveNet after two epochs on ``space``."""
    from radarseq.training.train import train

    run = tmp_path_factory.mktemp("runs") / "wavenet"
    train(space, run, epochs=2, batch_size=64, width=8, skip=16)
    return run


@pytest.fixture(scope="session")
def lstm_run(space, tmp_path_factory) -> Path:
    """A small LSTM after one epoch on ``space``."""
    from radarseq.training.train import train

    run = tmp_path_factory.mktemp("runs") / "lstm"
    train(space, run, epochs=1, batch_size=64, model="lstm", width=8)
    return run


@pytest.fixture(scope="session")
def space_evaluation(space_run, lstm_run, space, tmp_path_factory):
    """What ``evaluate`` gives for ``space_run`` on the test split, ``lstm_run`` beside it."""
    from radarseq.baselines import classifiers
    from radarseq.evaluation.evaluate import evaluate

    real = classifiers.HistGradientBoostingClassifier
    with pytest.MonkeyPatch.context() as patched:
        # Fewer trees: how good they are is not the matter here.
        patched.setattr(
            classifiers, "HistGradientBoostingClassifier", lambda **s: real(**s | {"max_iter": 5})
        )
        out = tmp_path_factory.mktemp("evaluation") / "e"
        return evaluate(space_run, space, out, compare=[lstm_run], device="cpu")


@pytest.fixture(scope="session")
def toy() -> Examples:
    """240 real sequences of two classes, told apart by the sign of their mean; 80 validate."""
    generator = np.random.default_rng(5)
    label = np.arange(240, dtype=np.int32) % 2
    x = generator.normal(size=(240, 8, 2)) + (2.0 * label - 1.0)[:, None, None]
    split = (np.arange(240) % 3 == 2).astype(np.uint8)
    header = Header(sample_axis="step", class_names=("down", "up"))
    return Examples(header, {"x": x.astype(np.float32), "label": label, "split": split})


@pytest.fixture(scope="session")
def toy_data(toy, tmp_path_factory) -> Path:
    """The rows of ``toy``, as a dataset."""
    folder = tmp_path_factory.mktemp("toy") / "data"
    write_dataset(folder, toy)
    return folder


@pytest.fixture
def plainly(monkeypatch):
    """``evaluate`` on the CPU, without figures and with few trees: they take most of its time."""
    from radarseq.baselines import classifiers
    from radarseq.evaluation import evaluate as judge

    real = classifiers.HistGradientBoostingClassifier
    monkeypatch.setattr(
        classifiers, "HistGradientBoostingClassifier", lambda **s: real(**s | {"max_iter": 5})
    )
    monkeypatch.setattr(judge, "draw_page", lambda *_: None)

    def evaluate(run, data, out, **settings):
        return judge.evaluate(run, data, out, device="cpu", **settings)

    return evaluate


@pytest.fixture
def bus(tmp_path):
    """A box drawn in millimetres, off its centre and turned."""
    pytest.importorskip("trimesh")
    turn = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    mesh = meshes.translate(meshes.rotate(meshes.box(0.3, 0.2, 0.4), turn), [1.0, 2.0, 3.0])
    mesh_files.write_mesh(tmp_path / "bus.obj", mesh, units="mm")
    return MeshBody(name="bus", path=str(tmp_path / "bus.obj"), units="mm", scale=(0.5, 2.0))


# Fixtures that train a model, and folders whose tests run whole commands: `make quick` skips them.
TRAINING_FIXTURES = {"space_run", "lstm_run", "space_evaluation", "formed", "run", "plainly"}
TRAINING_FOLDERS = {"faults", "pipeline", "recorded", "training", "golden"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that train."""
    for item in items:
        folders = set(item.path.relative_to(Path(__file__).parents[1]).parts)
        fixtures = set(getattr(item, "fixturenames", ()))
        if "tests" in folders and (folders & TRAINING_FOLDERS or fixtures & TRAINING_FIXTURES):
            item.add_marker("trains")
