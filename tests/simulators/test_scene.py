"""Scenes: warnings, ranges, and objects shared out among splits."""

import tomllib
from dataclasses import replace

import pytest
from paths import ROOT

from radarseq.recipes.recipe import read_recipe
from simulators.objects import Cone, Cylinder, Plate, Sphere
from simulators.scene import MAX_STEPS, Motion, Radar, Receiver, Scene, Split

RECIPE = ROOT / "datasets" / "four_shapes.toml"
BALL, PANEL = Sphere(name="ball"), Plate(name="panel")


def test_the_shipped_recipe_says_what_its_text_says_and_warns_of_nothing():
    scene, text = read_recipe(RECIPE).scene, tomllib.loads(RECIPE.read_text())
    assert scene.class_names == ("sphere", "plate", "cylinder", "cone")
    assert scene.warnings() == ()
    assert scene.objects_per_class == text["objects_per_class"]
    assert vars(scene.radar) == text["radar"]
    assert list(scene.motion.residual_velocity_mps) == text["motion"]["residual_velocity_mps"]
    assert list(scene.receiver.snr_db) == text["receiver"]["snr_db"]
    assert vars(scene.split) == text["split"]
    for item, table in zip(scene.objects, text["objects"], strict=True):
        for key, value in table.items():
            found = getattr(item, key)
            assert (list(found) if isinstance(found, tuple) else found) == value
    assert scene.size_names == ("radius_m", "width_m", "height_m", "length_m")


@pytest.mark.parametrize(
    ("item", "extent_m"),
    [
        (Sphere(name="a", radius_m=(0.1, 0.3)), 0.6),
        (Plate(name="a", width_m=(0.1, 0.3), height_m=(0.1, 0.4)), 0.5),
        (Cylinder(name="a", radius_m=(0.1, 0.15), length_m=(0.1, 0.4)), 0.5),
        (Cone(name="a", radius_m=(0.1, 0.3), length_m=(0.1, 0.4)), 0.6),
        (Cone(name="a", radius_m=(0.1, 0.15), length_m=(0.1, 0.2)), 0.3),
        (Cone(name="a", radius_m=(0.1, 0.15), length_m=(0.1, 0.8)), 0.8139),
    ],
)
def test_largest_extent_is_from_tip_to_tip(item, extent_m):
    assert item.largest_extent_m() == pytest.approx(extent_m, abs=1e-4)


def test_a_rotation_that_aliases_is_warned_of_with_a_pulse_interval_that_would_not():
    # wavelength / (2 D) at 10 GHz and D = 0.5 m is 0.02998 rad; 20 rad/s times 2 ms is 0.04.
    panel = Plate(
        name="panel", width_m=(0.1, 0.3), height_m=(0.1, 0.4), tumble_rad_per_s=(0.0, 20.0)
    )
    scene = Scene(objects=(BALL, panel))
    (warning,) = scene.warnings()
    for part in ("objects.panel", "0.0400 rad", "0.0300 rad", "1.50e-03", "aliases"):
        assert part in warning
    assert replace(scene, radar=Radar(pulse_interval_s=1.49e-3)).warnings() == ()
    assert len(replace(scene, radar=Radar(pulse_interval_s=1.51e-3)).warnings()) == 1


def test_a_turning_sphere_does_not_alias():
    assert Scene(objects=(replace(BALL, tumble_rad_per_s=(0.0, 1000.0)),)).warnings() == ()


@pytest.mark.parametrize("interval", [(-4.0, 1.0), (1.0, 4.0)])
def test_a_velocity_that_aliases_is_warned_of(interval):
    # wavelength / (4 T) at 10 GHz and 2 ms is 3.747 m/s.
    still = (0.0, 0.0)
    scene = Scene(
        objects=(BALL,),
        motion=Motion(residual_velocity_mps=interval, residual_acceleration_mps2=still),
    )
    (warning,) = scene.warnings()
    for part in ("motion: up to 4 m/s", "3.75 m/s", "1.87e-03", "aliases"):
        assert part in warning
    assert replace(scene, radar=Radar(pulse_interval_s=1.87e-3)).warnings() == ()
    slower = Motion(residual_velocity_mps=(-3.7, 3.7), residual_acceleration_mps2=still)
    assert replace(scene, motion=slower).warnings() == ()
    # 10 m/s^2 over 31 pulse intervals of 2 ms adds 0.62 m/s.
    gaining = replace(slower, residual_acceleration_mps2=(0.0, 10.0))
    assert "up to 4.32 m/s" in replace(scene, motion=gaining).warnings()[0]


