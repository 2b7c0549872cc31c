"""Tasks of the deck, one per file: import, training, and the rows of the table."""
