"""Recordings as other people's receivers wrote them: reading, cutting, importing, exporting."""
