"""The HTML page of an evaluation, and figures of recipes: draws numbers, needs no model."""
