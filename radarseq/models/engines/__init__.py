"""Faster ways to the answers of the backbones, and the choice among them."""
