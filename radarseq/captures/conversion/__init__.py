"""Converts recordings into datasets, and datasets into recordings. No parsing of formats."""
