"""Simple methods that a network is compared with, one kind of task per file; no metrics."""
