"""Figures of a recipe: its bodies, signals and classes."""
