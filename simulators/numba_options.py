"""Options of numba that the kernels share.

numba counts the references to every array, up and down around each use, which took half of an
example's time. ``UNCOUNTED`` leaves that out: a function compiled so cannot make arrays, and hands
the option on to all that it calls that says nothing of its own; what makes arrays is ``COUNTED``.
Whoever calls an uncounted function from outside holds its arrays for as long as it runs.

LLVM optimises all that a function calls again with each caller, so that a deep chain of calls is
compiled as often as it is deep. ``PART_OF_CALLER`` writes an uncounted function into its caller
before either is compiled: what a kernel is divided into for the reader then costs no time. Small
functions, and those that are called in many places, are better compiled once.
"""

from typing import Any

UNCOUNTED: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
COUNTED: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": True}
PART_OF_CALLER: dict[str, Any] = UNCOUNTED | {"inline": "always"}
