"""Impairments of the signal, one cause per file: settings and the compiled function of each."""
