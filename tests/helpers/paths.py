"""Paths that tests share."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]  # of the checkout
SHARED = ROOT.parent / "shared" / "data"  # real recordings, where they are there
