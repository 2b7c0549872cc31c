"""Lazy arrays, which stay in their file, and the number types of samples. No file formats."""
