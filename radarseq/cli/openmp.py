"""Sets how long the threads of OpenMP wait for work before they sleep."""

import os

_SPINS = "20000"  # some tens of microseconds


def wait_briefly() -> None:
    """Let torch's threads sleep soon, unless the environment sets how they wait.

    By default they turn in a loop for milliseconds after each operation, on the cores that the
    compiled layers' threads need. Read when torch is loaded: to be called before.

    Reference:
        GNU libgomp manual, section 3.11, "GOMP_SPINCOUNT".
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
