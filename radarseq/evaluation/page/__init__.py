"""Content of an evaluation's page: gathered, saved and redrawn. Drawing is in ``report``."""
