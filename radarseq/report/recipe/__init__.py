"""Figures of what a recipe simulates: bodies, signals and classes. No evaluations."""
