"""Recipes: what is read, and what is refused by key."""

import pytest
from paths import ROOT

from radarseq.errors import EXIT_USAGE, RecipeError
from radarseq.recipes.recipe import parse_recipe, read_recipe

HEAD = '[[objects]]\nname = "ball"\nshape = "sphere"\n'


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('target = "rcs"\nlevel = "normalised"', ('target = "rcs"', "level")),
        ('target = "forecast"', ("horizon is 0", "1 to 31")),
        ("horizon = 3", ("horizon is 3", 'target = "forecast"')),
        ('target = "eco"', ("target", "'eco'")),
        ("table_mib = -1", ("table_mib is -1",)),
        (
            "[receiver]\nsnr_db = [0.0, 9.0]\n[environment.range_equation]\npeak_power_w = 1e6",
            ("receiver.snr_db", "environment.range_equation.peak_power_w"),
        ),
        ("[environment.cluter]\n", ("'environment.cluter'", "'clutter'")),
        ("[environment.clutter]\nshap = [1.0, 1.0]", ("environment.clutter.shap", "'shape'")),
        ('[environment.clutter]\ndistribution = "k"', ("environment.clutter", "0 levels")),
        ("[receiver.adc]\nbits = 30", ("receiver.adc", "bits is 30")),
        ("[fluctuation]\nswerling = 5", ("fluctuation.swerling", "5")),
    ],
)
def test_contradictory_settings_are_refused_by_key(text, parts):
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text + "\n" + HEAD)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "parts"),
    [
        ('motion = "spin"', ("motion = 'spin' needs spin_rad_per_s",)),
        ("spin_rad_per_s = [1.0, 2.0]", ("spin_rad_per_s has no part in motion = 'tumble'",)),
        ('motion = "roll"', ("objects[0].motion", "'roll'")),
        (
            'motion = "nutation"\nspin_rad_per_s = [1.0, 2.0]\nangle_deg = [10.0, 95.0]',
            ("angle_deg is [10.0, 95.0]", "0 to 89"),
        ),
    ],
)
def test_a_motion_has_its_own_keys(keys, parts):
    with pytest.raises(RecipeError) as caught:
        parse_recipe(HEAD + keys)
    for part in parts:
        assert part in str(caught.value)


RECIPE = ROOT / "datasets" / "four_shapes.toml"
TEXT = RECIPE.read_text()


def changed(old, new):
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    return text


def complaint(text):
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "mine.toml")
    message = str(caught.value)
    assert all(line.startswith("mine.toml: ") for line in message.splitlines())
    assert caught.value.exit_code == EXIT_USAGE
    return message


def test_a_recipe_keeps_its_text_and_name():
    recipe = read_recipe(RECIPE)
    assert recipe.text == TEXT
    assert recipe.name == "four_shapes"
    nameless = parse_recipe(changed('name = "four_shapes"', ""), "folder/mine.toml")
    assert nameless.name == "mine"


def test_whole_numbers_serve_where_real_ones_are_expected():
    scene = parse_recipe(changed("carrier_hz = 10e9", "carrier_hz = 10_000_000_000")).scene
    assert scene == parse_recipe(TEXT).scene
    assert isinstance(scene.radar.carrier_hz, float)


