"""Cuts recordings into windows and marks the unfit ones. No access to files."""
