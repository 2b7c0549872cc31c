"""The HTML page of an evaluation and figures of recipes: drawn from numbers, without model or data."""
