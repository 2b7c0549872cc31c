"""How bodies reflect: scattering amplitudes, |a|^2 in square metres, one sign convention."""
