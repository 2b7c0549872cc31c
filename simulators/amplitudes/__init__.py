"""Amplitudes of the objects of a class over looks and frequencies: closed form, mesh or table."""
