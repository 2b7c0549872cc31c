from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import j1
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from test_motion import directions_by_rotation_matrix
from test_oracles import cone_by_quadrature, gauss, mie_by_recurrence

from radarseq.recipes.recipe import read_recipe
from simulators.amplitudes.of_shape import set_inertia
from simulators.kernels import dwell
from simulators.objects import Sphere
from simulators.pairs import (
    FRESH_TEST,
    FRESH_TRAIN,
    FRESH_VALIDATION,
    STORED,
    PairGenerator,
    Pairs,
)
from simulators.scene import Motion, Radar, Receiver, Scene, Split
from simulators.units import wavelength_m, wavenumber
from simulators.waveforms.codes import code

SCENE = read_recipe(Path(__file__).parents[1] / "datasets" / "four_shapes.toml").scene
# With spheres of nearly one size, whose table takes no time, for what does not depend on them.
QUICK = replace(
    SCENE, objects=(replace(SCENE.objects[0], radius_m=(0.29, 0.3)), *SCENE.objects[1:])
)
COUNT = 20_000


@pytest.fixture(scope="module")
def generator():
    return PairGenerator(SCENE, seed=3)


@pytest.fixture(scope="module")
def many(generator):
    return generator(0, COUNT)


def columns(pairs):
    named = {f.name: getattr(pairs, f.name) for f in fields(Pairs) if f.name != "parameters"}
    return named | pairs.parameters


def image(pairs):
    return {name: values.tobytes() for name, values in columns(pairs).items()}


def joined(parts):
    parts = [columns(part) for part in parts]
    return {name: b"".join(part[name].tobytes() for part in parts) for name in parts[0]}


# Determinism ----------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(1,) * 60, (7, 53), (30, 1, 29), (59, 1)], ids=str)
def test_an_example_is_the_same_bytes_alone_and_in_any_batch(generator, sizes):
    firsts = 100 + np.cumsum([0, *sizes[:-1]])
    parts = [generator(int(first), size) for first, size in zip(firsts, sizes, strict=True)]
    assert joined(parts) == image(generator(100, 60))


def test_a_plain_scene_has_the_bytes_of_the_kernel_that_takes_any(generator, monkeypatch):
    assert isinstance(generator.kernel, dwell.Dwell)
    plain = image(generator(0, 40))
    monkeypatch.setattr(dwell, "_fill_plain_rows", dwell._fill_rows)
    assert image(generator(0, 40)) == plain


def test_threads_share_one_generator(generator):
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda first: generator(first, 250), range(0, 4000, 250)))
    assert joined(parts) == image(generator(0, 4000))


def test_two_generators_of_one_scene_and_seed_agree_and_other_seeds_do_not(generator):
    assert image(PairGenerator(SCENE, seed=3)(0, 20)) == image(generator(0, 20))
    bare = replace(QUICK, table_mib=0)  # a table for every seed would take longer than the test
    here = PairGenerator(bare, seed=3)(0, 20)
    for seed in (4, 3 + 2**32, 2**64 - 1):
        other = PairGenerator(bare, seed=seed)(0, 20)
        assert not np.any(other.rx == here.rx)


def test_indices_beyond_32_bits_are_other_examples(generator):
    near, far = generator(0, 20), generator(2**32, 20)
    assert not np.any(near.rx == far.rx)
    assert image(generator(2**32 + 7, 1)) == joined([generator(2**32 + 7, 1)])
    np.testing.assert_array_equal(generator(2**32 + 7, 1).rx[0], far.rx[7])


def test_an_empty_batch_has_the_shapes_of_a_full_one(generator):
    empty = generator(5, 0)
    assert empty.rx.shape == empty.tx.shape == empty.target.shape == (0, 32)
    assert all(len(values) == 0 for values in columns(empty).values())


