"""Waveforms and meshes that a recipe names: what is read, and what is refused."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from radarseq.artifacts.inspection import inspect
from radarseq.dataset.simulate import simulate
from radarseq.errors import OutputError, RecipeError
from radarseq.recipes.embedded_files import read_waveform
from radarseq.recipes.recipe import parse_recipe, read_recipe
from simulators.scattering import meshes
from simulators.scattering.meshes import mesh_files
from simulators.units import wavenumber

K = wavenumber(10e9)


def test_a_recipe_names_a_mesh_beside_itself_and_inspect_says_its_size(bus, tmp_path):
    recipe = tmp_path / "own.toml"
    recipe.write_text('[[objects]]\nname = "bus"\nshape = "mesh"\npath = "bus.obj"\nunits = "mm"\n')
    info = inspect(recipe)["classes"]["bus"]["scattering"]
    assert info["bounding_m"] == pytest.approx([0.3, 0.2, 0.4])
    assert info["method"].startswith("physical optics on facets")
    assert info["smallest_ka"] == pytest.approx(K * 0.1)
    recipe.write_text(recipe.read_text().replace('"mm"', '"m"'))
    with pytest.raises(RecipeError, match=r"own.toml: objects.bus.path: .*read in 'm'"):
        read_recipe(recipe)


def test_a_dataset_knows_the_mesh_that_it_was_made_with(bus, tmp_path):
    recipe, out = tmp_path / "own.toml", tmp_path / "data"
    recipe.write_text(
        'objects_per_class = 10\n[[objects]]\nname = "my bus"\nshape = "mesh"\n'
        'path = "bus.obj"\nunits = "mm"\n'
    )
    digest = hashlib.sha256(Path(bus.path).read_bytes()).hexdigest()
    stored = simulate(recipe, out, examples=4).header.recipe
    assert f'[mesh_sha256]\n"my bus" = "{digest}"' in stored
    mesh_files.write_mesh(bus.path, meshes.box(0.2, 0.2, 0.2), units="mm")
    with pytest.raises(OutputError, match="holds another dataset"):
        simulate(recipe, out, examples=4, resume=True)
    with pytest.raises(RecipeError, match=f"my bus.path: .* is another file .* {digest}"):
        parse_recipe(stored, str(recipe))


SAMPLES = np.array([1 + 1j, -1.5, 0.25j, 1e-3])
RECIPE = """mode = "pulse"
objects_per_class = 0
[pulse]
waveform_file = "own.npy"
[[objects]]
name = "plate"
shape = "plate"
"""


@pytest.fixture
def recipe(tmp_path):
    np.save(tmp_path / "own.npy", SAMPLES)
    path = tmp_path / "own.toml"
    path.write_text(RECIPE)
    return path


def test_the_samples_are_sent_and_become_part_of_the_text(recipe, tmp_path):
    read = read_recipe(recipe)
    assert read.text.startswith(RECIPE)
    expected = SAMPLES / np.sqrt(np.mean(np.abs(SAMPLES) ** 2))
    dataset = simulate(recipe, tmp_path / "data", examples=3, seed=1)
    np.testing.assert_allclose(dataset.load()["tx"][0, :4], expected, rtol=1e-6)
    stored = parse_recipe(dataset.header.recipe)  # with no file beside it
    assert stored.scene == read.scene
    np.save(tmp_path / "own.npy", 2 * SAMPLES + 1)
    assert read_recipe(recipe).text != read.text


@pytest.mark.parametrize(
    "rows", ["1,1\n-1.5,0 # a\n\n0,0.25\n0.001,0", "1,1\r\n-1.5,0\r\n0,.25\r\n1e-3,0"]
)
def test_a_csv_file_holds_the_parts_in_two_columns(tmp_path, rows):
    (tmp_path / "own.csv").write_text(rows)
    np.testing.assert_array_equal(read_waveform(tmp_path / "own.csv"), SAMPLES)
    (tmp_path / "own.csv").write_text("1\n-1\n1")
    np.testing.assert_array_equal(read_waveform(tmp_path / "own.csv"), [1, -1, 1])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.npy", None, "cannot be read as a waveform .*No such file"),
        ("a.wav", b"", "expected a .npy or .csv file, got '.wav'"),
        ("a.npy", b"garbage", "cannot be read as a waveform"),
        ("a.csv", b"1,2\n3", "cannot be read as a waveform"),
        ("a.csv", b"1,2,3\n1,2,3", r"has shape \(2, 3\); expected one axis"),
        ("a.csv", b"one", "cannot be read as a waveform .*could not convert"),
        ("a.csv", b"0\n0", "samples must be finite, and not all 0"),
        ("a.csv", b"nan", "samples must be finite"),
        ("a.csv", b"", r"has shape \(1, 0\)"),
        ("a.csv", b"1\n" * 1025, r"has shape \(1025,\)"),
    ],
)
def test_what_is_no_waveform_is_refused_by_its_key(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecipeError, match=f"pulse.waveform_file .*{name}: {message}"):
        read_waveform(tmp_path / name)


def test_a_pickle_is_not_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(RecipeError, match="cannot be read as a waveform"):
        read_waveform(tmp_path / "a.npy")


def test_a_waveform_longer_than_the_sequence_is_refused_by_its_key(recipe, tmp_path):
    np.save(tmp_path / "own.npy", np.ones(33))
    with pytest.raises(RecipeError, match=r"pulse.waveform_file holds 33 samples, more than radar"):
        read_recipe(recipe)
