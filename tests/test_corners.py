"""Corner reflectors: closed forms against shot rays, which know nothing of them."""

import numpy as np
import pytest

from simulators.scattering import corners, meshes, multibounce
from simulators.scattering.multibounce import multibounce_amplitude_m
from simulators.scattering.physical_optics import amplitude_m
from simulators.scattering.ray_tree import nearest_hit, ray_tree
from simulators.scattering.visibility import visible_facets
from simulators.units import rcs_dbsm, wavenumber

K = wavenumber(10e9)
WAVELENGTH = 2 * np.pi / K
# Rows: the body's x, y and z axes in the frame whose axes are the trihedral's edges.
TO_BODY = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])


def facets(points, towards):
    """Return a flat face with these corners in order, its normal towards a direction."""
    triangles = [[0, i, i + 1] for i in range(1, len(points) - 1)]
    mesh = meshes.Mesh(np.array(points, float), np.array(triangles))
    return mesh if mesh.normals[0] @ towards > 0 else meshes.reverse(mesh)


def dihedral_mesh(width, height):
    """The inside of a dihedral, about the centre of mass."""
    up = np.array([0, 0, height / 2])
    arms = np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2)
    sides = [
        facets([-up, -up + width * arms[i], up + width * arms[i], up], arms[1 - i]) for i in (0, 1)
    ]
    return meshes.translate(meshes.merge(*sides), [-width / np.sqrt(8), 0, 0])


def trihedral_mesh(edge, square):
    """The inside of a trihedral, about the centre of mass."""
    apex, edges = np.zeros(3), edge * np.eye(3)
    faces = []
    for i, j, n in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        middle = [edges[i] + edges[j]] if square else []
        faces.append(facets([apex, edges[i], *middle, edges[j]], np.eye(3)[n]))
    centre = edge / np.sqrt(3) if square else 2 * edge / np.sqrt(27)
    return meshes.translate(meshes.rotate(meshes.merge(*faces), TO_BODY), [0, 0, -centre])


