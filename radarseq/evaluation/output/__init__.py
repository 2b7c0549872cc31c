"""File formats of the evaluation folder: writing them and reading them back; no metrics."""
