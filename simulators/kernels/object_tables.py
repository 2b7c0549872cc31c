"""The tables that a scene's objects are looked up in, from its priors and a seed."""

import numpy as np

from simulators.amplitudes.tables import Tables
from simulators.amplitudes.tabulate import Band, Body, Progress, tabulate
from simulators.kernels.draws import Objects, fill_sizes
from simulators.objects import MAX_SIZES
from simulators.scene import Scene


def scene_tables(
    scene: Scene, objects: Objects, seed: np.uint64, band: Band, progress: Progress | None = None
) -> Tables:
    """Return the amplitude tables of the classes that have them.

    Args:
        scene: The scene.
        objects: Its object classes, as arrays.
        seed: Seed that the objects' sizes are drawn with.
        band: Where amplitudes are taken.
        progress: Called with (objects done, objects in all) while tables are made.
    """
    bodies = []
    for index, (item, use) in enumerate(zip(scene.objects, scene.tabulated, strict=True)):
        if not use:
            bodies.append(None)
            continue
        sizes = np.empty((scene.objects_per_class, MAX_SIZES))
        first = index * scene.objects_per_class
        fill_sizes(objects.sizes[index], seed, np.int64(first), sizes)
        bodies.append(Body(item.kernel_kind, item.aspect_extent_m(), sizes))
    return tabulate(bodies, band, max_bytes=scene.table_mib << 20, progress=progress)