@pytest.mark.parametrize(
    ("old", "new", "key", "nearest"),
    [
        ("[radar]", "[rader]", "rader", "radar"),
        ('name = "four_shapes"', 'nam = "x"', "nam", "name"),
        ("objects_per_class", "object_per_class", "object_per_class", "objects_per_class"),
        ("pulse_interval_s", "pulse_interval", "radar.pulse_interval", "pulse_interval_s"),
        ("snr_db", "snr_dB", "receiver.snr_dB", "snr_db"),
        ("residual_velocity_mps", "velocity_mps", "motion.velocity_mps", "residual_velocity_mps"),
        ("train = 0.7", "trian = 0.7", "split.trian", "train"),
        ("radius_m = [0.05, 0.3]", "radius = [0.05, 0.3]", "objects[0].radius", "radius_m"),
        ("width_m", "widht_m", "objects[1].widht_m", "width_m"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(old, new, key, nearest):
    message = complaint(changed(old, new))
    assert f"unknown key {key!r}: did you mean {nearest!r}? Known keys: " in message


def test_an_unknown_key_like_no_other_is_told_all_known_ones():
    message = complaint("zzz = 1\n" + TEXT)
    assert "did you mean" not in message
    for known in ("objects", "objects_per_class", "radar", "motion", "receiver", "split", "name"):
        assert known in message


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("carrier_hz = 10e9", 'carrier_hz = "10e9"', ("radar.carrier_hz", "number", "'10e9'")),
        ("carrier_hz = 10e9", "carrier_hz = true", ("radar.carrier_hz", "number", "True")),
        ("carrier_hz = 10e9", "carrier_hz = nan", ("radar.carrier_hz", "finite", "nan")),
        ("carrier_hz = 10e9", "carrier_hz = inf", ("radar.carrier_hz", "finite", "inf")),
        ("carrier_hz = 10e9", "carrier_hz = 2026-01-02", ("radar.carrier_hz", "2026-01-02")),
        ("carrier_hz = 10e9", "carrier_hz = -1.0", ("radar", "carrier_hz", "1e6 to 1e13", "-1.0")),
        ("steps = 32", "steps = 32.0", ("radar.steps", "integer", "32.0")),
        ("steps = 32", "steps = true", ("radar.steps", "integer", "True")),
        ("steps = 32", "steps = 1", ("radar", "steps", "2 to", "got 1")),
        ('code = "p4"', 'code = "p5"', ("radar.code", "'zadoff_chu'", "'p5'")),
        ("[0.0, 20.0]", "20.0", ("receiver.snr_db", "array", "20.0")),
        ("[0.0, 20.0]", "[0.0, 20.0, 3.0]", ("receiver.snr_db", "at most 2", "[0.0, 20.0, 3.0]")),
        ("[0.0, 20.0]", "[0.0]", ("receiver.snr_db", "missing")),
        ("[0.0, 20.0]", '[0.0, "20"]', ("receiver.snr_db.1", "number", "'20'")),
        ("[0.0, 20.0]", "[20.0, 0.0]", ("receiver", "snr_db", "[20.0, 0.0]", "lower end")),
        ("objects_per_class = 500", "objects_per_class = 0.5", ("objects_per_class", "integer")),
        ("objects_per_class = 500", "objects_per_class = 2", ("objects_per_class is 2", "7")),
        ("train = 0.7", "train = 0.9", ("split.train 0.9", "at most 1")),
        ('"four_shapes"', "3", ("name is 3", "string")),
        ('name = "sphere"', "", ("'objects[0].name'", "missing")),
        ('name = "sphere"', "name = 3", ("objects[0].name", "string", "3")),
        ('name = "sphere"', 'name = "plate"', ("objects", "share a name")),
        ('shape = "sphere"', 'shape = "spheer"', ("objects[0].shape", "'spheer'", "'sphere'")),
        ('shape = "sphere"', "", ("objects[0].shape", "sphere, plate, cylinder, cone")),
        ("width_m = [0.1", "width_m = [0.001", ("objects.plate.width_m", "3.0 or more")),
        ("[0.05, 0.3]", "[0.3, 0.05]", ("objects[0]", "radius_m", "[0.3, 0.05]", "lower end")),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_what_was_expected(old, new, parts):
    message = complaint(changed(old, new))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("objects is empty", "[[objects]]")),
        ("objects = []", ("objects is empty",)),
        ("objects = 3", ("objects must be a list of [[objects]] tables",)),
        ("objects = [3]", ("objects must be a list of [[objects]] tables",)),
        ('radar = 3\n[[objects]]\nname = "a"\nshape = "sphere"', ("radar is 3", "table [radar]")),
        ('[[radar]]\n[[objects]]\nname = "a"\nshape = "sphere"', ("radar is [{}]", "table")),
    ],
)
def test_a_recipe_of_the_wrong_shape_is_refused(text, parts):
    message = complaint(text)
    for part in parts:
        assert part in message


@pytest.mark.parametrize("text", ["name = ", "[radar", "a = 1\na = 2", "= 3"])
def test_what_is_not_toml_is_refused_with_the_line(text):
    message = complaint(text)
    assert "not valid TOML" in message
    assert "at line" in message or "at end of document" in message


def test_every_fault_of_a_recipe_is_named_at_once():
    text = changed("steps = 32", "steps = 3.5").replace("snr_db", "snr").replace("width_m", "wide")
    message = complaint(text)
    assert len(message.splitlines()) >= 3
    for part in ("radar.steps", "receiver.snr", "objects[1].wide"):
        assert part in message


def test_a_recipe_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"absent.toml: cannot be read as a recipe"):
        read_recipe(tmp_path / "absent.toml")
    with pytest.raises(RecipeError, match="cannot be read as a recipe"):
        read_recipe(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"binary.toml: cannot be read as a recipe"):
        read_recipe(tmp_path / "binary.toml")
    (tmp_path / "huge.toml").write_text("#" * (1 << 21))
    with pytest.raises(RecipeError, match=r"huge.toml: larger than 1 MiB"):
        read_recipe(tmp_path / "huge.toml")
