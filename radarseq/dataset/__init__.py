"""Datasets: their format on disk, reading, writing, and simulation into one. No recordings."""
