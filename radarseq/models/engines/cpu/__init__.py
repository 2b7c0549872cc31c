"""Compiled layers for the CPU, forward and backward."""
