"""Compiled kernels that make examples, of slow and of fast time."""
