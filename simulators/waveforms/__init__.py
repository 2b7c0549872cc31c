"""Transmitted signals, and what they resolve."""
