"""Readers of recordings, one file format per file, and the table that lists them."""
