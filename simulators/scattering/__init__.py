"""Scattering amplitudes a of bodies, |a|^2 the cross-section in square metres; no priors, no time."""
