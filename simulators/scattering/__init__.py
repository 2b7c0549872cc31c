"""Scattering amplitudes of bodies, |a|^2 in square metres, without priors and without motion."""
