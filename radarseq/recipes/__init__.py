"""Recipes: TOML text to a checked scene, and the files that a recipe embeds; no simulation."""
