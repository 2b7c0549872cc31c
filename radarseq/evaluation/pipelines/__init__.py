"""Sequences of work: evaluate a dataset or recordings from loading to metrics; no formats."""
