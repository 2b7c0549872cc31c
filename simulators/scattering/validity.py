"""How a scattering result was made, and how far it can be trusted: every route says so."""

from dataclasses import dataclass

# Below this k times size, physical optics and its closed forms are refused.
MIN_KA = 3.0


@dataclass(frozen=True)
class Validity:
    """How a result was made, and how far it can be trusted.

    Attributes:
        method: In words.
        smallest_ka: Smallest wavenumber times size: for a mesh half the smallest width of a
            connected part, for an object class the smallest size that its priors allow.
        left_out: What the method does not describe, in words.
        warnings: A sentence for each reason to doubt the result; empty if there is none.
    """

    method: str
    smallest_ka: float
    left_out: str = ""
    warnings: tuple[str, ...] = ()
