"""Figures of a recipe: the files, and refusals."""

import numpy as np
import pytest
from matplotlib import image

from radarseq.artifacts.inspection import plot
from radarseq.errors import OutputError, UsageError

FILES = {"body-pan_el.png", "rcs-pan_el.png", "pairs.png", "ambiguity.png", "classes.png"}
OBJECTS = '[[objects]]\nname = "pan/el"\nshape = "plate"\n'
PULSE = 'mode = "pulse"\n[pulse]\nwaveform = "barker"\n'


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["", PULSE], ids=["dwell", "pulse"])
def test_the_figures_of_a_recipe_are_png_files_with_something_in_them(tmp_path, mode):
    path = tmp_path / "one.toml"
    path.write_text(mode + OBJECTS)
    info = plot(path, tmp_path / "plots")
    assert set(info["files"]) == {p.name for p in (tmp_path / "plots").iterdir()} == FILES
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
