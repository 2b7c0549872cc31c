"""Compiled layers for the CPU, forward and backward: one file per network, kernels and helpers."""
