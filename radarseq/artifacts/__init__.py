"""Recognises, describes and validates files and folders. No formats of its own."""
