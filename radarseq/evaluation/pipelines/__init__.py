"""Evaluation from start to end, of a dataset and of a batch of recordings."""