def test_every_warning_is_given():
    fast = replace(PANEL, tumble_rad_per_s=(0.0, 50.0))
    scene = Scene(
        objects=(fast, Cone(name="nose", tumble_rad_per_s=(0.0, 50.0))),
        motion=Motion(residual_velocity_mps=(0.0, 10.0)),
    )
    assert len(scene.warnings()) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sphere(name="a", radius_m=(0.3, 0.1)), r"radius_m is \[0.3, 0.1\]; the lower end"),
        (lambda: Sphere(name="a", radius_m=(0.0, 0.1)), "radius_m must be above 0, got 0.0"),
        (lambda: Sphere(name="a", radius_m=(-0.1, 0.1)), r"radius_m is \[-0.1, 0.1\]; expected 0"),
        (lambda: Plate(name="a", height_m=(0.2, 0.1)), r"height_m is \[0.2, 0.1\]; the lower"),
        (lambda: Cone(name="a", length_m=(0.0, 0.1)), "length_m must be above 0"),
        (lambda: Cylinder(name="a", tumble_rad_per_s=(-1.0, 1.0)), "tumble_rad_per_s is .* 0 to 1"),
        (lambda: Cylinder(name="a", tumble_rad_per_s=(2.0, 1.0)), "tumble_rad_per_s is .* lower"),
        (lambda: Sphere(name=""), "name must not be empty"),
        (lambda: Motion(residual_velocity_mps=(1.0, -1.0)), r"residual_velocity_mps is \[1.0, -1"),
        (lambda: Motion(residual_acceleration_mps2=(1.0, 0.0)), "residual_acceleration_mps2 is"),
        (lambda: Receiver(snr_db=(20.0, 0.0)), r"snr_db is \[20.0, 0.0\]; the lower end comes"),
        (lambda: Radar(carrier_hz=0.0), "carrier_hz must be 1e6 to 1e13, got 0.0"),
        (lambda: Radar(pulse_interval_s=-1.0), "pulse_interval_s must be 1e-9 to 1e3, got -1.0"),
        (lambda: Radar(carrier_hz=1e300), "carrier_hz must be 1e6 to 1e13, got 1e.300"),
        (lambda: Receiver(snr_db=(-4000.0, 0.0)), "snr_db is .* expected -100 to 100"),
        (lambda: Motion(residual_velocity_mps=(0.0, 1e300)), "expected -100000 to 100000"),
        (lambda: Scene(objects=(BALL,), objects_per_class=10**22), "expected 0 to 10,000,000"),
        (lambda: Radar(steps=1), f"steps must be 2 to {MAX_STEPS}, got 1"),
        (lambda: Radar(steps=MAX_STEPS + 1), f"got {MAX_STEPS + 1}"),
        (lambda: Split(train=0.9, validation=0.2), "split.train 0.9 and split.validation 0.2"),
        (lambda: Split(train=-0.1), "split.train -0.1"),
        (lambda: Scene(objects=()), "objects is empty; expected at least one"),
        (lambda: Scene(objects=(BALL, replace(PANEL, name="ball"))), "share a name: ball, ball"),
        (lambda: Scene(objects=(BALL,), objects_per_class=-1), "objects_per_class is -1"),
    ],
)
def test_values_out_of_range_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("item", "key"),
    [
        (Plate(name="a", width_m=(0.014, 0.5)), "objects.a.width_m"),
        (Plate(name="a", height_m=(0.014, 0.5)), "objects.a.height_m"),
        (Cylinder(name="a", radius_m=(0.014, 0.1)), "objects.a.radius_m"),
        (Cone(name="a", length_m=(0.014, 0.1)), "objects.a.length_m"),
    ],
)
def test_bodies_too_small_for_physical_optics_are_refused(item, key):
    # k times 0.0143 m is 3 at 10 GHz.
    with pytest.raises(ValueError, match=rf"{key}: k times 0.014 m is 2.93.*3.0 or more.*0.0143 m"):
        Scene(objects=(item,))
    assert Scene(objects=(item,), radar=Radar(carrier_hz=10.3e9)).class_names == ("a",)


def test_a_sphere_may_be_small_but_not_below_what_its_table_resolves():
    assert Scene(objects=(Sphere(name="shot", radius_m=(5e-4, 1e-3)),)).class_names == ("shot",)
    with pytest.raises(ValueError, match=r"objects.dust.radius_m: k times 0.0001 m is 0.021"):
        Scene(objects=(Sphere(name="dust", radius_m=(1e-4, 1e-3)),))


def test_half_objects_are_rounded_up_to_the_earlier_share():
    split = Split(train=0.375, validation=0.25)
    scene = Scene(objects=(BALL,), objects_per_class=4, split=split)
    assert scene.objects_per_split == (2, 1, 1)


@pytest.mark.parametrize(
    ("count", "split", "message"),
    [
        (2, Split(), "too few for a test share of 0.15; expected at least 7, or 0"),
        (1, Split(train=0.3, validation=0.3), "too few for a train share of 0.3; .* at least 4"),
        (3, Split(train=0.9, validation=0.05), "too few for a validation share of 0.05; .* 20"),
    ],
)
def test_too_few_objects_for_a_share_are_refused(count, split, message):
    with pytest.raises(ValueError, match=f"objects_per_class is {count}, {message}"):
        Scene(objects=(BALL,), objects_per_class=count, split=split)


def test_objects_are_shared_out_whole():
    scene = Scene(objects=(BALL,), objects_per_class=500)
    assert scene.objects_per_split == (350, 75, 75)
    assert Scene(objects=(BALL,), objects_per_class=7).objects_per_split == (5, 1, 1)
    only = Scene(objects=(BALL,), objects_per_class=1, split=Split(train=1.0, validation=0.0))
    assert only.objects_per_split == (1, 0, 0)
    assert Scene(objects=(BALL,), objects_per_class=0).objects_per_split == (0, 0, 0)
    for count in range(7, 200):
        assert sum(Scene(objects=(BALL,), objects_per_class=count).objects_per_split) == count
