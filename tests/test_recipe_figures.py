"""What a recipe looks like: the files, and the numbers that the figures are drawn from."""

import numpy as np
import pytest
from matplotlib import image

from radarseq.artifacts.inspection import plot
from radarseq.errors import OutputError, UsageError
from radarseq.report.recipe.bodies import cut_dbsm, middle_sizes
from simulators.objects import SHAPES, Cylinder, Plate
from simulators.objects.outlines import outline

FILES = {"body-pan_el.png", "rcs-pan_el.png", "pairs.png", "ambiguity.png", "classes.png"}
OBJECTS = '[[objects]]\nname = "pan/el"\nshape = "plate"\n'
PULSE = 'mode = "pulse"\n[pulse]\nwaveform = "barker"\n'


def test_a_cylinder_flashes_broadside_with_the_rcs_of_its_closed_form():
    item = Cylinder(name="tank", radius_m=(0.05, 0.05), length_m=(0.3, 0.3))
    aspect, xz, yz = cut_dbsm(item, 10e9)
    beside = np.abs(aspect - np.pi / 2) < np.pi / 4
    flash = np.flatnonzero(beside)[xz[beside].argmax()]
    assert np.degrees(aspect[flash]) == pytest.approx(90, abs=0.3)
    assert xz[flash] == pytest.approx(-0.2543, abs=0.01)
    assert xz[0] == pytest.approx(-0.6425, abs=0.01)  # its end
    np.testing.assert_allclose(xz, yz, atol=1e-6)


def test_both_cuts_of_a_plate_have_the_null_of_their_own_side():
    item = Plate(name="panel", width_m=(1.0, 1.0), height_m=(0.5, 0.5))
    aspect, xz, yz = cut_dbsm(item, 2.99792458e9)  # 0.1 m
    for cut, side in ((xz, 1.0), (yz, 0.5)):
        null = np.argmin(np.abs(aspect - np.arcsin(0.1 / 2 / side)))
        assert cut[null - 2 : null + 3].min() < cut[0] - 18  # the first lobe beyond is 13 dB down


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"mesh"}))
def test_every_shape_has_an_outline_as_large_as_it_says(shape):
    item = SHAPES[shape](name="it")
    mesh = outline(item, [high for _, high in item.sizes()])
    assert np.isfinite(mesh.vertices).all()
    assert 0.75 * item.largest_extent_m() < mesh.extent_m < 1.02 * item.largest_extent_m()
    assert outline(item, middle_sizes(item)).extent_m <= mesh.extent_m


@pytest.mark.parametrize("mode", ["", PULSE], ids=["dwell", "pulse"])
def test_the_figures_of_a_recipe_are_png_files_with_something_in_them(tmp_path, mode):
    path = tmp_path / "one.toml"
    path.write_text(mode + OBJECTS)
    told = plot(path, tmp_path / "plots")
    assert set(told["files"]) == {p.name for p in (tmp_path / "plots").iterdir()} == FILES
    for name in FILES:
        pixels = image.imread(tmp_path / "plots" / name)
        assert min(pixels.shape[:2]) > 300
        assert 0.02 < np.mean(pixels[..., :3].min(axis=2) < 0.9) < 0.9
    with pytest.raises(OutputError, match="not empty"):
        plot(path, tmp_path / "plots")


def test_the_figures_of_series(tmp_path):
    (tmp_path / "s.toml").write_text('kind = "series"\nfeatures = 2\n')
    assert set(plot(tmp_path / "s.toml", tmp_path / "plots")["files"]) == {"series.png"}


def test_only_a_recipe_has_figures(space, tmp_path):
    with pytest.raises(UsageError, match="is a dataset; expected a recipe"):
        plot(space, tmp_path / "plots")
    assert not (tmp_path / "plots").exists()
