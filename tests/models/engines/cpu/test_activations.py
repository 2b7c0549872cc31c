"""Gates and GELU against double precision."""

import numpy as np
import torch
from networks import random

from radarseq.models.engines.cpu.activations import apply_gelu, gate_backward, gate_forward


def test_a_gate_is_tanh_times_sigmoid_everywhere():
    grid = np.concatenate((np.linspace(-100, 100, 500), np.linspace(-1, 1, 499), [np.inf]))
    f, g = (part.ravel().astype(np.float32) for part in np.meshgrid(grid, grid))
    z = np.empty((len(f), 1), np.float32)
    gate_forward(np.stack((f, g), axis=1), z, len(f))
    expected = np.tanh(f / 2.0) * 0.5 * (1.0 + np.tanh(g / 2.0, dtype=np.float64))
    assert np.abs(z[:, 0] - expected).max() < 1e-6


def test_a_gelu_is_that_of_double_precision_everywhere():
    x = np.concatenate((np.linspace(-50, 50, 2000), np.linspace(-1, 1, 999), [0.0]))
    x = x.astype(np.float32)[None]
    y = np.empty_like(x)
    apply_gelu(x, np.float32(0.5), y, 1)
    expected = torch.nn.functional.gelu(torch.from_numpy(x).double() / 2)
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)
    x[0, 7] = np.nan
    apply_gelu(x, np.float32(1.0), y, 1)
    assert np.isnan(y).sum() == 1


def test_what_is_no_number_stays_none():
    y = np.array([[np.nan, 1.0], [1.0, np.nan]], np.float32)
    z = np.zeros((2, 1), np.float32)
    gate_forward(y, z, 2)
    assert np.isnan(z).all()


def test_slopes_through_a_gate_are_those_of_double_precision():
    y, to_z = random(50, 64, scale=4.0), random(50, 32)
    exact = torch.from_numpy(y).double().requires_grad_()
    z = torch.tanh(exact[:, :32] / 2) * torch.sigmoid(exact[:, 32:])
    z.backward(torch.from_numpy(to_z).double())
    to_y, passed = np.empty_like(y), np.empty_like(to_z)
    gate_forward(y, passed, 50)
    gate_backward(y, to_z, to_y, 50)
    np.testing.assert_allclose(passed, z.detach(), rtol=0, atol=1e-6)
    np.testing.assert_allclose(to_y, exact.grad, rtol=0, atol=1e-6)
