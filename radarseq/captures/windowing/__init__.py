"""Cuts recordings into windows and marks the unfit ones. No reading of files."""
