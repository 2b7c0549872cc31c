"""Checks of a foreign file before a library parses it. No reading of samples."""
