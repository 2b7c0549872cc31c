"""Recordings of receivers: finds, reads, cuts, imports and exports them. No training, no models."""
