"""Recipes: TOML text to a checked scene, with the files that a recipe embeds."""
