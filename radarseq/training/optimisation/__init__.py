"""Optimisation: the loop, one iteration, losses and what keeps them finite."""