def looks_into(inside, count, seed=0):
    """Return unit vectors whose cosines to the rows of ``inside`` are all above 0.05."""
    vectors = np.random.default_rng(seed).normal(size=(60 * count, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[(vectors @ np.transpose(inside)).min(axis=1) > 0.05][:count]


INTO_DIHEDRAL = looks_into(np.array([[1, -1, 0], [1, 1, 0]]) / np.sqrt(2), 8)
INTO_DIHEDRAL = np.vstack([INTO_DIHEDRAL, INTO_DIHEDRAL * [1, 1, -1]])  # from either end
INTO_TRIHEDRAL = looks_into(TO_BODY.T, 12)


# The numbers of docs/oracles.md


@pytest.mark.parametrize(
    ("square", "level", "tolerance_db"), [(False, -3.3155, 0.18), (True, 6.2269, 0.03)]
)
def test_a_trihedral_of_0_1_m_along_its_axis(square, level, tolerance_db):
    aperture = corners.trihedral_aperture(0.1, square, *[3**-0.5] * 3)
    assert rcs_dbsm(K / np.sqrt(np.pi) * aperture) == pytest.approx(level, abs=5e-5)
    body, axis = trihedral_mesh(0.1, square), [[0.0, 0.0, 1.0]]
    rays = multibounce_amplitude_m(body, axis, [K], first=3, rays_per_wavelength=30)
    assert rcs_dbsm(rays[0, 0]) == pytest.approx(level, abs=tolerance_db)


def test_a_dihedral_of_0_1_m_along_its_axis():
    level = rcs_dbsm(K / np.sqrt(np.pi) * np.sqrt(2) * 0.1**2)  # 8 pi a^2 b^2 / lambda^2
    assert level == pytest.approx(4.4660, abs=5e-5)
    axis = np.array([1.0, 0.0, 0.0])
    faces = [np.exp(-2j * K * 0.1 / np.sqrt(8))] * 2  # the seam lies behind the centre of mass
    two = corners._across_seam(K, 0.1, 0.1, np.sqrt(0.5), np.sqrt(0.5), 0.0) * faces[0]
    assert rcs_dbsm(two) == pytest.approx(4.4660, abs=5e-5)
    body = dihedral_mesh(0.1, 0.1)
    rays = multibounce_amplitude_m(body, [axis], [K], first=2, bounces=2, rays_per_wavelength=30)
    assert rcs_dbsm(rays[0, 0]) == pytest.approx(4.4660, abs=0.13)
    assert np.angle(rays[0, 0] / two) == pytest.approx(0, abs=0.02)


# Closed forms and rays, every bounce, from anywhere inside


def test_a_dihedral_is_what_rays_return_as_a_complex_number():
    width, height = 0.1, 0.13
    closed = np.array([corners.dihedral(K, width, height, *u) for u in INTO_DIHEDRAL])
    peak = K / np.sqrt(np.pi) * np.sqrt(2) * width * height
    body = dihedral_mesh(width, height)
    rays = multibounce_amplitude_m(
        body, INTO_DIHEDRAL, [K], bounces=2, rays_per_wavelength=40, seed=3
    )[:, 0]
    assert np.abs(rays - closed).max() < 0.004 * peak
    one = amplitude_m(body, INTO_DIHEDRAL, [K])[:, 0]
    assert np.abs(closed - one).max() > 0.05 * peak  # the second bounce is there to be seen


@pytest.mark.parametrize("square", [False, True])
def test_a_trihedral_is_what_rays_return_as_a_complex_number(square):
    closed = np.array([corners.trihedral(K, 0.1, square, *u) for u in INTO_TRIHEDRAL])
    peak = K / np.sqrt(np.pi) * corners.trihedral_aperture(0.1, square, *[3**-0.5] * 3)
    body = trihedral_mesh(0.1, square)
    rays = multibounce_amplitude_m(body, INTO_TRIHEDRAL, [K], rays_per_wavelength=50)[:, 0]
    assert np.abs(rays - closed).max() < 0.012 * peak
    assert np.sqrt(np.mean(np.abs(rays - closed) ** 2)) < 0.005 * peak


@pytest.mark.parametrize("square", [False, True])
def test_the_aperture_of_a_trihedral_is_the_area_of_the_rays_that_meet_all_three_faces(square):
    """By counting rays that are mirrored in the walls of an octant where the faces are."""
    rng, edge = np.random.default_rng(5), 0.3
    for look in INTO_TRIHEDRAL[:6] @ TO_BODY:  # in the frame of the edges
        across = np.linalg.svd(look[None])[2][1:]
        size = edge * np.sqrt(3)
        starts = rng.uniform(-size, size, (300_000, 2)) @ across + 3 * edge * look
        # Unfolded, a mirrored ray is a straight line through the three planes.
        meets = np.ones(len(starts), bool)
        for axis in range(3):
            at = np.abs(starts - look * (starts[:, axis] / look[axis])[:, None])
            others = np.delete(at, axis, axis=1)
            meets &= (others.max(axis=1) if square else others.sum(axis=1)) <= edge
        each = (2 * size) ** 2 / len(starts)
        counted, spread = meets.sum() * each, np.sqrt(meets.sum()) * each
        assert abs(corners.trihedral_aperture(edge, square, *look) - counted) < 4.5 * spread


def test_two_bounces_keep_to_one_polarisation():
    """Turned about the look by psi, a corner returns cos(2 psi) to the field that was sent.

    The field lies in the plane of look and z axis; what goes to the other polarisation at 45
    degrees is not received.
    """

    def returned(turn_deg):
        c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
        turned = meshes.rotate(dihedral_mesh(0.1, 0.1), [[1, 0, 0], [0, c, -s], [0, s, c]])
        look = [[1.0, 0.0, 0.0]]
        return multibounce_amplitude_m(turned, look, [K], bounces=2, first=2)[0, 0]

    upright = returned(0.0)
    assert rcs_dbsm(upright) == pytest.approx(4.466, abs=0.3)
    for turn_deg in (30.0, 45.0, 60.0, 90.0):
        expected = np.cos(2 * np.radians(turn_deg))
        assert abs(returned(turn_deg) / upright - expected) < 0.03


@pytest.mark.parametrize("slant", [0.0, 1e-9, 1e-6, 1e-3, 0.4, 0.9])
def test_the_echo_of_a_dihedral_is_smooth_along_its_seam(slant):
    """No loss of digits where the phase along the seam vanishes: neighbours agree."""
    here, there = (
        corners.dihedral(K, 0.1, 0.13, np.sqrt(0.9 - z * z), np.sqrt(0.1), z)
        for z in (slant, slant + 1e-9)
    )
    assert abs(here - there) < 1e-6


def test_from_behind_a_corner_is_its_plates():
    backs = -looks_into(TO_BODY.T, 8, seed=2)
    body = meshes.reverse(trihedral_mesh(0.1, False))
    ours = np.array([corners.trihedral(K, 0.1, False, *u) for u in backs])
    assert np.abs(ours - amplitude_m(body, backs, [K])[:, 0]).max() < 1e-9
    outside = meshes.reverse(dihedral_mesh(0.1, 0.2))
    behind = -INTO_DIHEDRAL
    ours = np.array([corners.dihedral(K, 0.1, 0.2, *u) for u in behind])
    assert np.abs(ours - amplitude_m(outside, behind, [K])[:, 0]).max() < 1e-9


# Shot rays alone


def test_one_bounce_is_physical_optics_with_shadows():
    """A sphere that hides a part of a plate behind it."""
    plate = meshes.translate(meshes.subdivide(meshes.plate(0.4, 0.4), 0.01), [0, 0, -0.3])
    body = meshes.merge(meshes.icosphere(0.1, 4), plate)
    looks = np.array([[0.0, 0.0, 1.0], [0.6, 0.0, 0.8]])
    expected = amplitude_m(body, looks, [K, 0.9 * K], visible=visible_facets(body, looks))
    rays = multibounce_amplitude_m(body, looks, [K, 0.9 * K], bounces=1)
    assert np.abs(rays - expected)[0].max() < 0.01 * np.abs(expected[0]).max()
    assert np.abs(rays - expected)[1].max() < 0.006 * np.abs(expected[0]).max()


def test_a_panel_and_a_bus_make_a_corner():
    """Two bounces between a panel and the side of the bus that it stands on, known in closed form.

    The panel lies in z = 0 beside the bus; from 45 degrees above, each lights of the other what
    lies as far from the seam as the bus is high above it.
    """
    bus, length, width = 0.3, 0.5, 0.2
    sheet = meshes.translate(meshes.plate(length, width), [(bus + length) / 2, 0, 0])
    body = meshes.merge(meshes.box(bus, bus, bus), sheet, meshes.reverse(sheet))
    look = np.sqrt(0.5) * np.array([1.0, 0.0, 1.0])
    rays = multibounce_amplitude_m(body, [look], [K], bounces=2, first=2, rays_per_wavelength=20)
    lit = 2 * (bus / 2) * width * np.sqrt(0.5)  # the field stands across the seam: minus
    expected = -1j * K / np.sqrt(np.pi) * lit * np.exp(2j * K * look[0] * bus / 2)
    assert rays[0, 0] == pytest.approx(expected, rel=0.01)


def test_the_back_of_a_facet_is_dark_and_hides_what_lies_behind():
    front, behind = meshes.plate(0.2, 0.2), meshes.translate(meshes.plate(0.1, 0.1), [0, 0, -0.1])
    screened = meshes.merge(meshes.reverse(front), behind)
    assert multibounce_amplitude_m(screened, [[0.0, 0.0, 1.0]], [K])[0, 0] == 0
    seen = multibounce_amplitude_m(meshes.merge(front, behind), [[0.0, 0.0, 1.0]], [K])[0, 0]
    alone = amplitude_m(front, [[0.0, 0.0, 1.0]], [K])[0, 0]
    assert abs(seen - alone) < 0.02 * abs(alone)


def test_a_convex_body_has_one_bounce_alone():
    body, looks = meshes.icosphere(0.1, 3), np.eye(3)
    assert np.all(multibounce_amplitude_m(body, looks, [K], first=2) == 0)


def test_frequencies_looks_and_offsets_do_not_disturb_each_other():
    body = trihedral_mesh(0.1, False)
    many = multibounce_amplitude_m(body, INTO_TRIHEDRAL[:3], [0.8 * K, K])
    alone = multibounce_amplitude_m(body, INTO_TRIHEDRAL[2:3], [0.8 * K, K])
    assert np.array_equal(many[2:], alone)
    offset = np.array([1.0, -2.0, 0.5])
    moved = multibounce_amplitude_m(
        meshes.translate(body, offset), INTO_TRIHEDRAL[:3], [0.8 * K, K]
    )
    turned = many * np.exp(2j * np.outer(INTO_TRIHEDRAL[:3] @ offset, [0.8 * K, K]))
    assert np.abs(moved - turned).max() < 0.03 * np.abs(many).max()  # rays fall elsewhere


def test_another_seed_shoots_other_rays():
    body = trihedral_mesh(0.1, True)
    first, again, other = (
        multibounce_amplitude_m(body, INTO_TRIHEDRAL[:2], [K], seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.any(first == other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bounces": 0}, "bounces 0"),
        ({"bounces": 2, "first": 3}, "first is 3 and bounces 2"),
        ({"rays_per_wavelength": 0.0}, "rays_per_wavelength must be above 0"),
        ({"rays_per_wavelength": 1e5}, "a body of .* m takes .* rays"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        multibounce_amplitude_m(meshes.box(0.1, 0.1, 0.1), [[0.0, 0.0, 1.0]], [K], **settings)


def test_rays_say_how_far_they_hold():
    told = multibounce.validity(meshes.box(0.1, 0.1, 0.1), [K], bounces=2)
    assert "2 bounces" in told.method
    assert told.smallest_ka == pytest.approx(K * 0.05)
    assert "curved mirrors" in told.left_out


def test_the_nearest_facet_is_that_of_a_search_through_all():
    """Möller and Trumbore's test on every facet, in NumPy, for rays from inside and outside."""
    body = meshes.merge(
        meshes.icosphere(1.0, 3), meshes.translate(meshes.box(0.5, 2.0, 0.4), [1.6, 0.1, 0.7])
    )
    rng = np.random.default_rng(4)
    tree, first, edge_1, edge_2 = (
        ray_tree(body.corners),
        body.corners[:, 0],
        *np.moveaxis(body.corners[:, 1:] - body.corners[:, :1], 1, 0),
    )
    hits = 0
    for origin in rng.uniform(-1.5, 1.5, (300, 3)):
        way = rng.normal(size=3)
        way /= np.linalg.norm(way)
        p, reach = np.cross(way, edge_2), origin - first
        determinant = np.einsum("ij,ij->i", edge_1, p)
        q = np.cross(reach, edge_1)
        s, t = np.einsum("ij,ij->i", reach, p) / determinant, (q @ way) / determinant
        along = np.einsum("ij,ij->i", edge_2, q) / determinant
        met = (s >= 0) & (t >= 0) & (s + t <= 1) & (along > 1e-9)
        hit, distance = nearest_hit(body.corners, tree, origin, way, 1e-9)
        if not met.any():
            assert hit == -1
            continue
        hits += 1
        assert hit == np.flatnonzero(met)[along[met].argmin()]
        assert distance == pytest.approx(along[met].min(), rel=1e-9)
    assert hits > 60
