"""Metrics of predictions against truth and baselines. Arrays in, plain numbers out; no files."""
