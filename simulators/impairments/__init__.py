"""Impairments of the echo between radar and samples, and their settings, one cause a file."""