def test_types_and_shapes_are_the_documented_ones(many):
    types = {name: str(values.dtype) for name, values in columns(many).items()}
    assert [types[name] for name in ("tx", "rx", "target")] == ["complex64"] * 3
    assert [types[name] for name in ("label", "group", "split")] == ["int32", "int64", "uint8"]
    assert {str(values.dtype) for values in many.parameters.values()} == {"float32"}
    assert many.rx.shape == many.tx.shape == many.target.shape == (COUNT, 32)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match=rf"seed is {seed}; expected 0 to 2\^64 - 1"):
        PairGenerator(QUICK, seed=seed)


@pytest.mark.parametrize(("first", "count"), [(-1, 5), (0, -5)])
def test_a_negative_range_is_refused(generator, first, count):
    with pytest.raises(ValueError, match=f"first {first} and count {count} must be 0 or more"):
        generator(first, count)


# Objects and splits ---------------------------------------------------------------------------


def test_split_shares_are_those_of_the_recipe(many):
    for part, share in enumerate((0.7, 0.15, 0.15)):
        sigma = np.sqrt(share * (1 - share) / COUNT)
        assert np.mean(many.split == part) == pytest.approx(share, abs=4 * sigma)


def test_no_object_is_in_two_splits_or_of_two_classes_or_sizes(many):
    names = ("radius_m", "width_m", "height_m", "length_m")
    sizes = np.stack([many.parameters[name] for name in names], axis=1)
    facts = np.column_stack([many.group, many.split, many.label, np.nan_to_num(sizes, nan=-1)])
    facts = np.unique(facts, axis=0)
    assert len(facts) == len(np.unique(many.group))
    assert facts[:, 0].min() >= 0
    assert facts[:, 0].max() < 4 * SCENE.objects_per_class
    np.testing.assert_array_equal(facts[:, 0] // SCENE.objects_per_class, facts[:, 2])


def test_every_object_is_drawn_about_equally_often():
    scene = replace(QUICK, objects_per_class=20)
    pairs = PairGenerator(scene, seed=1)(0, 10_000)
    groups, counts = np.unique(pairs.group, return_counts=True)
    np.testing.assert_array_equal(groups, np.arange(80))
    assert stats.chisquare(counts).pvalue > 1e-4
    per_split = [len(np.unique(pairs.group[pairs.split == part])) for part in range(3)]
    assert per_split == [4 * count for count in scene.objects_per_split] == [56, 12, 12]


def test_fresh_domains_differ_from_the_stored_one_and_keep_to_their_objects():
    many = PairGenerator(QUICK, seed=3)(0, COUNT)
    homes = {part: set(many.group[many.split == part]) for part in range(3)}
    stored = {row.tobytes() for row in many.rx}
    for part, domain in enumerate((FRESH_TRAIN, FRESH_VALIDATION, FRESH_TEST)):
        fresh = PairGenerator(QUICK, seed=3, domain=domain)(0, 5000)
        assert set(fresh.split) == {part}
        for other in {0, 1, 2} - {part}:
            assert not set(fresh.group) & homes[other]
        assert len(set(fresh.group) & homes[part]) > 0.9 * min(len(homes[part]), 1000)
        drawn = {row.tobytes() for row in fresh.rx}
        assert len(drawn) == 5000
        assert not drawn & stored
        assert not np.any(fresh.parameters["phase_rad"] == many.parameters["phase_rad"][:5000])


def test_an_object_has_the_same_sizes_in_every_domain(many):
    fresh = PairGenerator(SCENE, seed=3, domain=FRESH_TRAIN)(0, 2000)
    stored = dict(zip(many.group, many.parameters["radius_m"], strict=True))
    shared = [
        (value, stored[group])
        for group, value in zip(fresh.group, fresh.parameters["radius_m"], strict=True)
        if group in stored
    ]
    assert len(shared) > 1000
    np.testing.assert_array_equal(*np.array(shared).T)


def test_a_fresh_domain_without_objects_is_refused():
    scene = replace(QUICK, split=Split(train=1.0, validation=0.0), table_mib=0)
    with pytest.raises(ValueError, match="without objects"):
        PairGenerator(scene, seed=1, domain=FRESH_TEST)
    assert set(PairGenerator(scene, seed=1, domain=FRESH_TRAIN)(0, 100).split) == {0}


def test_objects_per_class_0_makes_a_new_object_for_every_example():
    scene = replace(QUICK, objects_per_class=0)
    stored = PairGenerator(scene, seed=3)(50, 4000)
    np.testing.assert_array_equal(stored.group, 50 + np.arange(4000))
    widths = stored.parameters["width_m"][stored.label == 1]
    assert stats.kstest(widths, "uniform", args=(0.1, 0.4)).pvalue > 1e-4
    assert len(np.unique(widths)) > 0.999 * len(widths)
    assert {0, 1, 2} == set(stored.split)
    fresh = PairGenerator(scene, seed=3, domain=FRESH_TEST)(50, 4000)
    assert set(fresh.split) == {2}
    assert not np.any(fresh.parameters["phase_rad"] == stored.parameters["phase_rad"])


# The echo, by another route -------------------------------------------------------------------


def principal_moments(name, sizes):
    """Return the moments of inertia per unit mass, by quadrature over the body."""
    if name == "sphere":
        return np.ones(3)
    if name == "plate":
        x, y = (np.average(n**2, weights=w) for n, w in (gauss(-s / 2, s / 2, 5) for s in sizes))
        return np.array([y, x, x + y])
    radius, length = sizes
    z, weight = gauss(0, length, 8)  # a stack of discs, from the tip or the lower end
    rho = radius * z / length if name == "cone" else np.full_like(z, radius)
    mass = weight * rho**2
    centre = np.average(z, weights=mass)
    across = np.average(rho**2 / 4 + (z - centre) ** 2, weights=mass)
    return np.array([across, across, np.average(rho**2 / 2, weights=mass)])


@pytest.mark.parametrize(
    ("item", "sizes"),
    list(zip(SCENE.objects, [(0.2, 1.0), (0.3, 0.4), (0.1, 0.7), (0.15, 0.6)], strict=True)),
    ids=SCENE.class_names,
)
def test_moments_of_inertia_are_those_of_the_uniform_body(item, sizes):
    found = np.empty(3)
    set_inertia(item.kind, np.array(sizes), found)
    expected = principal_moments(item.name, sizes)
    # Free motion knows their ratios alone.
    np.testing.assert_allclose(found / found[2], expected / expected[2], rtol=1e-12)


def amplitude(name, k, sizes, u):
    if name == "sphere":
        return mie_by_recurrence(sizes[0], k)
    if name == "plate":
        width, height = sizes
        pattern = np.sinc(k * width * u[0] / np.pi) * np.sinc(k * height * u[1] / np.pi)
        return -1j * width * height * np.sqrt(4 * np.pi) * k / (2 * np.pi) * abs(u[2]) * pattern
    radius, length = sizes
    if name == "cone":
        return cone_by_quadrature(k, radius, length, u[2], 120, 240)
    aspect = np.arccos(abs(u[2]))
    line = np.sqrt(k * radius * np.sin(aspect)) * length
    line *= np.sinc(k * length * np.cos(aspect) / np.pi)
    side = line * np.exp(1j * (2 * k * radius * np.sin(aspect) - 0.75 * np.pi))
    x = 2 * k * radius * np.sin(aspect)
    end = np.sqrt(np.pi) * k * radius**2 * np.cos(aspect) * 2 * j1(x) / x
    return side - 1j * end * np.exp(1j * k * length * np.cos(aspect))


def echo_from_parameters(pairs, row, scene):
    drawn = {name: float(values[row]) for name, values in pairs.parameters.items()}
    item = scene.objects[pairs.label[row]]
    sizes = [drawn[size] for size in item.size_names]
    k = wavenumber(scene.radar.carrier_hz)
    times = scene.radar.pulse_interval_s * np.arange(scene.radar.steps)
    omega = np.array([drawn[f"tumble_{axis}_rad_per_s"] for axis in "xyz"])
    towards = np.array([drawn[f"direction_{axis}"] for axis in "xyz"])
    moments = principal_moments(item.name, sizes)
    directions = directions_by_rotation_matrix(moments, omega, towards, times)
    if item.name == "sphere":
        scattered = np.full(len(times), amplitude(item.name, k, sizes, None))
    else:
        scattered = np.array([amplitude(item.name, k, sizes, u) for u in directions])
    travel = drawn["velocity_mps"] * times + drawn["acceleration_mps2"] * times**2 / 2
    phase = drawn["phase_rad"] + 4 * np.pi / wavelength_m(scene.radar.carrier_hz) * travel
    return code(scene.radar.code, scene.radar.steps) * scattered * np.exp(1j * phase)


# The stored parameters are float32: 3e-8 of a size of 0.8 m or of a direction moves a phase of
# 2 k r = 300 rad by 1e-5 rad. Where a whole dwell lies in a null of the pattern that is 1e-3 of
# its rms. A cone's tolerance is a share of its base seen face on, and covers its table's error.
@pytest.mark.parametrize(
    ("name", "examples", "tolerance"),
    [("sphere", 12, 1e-5), ("plate", 12, 1e-3), ("cylinder", 12, 1e-3), ("cone", 3, 3e-5)],
)
def test_the_echo_is_that_of_its_stored_parameters_by_independent_code(
    many, name, examples, tolerance
):
    rows = np.flatnonzero(many.label == SCENE.class_names.index(name))[:examples]
    assert len(rows) == examples
    for row in rows:
        expected, found = echo_from_parameters(many, row, SCENE), many.target[row]
        scale = np.sqrt(np.mean(np.abs(expected) ** 2))
        if name == "cone":
            k = wavenumber(SCENE.radar.carrier_hz)
            scale = np.sqrt(np.pi) * k * many.parameters["radius_m"][row] ** 2
        assert np.abs(found - expected).max() < tolerance * scale


def one_sphere(speed, *, tumble=(0.0, 0.0), code="constant", acceleration=0.0):
    return Scene(
        objects=(Sphere(name="ball", radius_m=(0.1, 0.11), tumble_rad_per_s=tumble),),
        radar=Radar(code=code),
        motion=Motion(
            residual_velocity_mps=(speed, speed),
            residual_acceleration_mps2=(acceleration, acceleration),
        ),
        receiver=Receiver(snr_db=(60.0, 60.0)),
    )


@pytest.mark.parametrize("speed", [1.0, -1.0, 0.25])
def test_a_closing_object_has_a_positive_doppler_of_2_v_by_wavelength(speed):
    target = PairGenerator(one_sphere(speed), seed=1)(0, 5).target.astype(complex)
    turn = np.angle(target[:, 1:] * target[:, :-1].conj())
    doppler_hz = turn / (2 * np.pi * 2e-3)
    np.testing.assert_allclose(doppler_hz, 2 * speed / wavelength_m(10e9), rtol=1e-4)
    spectrum = np.abs(np.fft.fft(target, 512, axis=1))
    strongest_hz = np.fft.fftfreq(512, 2e-3)[spectrum.argmax(axis=1)]
    np.testing.assert_allclose(strongest_hz, 2 * speed / wavelength_m(10e9), atol=1 / 512 / 2e-3)


def test_acceleration_towards_the_radar_raises_the_doppler():
    target = PairGenerator(one_sphere(0.0, acceleration=2.0), seed=1)(0, 5).target.astype(complex)
    turn = np.angle(target[:, 1:] * target[:, :-1].conj())
    chirp_hz_per_s = np.diff(turn, axis=1) / (2 * np.pi * 2e-3) / 2e-3
    np.testing.assert_allclose(chirp_hz_per_s, 2 * 2.0 / wavelength_m(10e9), rtol=2e-2)
    np.testing.assert_allclose(chirp_hz_per_s.mean(), 2 * 2.0 / wavelength_m(10e9), rtol=1e-3)


def test_the_echo_of_a_sphere_does_not_change_under_rotation():
    turning = PairGenerator(one_sphere(0.5, tumble=(4.0, 4.0)), seed=1)(0, 20)
    still = PairGenerator(one_sphere(0.5), seed=1)(0, 20)
    assert np.all(turning.parameters["tumble_x_rad_per_s"] != 0)
    np.testing.assert_array_equal(turning.target, still.target)
    size = np.abs(turning.target)
    np.testing.assert_allclose(size, size[:, :1] * np.ones(32), rtol=1e-6)


# Transmitted code -----------------------------------------------------------------------------


def test_tx_is_the_code_and_modulates_the_echo(many):
    np.testing.assert_array_equal(many.tx[0], code("p4", 32).astype(np.complex64))
    assert len(np.unique(many.tx, axis=0)) == 1
    coded = PairGenerator(one_sphere(0.5, code="p4"), seed=1)(0, 5)
    plain = PairGenerator(one_sphere(0.5), seed=1)(0, 5)
    np.testing.assert_allclose(coded.target, plain.target * coded.tx, rtol=1e-5)


def test_a_random_code_is_quadriphase_uniform_and_new_in_each_example():
    pairs = PairGenerator(replace(QUICK, radar=Radar(code="random")), seed=3)(0, 2000)
    np.testing.assert_allclose(pairs.tx**4, 1.0, atol=1e-5)
    quarter = np.round(np.angle(pairs.tx) / (np.pi / 2)).astype(int) % 4
    assert stats.chisquare(np.bincount(quarter.ravel(), minlength=4)).pvalue > 1e-4
    assert len(np.unique(quarter, axis=0)) == 2000
    lagged = np.mean(pairs.tx[:, 1:] * pairs.tx[:, :-1].conj())
    assert abs(lagged) < 4.5 / np.sqrt(2000 * 31)
    plain = PairGenerator(replace(QUICK, radar=Radar(code="constant")), seed=3)(0, 2000)
    np.testing.assert_allclose(pairs.target, plain.target * pairs.tx, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("steps", [2, 7, 33])
def test_any_number_of_steps_even_or_odd(steps):
    pairs = PairGenerator(replace(QUICK, radar=Radar(steps=steps)), seed=3)(0, 2000)
    assert pairs.rx.shape == (2000, steps)
    noise = normalised_noise(pairs)
    assert np.mean(np.abs(noise) ** 2, axis=0) == pytest.approx(np.ones(steps), abs=0.12)


# Noise ----------------------------------------------------------------------------------------


def normalised_noise(pairs):
    noise = pairs.rx.astype(complex) - pairs.target
    return noise / np.sqrt(pairs.parameters["noise_power_m2"].astype(float))[:, None]


def test_noise_has_the_stored_variance_and_is_circular_and_white(many):
    noise = normalised_noise(many)
    bound = 4.5 / np.sqrt(noise.size)
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, abs=bound)
    assert abs(np.mean(noise)) < bound
    assert abs(np.mean(noise**2)) < np.sqrt(2) * bound
    for lag in range(1, 32):
        assert abs(np.mean(noise[:, lag:] * noise[:, :-lag].conj())) < 4.5 / np.sqrt(
            COUNT * (32 - lag)
        )
    assert abs(np.mean(noise[1:] * noise[:-1].conj())) < bound  # from example to example
    for part in (noise.real, noise.imag):
        assert stats.kstest(part.ravel(), "norm", args=(0, np.sqrt(0.5))).pvalue > 1e-4


def test_noise_does_not_know_the_echo(many):
    echo = many.target / np.sqrt(np.mean(np.abs(many.target) ** 2, axis=1, keepdims=True))
    product = np.mean(normalised_noise(many) * echo.conj())
    assert abs(product) < 4.5 / np.sqrt(COUNT * 32)


def test_noise_power_is_the_echo_power_below_the_asked_snr(many):
    power = np.mean(np.abs(many.target.astype(complex)) ** 2, axis=1)
    expected = power / 10 ** (many.parameters["snr_db"].astype(float) / 10)
    np.testing.assert_allclose(many.parameters["noise_power_m2"], expected, rtol=2e-6)


def test_realised_snr_is_what_the_samples_say_and_on_average_what_was_asked(many):
    echo, noise = many.target.astype(complex), many.rx.astype(complex) - many.target
    power, disturbance = (np.mean(np.abs(z) ** 2, axis=1) for z in (echo, noise))
    realised_db = 10 * np.log10(power / disturbance)
    stored_db = many.parameters["realised_snr_db"].astype(float)
    asked_db = many.parameters["snr_db"].astype(float)
    np.testing.assert_allclose(stored_db, realised_db, atol=1e-3)
    assert np.mean(stored_db - asked_db) == pytest.approx(0, abs=0.1)
    # In power there is no bias: 20,000 means of 32 exponential numbers.
    excess = 10 ** ((asked_db - stored_db) / 10)
    assert np.mean(excess) == pytest.approx(1, abs=4.5 / np.sqrt(COUNT * 32))
    assert np.std(excess) == pytest.approx(1 / np.sqrt(32), rel=0.03)


# Priors and leakage ---------------------------------------------------------------------------


def test_labels_are_uniform(many):
    assert stats.chisquare(np.bincount(many.label, minlength=4)).pvalue > 1e-4


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("snr_db", 0, 20),
        ("phase_rad", 0, 2 * np.pi),
        ("velocity_mps", -1, 1),
        ("acceleration_mps2", -2, 2),
        ("direction_x", -1, 1),
        ("direction_y", -1, 1),
        ("direction_z", -1, 1),
    ],
)
def test_nuisances_follow_their_priors(many, name, low, high):
    assert stats.kstest(many.parameters[name], "uniform", args=(low, high - low)).pvalue > 1e-4


