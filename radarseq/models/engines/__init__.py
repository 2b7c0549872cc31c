"""Engines that compute the outputs of the backbones faster, and the choice among them."""
