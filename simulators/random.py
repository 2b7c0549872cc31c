"""Counter-based random numbers: each is a function of (seed, domain, stream, index, position).

Philox4x32-10 turns a 128-bit counter and a 64-bit key into four 32-bit words. The key is the
seed; the counter is the example's index (64 bits), the block of four words within a stream, and
the stream's number. There is no state between draws, so example ``i`` is the same alone, in any
batch, on any number of workers, and on a GPU.

Reference:
    J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011, section 3.3;
    known-answer vectors from the Random123 distribution.
"""

import numpy as np
from numba import njit

from simulators.fast_trig import sine_cosine

# One stream per purpose: a new purpose takes a new number and shifts no other draw.
STREAM_EXAMPLE = 0  # split, class, instance
STREAM_OBJECT = 1  # sizes of an object
STREAM_MOTION = 2  # attitude, rates, residual velocity
STREAM_SIGNAL = 3  # propagation phase, signal-to-noise ratio
STREAM_CODE = 4  # a random code's phases
STREAM_NOISE = 5  # receiver noise
STREAM_FLUCTUATION = 16
STREAM_IMPAIRMENTS = 17  # levels and other values that a recipe gives as intervals
STREAM_TEXTURE = 18  # of clutter
STREAM_SPECKLE = 19
STREAM_INTERFERENCE = 20
STREAM_OCCLUSION = 21
STREAM_DROPPED = 22
STREAM_SPIKES = 23
STREAM_GATE = 30  # where the body lies in the receive gate of a pulse
STREAM_PHASE_NOISE = 33
STREAM_OFFSET = 34
STREAM_SERIES = 40  # split and frequencies of a time series
STREAM_SERIES_OFFSETS = 41
STREAM_SERIES_NOISE = 42
STREAM_CORRUPTION = 48  # frequency of the interference of a stress sweep

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint32(0x9E3779B9)
_WEYL_1 = np.uint32(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_TO_UNIT = 2.0**-32
_HALF = 2.0**-33
_DOMAIN_STEP = 256


@njit(cache=True, nogil=True, forceinline=True)
def philox(counter_0, counter_1, counter_2, counter_3, key_0, key_1):
    """Return the four 32-bit words of Philox4x32-10 for a counter and a key."""
    c0, c1 = np.uint32(counter_0), np.uint32(counter_1)
    c2, c3 = np.uint32(counter_2), np.uint32(counter_3)
    k0, k1 = np.uint32(key_0), np.uint32(key_1)
    for _ in range(10):
        product_0 = _MULTIPLIER_0 * np.uint64(c0)
        product_1 = _MULTIPLIER_1 * np.uint64(c2)
        c0 = np.uint32(np.uint32(product_1 >> _SHIFT) ^ c1 ^ k0)
        c2 = np.uint32(np.uint32(product_0 >> _SHIFT) ^ c3 ^ k1)
        c1 = np.uint32(product_1 & _LOW)
        c3 = np.uint32(product_0 & _LOW)
        k0 = np.uint32(k0 + _WEYL_0)
        k1 = np.uint32(k1 + _WEYL_1)
    return c0, c1, c2, c3


@njit(cache=True, nogil=True, forceinline=True)
def words(seed, domain, stream, index, block):
    """Return block ``block`` of a stream's 32-bit words for example ``index``."""
    index = np.uint64(index)
    seed = np.uint64(seed)
    return philox(
        np.uint32(index & _LOW),
        np.uint32(index >> _SHIFT),
        np.uint32(block),
        np.uint32(stream + _DOMAIN_STEP * domain),
        np.uint32(seed & _LOW),
        np.uint32(seed >> _SHIFT),
    )


@njit(cache=True, nogil=True, forceinline=True)
def unit(word):
    """Return a word as a number in (0, 1): never 0, so that its logarithm is finite."""
    return np.float64(word) * _TO_UNIT + _HALF


@njit(cache=True, nogil=True, forceinline=True)
def uniforms(seed, domain, stream, index, block):
    """Return four independent numbers in (0, 1)."""
    w0, w1, w2, w3 = words(seed, domain, stream, index, block)
    return unit(w0), unit(w1), unit(w2), unit(w3)


@njit(cache=True, nogil=True, forceinline=True)
def between(low, high, u):
    """Return the point a fraction ``u`` of the way from ``low`` to ``high``."""
    return low + (high - low) * u


@njit(cache=True, nogil=True, forceinline=True)
def direction(u0, u1):
    """Return a unit vector, uniform on the sphere, from two numbers in (0, 1)."""
    z = 2.0 * u0 - 1.0
    ring = np.sqrt(1.0 - z * z)
    sine, cosine = sine_cosine(u1)
    return ring * cosine, ring * sine, z


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy")
def minus_log(u):
    """Return -log(u) for 2^-33 <= u < 1, the range of ``unit``, to a relative 2e-16.

    The math library's logarithm takes one number per call; this vectorises over a loop. Doubling
    brings u to 0.7 to 1.4, where log(m) = 2 artanh((m - 1) / (m + 1)).
    """
    m, halvings = u, 0.0
    for power in (16, 8, 4, 2, 1, 1):
        is_small = m < 0.5**power
        m = m * 2.0**power if is_small else m
        halvings += power if is_small else 0.0
    is_small = m < 0.7071067811865476
    m = 2.0 * m if is_small else m
    halvings += 1.0 if is_small else 0.0
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = 2.0 / 21.0
    for i in range(19, 0, -2):
        series = series * z + 2.0 / i
    return halvings * 0.6931471805599453 - s * series


@njit(cache=True, nogil=True, forceinline=True)
def circular_normal(u0, u1):
    """Return a circular complex normal number of variance 1 (Box and Muller, 1958)."""
    radius = np.sqrt(minus_log(u0))
    sine, cosine = sine_cosine(u1)
    return complex(radius * cosine, radius * sine)


@njit(cache=True, nogil=True)
def draw(priors, stream, seed, domain, index, drawn):
    """Fill ``drawn``, shape ``(n,)``, uniformly from the intervals ``priors``, shape ``(n, 2)``."""
    for block in range(0, priors.shape[0], 4):
        u = uniforms(seed, domain, stream, index, block // 4)
        for i in range(block, min(block + 4, priors.shape[0])):
            drawn[i] = between(priors[i, 0], priors[i, 1], u[i - block])
