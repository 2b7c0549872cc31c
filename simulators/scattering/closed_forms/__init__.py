"""Amplitudes of single bodies by formula, exact or physical optics, without a mesh."""
