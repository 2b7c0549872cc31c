"""Triton kernels for a CUDA device."""
