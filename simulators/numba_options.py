"""Options of numba that the kernels share.

numba counts the references to every array around each use, which took half of an example's time.
``UNCOUNTED`` turns that off: such a function cannot allocate arrays, and passes the option on to
all functions that it calls which set no option of their own. A function that allocates arrays is
``COUNTED``. The caller of an uncounted function must keep its arrays alive while it runs.

LLVM optimises a called function again within each caller, so a deep chain of calls is compiled as
often as it is deep. ``PART_OF_CALLER`` writes an uncounted function into its caller before either
is compiled: dividing a kernel for the reader then costs no time. Small functions, and those that
are called in many places, are better compiled once.
"""

from typing import Any

UNCOUNTED: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}
COUNTED: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": True}
PART_OF_CALLER: dict[str, Any] = UNCOUNTED | {"inline": "always"}
