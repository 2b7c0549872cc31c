"""Recognises, describes and validates what is on disk. No formats."""
