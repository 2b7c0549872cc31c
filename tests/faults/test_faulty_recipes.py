"""Recipes with faults, through the command line."""

import json

import pytest
from small_runs import RECIPE, TRAINED


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        (
            "objects_per_class = 20",
            "objects_per_clas = 20",
            ["unknown key 'objects_per_clas'", "did you mean 'objects_per_class'?"],
        ),
        (
            "pulse_interval_s = 2e-3",
            "pulse_intervall_s = 2e-3",
            ["'radar.pulse_intervall_s'", "did you mean 'pulse_interval_s'?"],
        ),
        (
            "height_m = [",
            "hight_m = [",
            ["'objects[1].hight_m'", "did you mean 'height_m'?"],
        ),
        ("steps = 32", 'steps = "many"', ["radar.steps", "'many'", "integer"]),
        ("steps = 32", "steps = 32.5", ["radar.steps", "32.5", "integer"]),
        ("steps = 32", "steps = 1", ["steps", "2 to 65536", "got 1"]),
        ("[0.05, 0.3]", "[0.3, 0.05]", ["objects[0]", "radius_m", "0.3", "0.05"]),
        ("[0.05, 0.3]", "0.3", ["objects[0].radius_m", "0.3"]),
        ("2e-3", "-2e-3", ["pulse_interval_s must be", "got -0.002"]),
        ("2e-3", "nan", ["radar.pulse_interval_s", "finite", "nan"]),
        ('shape = "plate"', 'shape = "plait"', ["objects[1].shape", "'plait'", "'plate'", "cone"]),
        ('shape = "plate"', "", ["objects[1].shape", "sphere, plate"]),
        ('name = "plate"', 'name = "rod"', ["share a name", "rod"]),
        ("objects_per_class = 20", "objects_per_class = 2", ["objects_per_class", "at least"]),
        ("[radar]", "radar = 5\n[other]", ["'other'", "radar"]),
        ("[radar]", "[radar", ["not valid TOML", "line 5"]),
    ],
)
def test_a_faulty_recipe_names_the_key_and_what_it_expects(cli, tmp_path, old, new, names):
    assert old in RECIPE
    path = tmp_path / "faulty.toml"
    path.write_text(RECIPE.replace(old, new, 1))
    for command in (("simulate", path, "--out", tmp_path / "out"), ("inspect", path)):
        cli.fails(2, *command, names=(path, *names))
    assert not (tmp_path / "out").exists()


def test_a_recipe_names_all_its_faults_at_once(cli, tmp_path):
    path = tmp_path / "faulty.toml"
    path.write_text(RECIPE.replace("steps = 32", "steps = 1.5").replace("radius_m", "radius_cm"))
    cli.fails(2, "simulate", path, "--out", tmp_path / "out", names=("radar.steps", "radius_cm"))


def test_a_recipe_that_is_not_text_is_refused(cli, tmp_path):
    path = tmp_path / "faulty.toml"
    path.write_bytes(b"name = '\xff\xfe'")
    cli.fails(2, "simulate", path, "--out", tmp_path / "out", names=(path, "recipe"))


def test_an_aliasing_recipe_warns_and_the_warning_stays(cli, tmp_path):
    path, out = tmp_path / "aliasing.toml", tmp_path / "out"
    path.write_text(RECIPE.replace("2e-3", "20e-3"))
    ran = cli.good("simulate", path, "--examples", 200, "--out", out)
    assert "warning: objects.plate: " in ran.stderr
    assert "aliases" in ran.stderr
    assert "warning" not in ran.stdout
    for place in (path, out):
        kept = json.loads(cli.good("inspect", place, "--json").stdout)["warnings"]
        (warning,) = (text for text in kept if "objects.plate" in text)
        assert "pulse_interval_s" in warning
    trained = cli.good("train", out, "--epochs", 1, *TRAINED[:4], "--out", tmp_path / "run")
    assert "warning: objects.plate: " in trained.stderr
