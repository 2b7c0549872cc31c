"""Checks of untrusted files before a library parses them. No samples are returned."""
