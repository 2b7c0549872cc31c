"""Compiled kernels that simulate examples from arrays; settings are converted in ``setup``."""
