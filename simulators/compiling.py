"""Options of numba that the kernels share.

numba counts the references to every array, up and down around each use, which took half of an
example's time. ``UNCOUNTED`` leaves that out: a function compiled so cannot make arrays, and hands
the option on to all that it calls that says nothing of its own; what makes arrays is ``COUNTED``.
Whoever calls an uncounted function from outside holds its arrays for as long as it runs.
"""

from typing import Any

UNCOUNTED: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
COUNTED: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": True}
