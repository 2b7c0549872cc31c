"""Arrays that stay in their file, and the number types that files store. No formats."""
