"""Amplitudes of triangle meshes: facet integrals and their sums, rays, shadows and bounces."""
