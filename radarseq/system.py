"""Memory of the process and versions of installed packages.

The C library keeps freed pages of its heap, with holes between blocks in use: after two hundred
passes of simulate, train and evaluate in one process, 419 MB for 233 MB in use.
"""

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from importlib.metadata import PackageNotFoundError, version
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def trim_heap(command: Callable[P, R]) -> Callable[P, R]:
    """Let a function, however it ends, return the free pages of the heap to the system."""

    @wraps(command)
    def called(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            return command(*args, **keywords)
        finally:
            release_free_pages()

    return called


def release_free_pages() -> None:
    """Return the free pages of the heap to the system; where that is no call, do nothing."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)


def versions_of(packages: Iterable[str], absent: str) -> dict[str, str]:
    """Return the versions by name; ``absent`` for one that is not installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = absent
    return found
