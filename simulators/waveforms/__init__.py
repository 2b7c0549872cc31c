"""Transmitted samples, their resolution, and the samples that come back from a body."""
