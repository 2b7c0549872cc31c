"""Model inputs computed from raw samples inside the network."""
