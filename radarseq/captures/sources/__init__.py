"""Finds, labels, sandboxes and opens recordings. No parsing of formats."""
