"""What the generator's kernel dispatches on: one number for each kind of body."""

(
    KIND_SPHERE,
    KIND_PLATE,
    KIND_CYLINDER,
    KIND_CONE,
    KIND_DISC,
    KIND_ELLIPSOID,
    KIND_BOX,
    KIND_SATELLITE,
    KIND_ROCKET_BODY,
    KIND_FRUSTUM,
    KIND_CONE_CYLINDER,
    KIND_DIHEDRAL,
    KIND_TRIHEDRAL,
    KIND_DIPOLE,
    KIND_CUBESAT,
    KIND_FRAGMENT,
    KIND_MESH,
) = range(17)
SMALL_AS_SPHERE = 64  # added to a kind whose small objects are taken as spheres
MAX_SIZES = 4  # numbers that describe any one object
