"""The special functions against another library's."""

import numpy as np
from scipy.special import j1, sici

from simulators.scattering.closed_forms import special
from simulators.scattering.closed_forms.special import bessel_j1


def test_the_bessel_function_is_that_of_another_library():
    x = np.linspace(0.0, 200.0, 5001)
    assert max(abs(bessel_j1(one) - j1(one)) for one in x) < 1e-7


def test_integrals_agree_with_scipy():
    x = np.concatenate([np.linspace(1e-6, 4, 400), np.linspace(4, 80, 400)])
    found = np.array([special.sine_cosine_integrals(value) for value in x]).T
    assert np.abs(found - np.array(sici(x))).max() < 1e-6


def test_bessel_functions_agree_with_scipy():
    x = np.concatenate([np.linspace(0, 10, 2001), np.linspace(10, 200, 2001)])
    found = np.array([special.bessel_j1(value) for value in x])
    assert np.abs(found - j1(x)).max() < 1e-7
    jinc = np.array([special.jinc(value) for value in x[1:]])
    assert np.abs(jinc - 2 * j1(x[1:]) / x[1:]).max() < 1e-7
    assert special.jinc(0.0) == special.sinc(0.0) == 1.0
    sinc = np.array([special.sinc(value) for value in x - 5])
    assert np.abs(sinc - np.sinc((x - 5) / np.pi)).max() < 1e-12
