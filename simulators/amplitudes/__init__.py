"""Amplitudes per object and look for the kernels: by closed form, mesh or table."""
