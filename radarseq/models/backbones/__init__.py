"""Sequence networks of the same output length, one architecture a file, in plain PyTorch."""
