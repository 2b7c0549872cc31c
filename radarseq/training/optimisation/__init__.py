"""Optimisation of the weights: losses, iterations, epochs, precision. No file of a run."""
