"""Figures of the page, each drawn as one inline SVG. No choice of what the page contains."""
