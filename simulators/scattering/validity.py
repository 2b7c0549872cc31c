"""Validity of a scattering result: its method, its smallest k a and the effects it neglects."""

from dataclasses import dataclass

# Below this k times size, physical optics and its closed forms are refused.
MIN_KA = 3.0


@dataclass(frozen=True)
class Validity:
    """Method of a scattering result, and its limits.

    Attributes:
        method: In words.
        smallest_ka: Smallest wavenumber times size: for a mesh half the smallest width of a
            connected part, for an object class the smallest size that its priors allow.
        neglected: Effects that the method does not describe, in words.
        warnings: A sentence for each reason to doubt the result; empty if there is none.
    """

    method: str
    smallest_ka: float
    neglected: str = ""
    warnings: tuple[str, ...] = ()
