"""Inputs of a backbone, computed from raw samples inside the network; one kind of data per file."""
