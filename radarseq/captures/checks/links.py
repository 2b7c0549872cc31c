"""Checks that links stay in the folder that the user named."""

from pathlib import Path


def stays_in(path: Path, folder: Path) -> bool:
    """Return whether a path is not a link, or one that ends within ``folder``."""
    if not path.is_symlink():
        return True
    try:
        return path.resolve(strict=True).is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False  # a link to nothing, or to itself