def test_the_rate_of_rotation_is_uniform_and_its_axis_isotropic(many):
    omega = np.stack([many.parameters[f"tumble_{axis}_rad_per_s"] for axis in "xyz"], axis=1)
    rate = np.linalg.norm(omega, axis=1)
    assert stats.kstest(rate, "uniform", args=(0.2, 3.8)).pvalue > 1e-4
    for component in (omega / rate[:, None]).T:
        assert stats.kstest(component, "uniform", args=(-1, 2)).pvalue > 1e-4


@pytest.mark.parametrize("family", ["linear", "forest"])
def test_the_class_cannot_be_told_from_the_nuisances(many, family):
    names = ["snr_db", "phase_rad", "velocity_mps", "acceleration_mps2"]
    names += [f"direction_{axis}" for axis in "xyz"]
    nuisances = np.column_stack(
        [many.parameters[name] for name in names] + [many.split, np.arange(COUNT)]
    )
    half = COUNT // 2
    shuffled = np.random.default_rng(0).permutation(COUNT)
    here, there = shuffled[:half], shuffled[half:]

    def accuracy(features):
        model = (
            make_pipeline(StandardScaler(), LogisticRegression())
            if family == "linear"
            else RandomForestClassifier(30, max_depth=8, random_state=0)
        )
        return model.fit(features[here], many.label[here]).score(features[there], many.label[there])

    chance_sigma = np.sqrt(0.25 * 0.75 / half)
    assert accuracy(nuisances) < 0.25 + 3 * chance_sigma
    # The same classifier does find a leak where there is one.
    leak = many.parameters["snr_db"] + 2 * many.label
    assert accuracy(np.column_stack([nuisances, leak])) > 0.25 + 20 * chance_sigma


def test_the_stored_domain_is_the_first(generator):
    assert STORED == 0
    assert generator.domain == STORED
