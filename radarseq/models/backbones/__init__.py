"""Causal sequence networks, one architecture per file, written with torch alone; no engines."""
