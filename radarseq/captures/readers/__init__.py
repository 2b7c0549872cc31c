"""Readers of recordings, one file format a file, and the registry that names them."""
