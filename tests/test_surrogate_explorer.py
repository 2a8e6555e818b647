"""The surrogate in the built page, compared with snnTorch."""

import re

import numpy as np
import pytest
import torch
from explorer import Explorer, assert_curve, scale
from snntorch import surrogate

SURROGATES = {
    "fast_sigmoid": lambda slope: surrogate.fast_sigmoid(slope=slope),
    "atan": lambda slope: surrogate.atan(alpha=slope),
}
TITLE = "The step and its surrogate"


@pytest.mark.parametrize("kind", list(SURROGATES))
def test_the_drawn_derivative_is_the_one_snntorch_uses(background, kind):
    explorer = Explorer(background, TITLE)
    explorer.choose("surrogate", kind)
    slope = explorer.drag("steepness k", 0.6)
    distance = explorer.press("distance U − θ", "ArrowLeft", 13)
    assert distance == pytest.approx(-0.03)
    z = torch.linspace(-1, 1, 401, requires_grad=True)
    SURROGATES[kind](slope)(z).sum().backward()
    title = "backward: the derivative passed on"
    assert_curve(explorer, title, ".curve.membrane", z.grad, z.detach())
    step = "forward: step, and what the gradient sees"
    assert_curve(explorer, step, ".curve.spikes", [0, 0, 1, 1], [-1, 0, 0, 1])
    # The smooth curve has this derivative: add it up.
    fine = torch.linspace(-1, 1, 400 * 50 + 1, requires_grad=True)
    SURROGATES[kind](slope)(fine).sum().backward()
    smooth = torch.cumulative_trapezoid(fine.grad, dx=2 / 20000)
    smooth = torch.cat([torch.zeros(1), smooth])[::50]
    expected = 0.5 + smooth - smooth[200]
    assert_curve(explorer, step, ".curve.smooth", expected, z.detach())
    z = torch.tensor(distance, requires_grad=True)
    SURROGATES[kind](slope)(z).backward()
    assert explorer.reading("gradient passed on") == f"× {z.grad.item():.3f}"
    assert_curve(explorer, title, ".dots.membrane", [z.grad], [distance])
    assert_curve(explorer, step, ".dots.spikes", [0], [distance])


@pytest.mark.parametrize("kind", list(SURROGATES))
def test_the_bands_begin_where_a_hundredth_of_the_peak_is_left(background, kind):
    explorer = Explorer(background, TITLE)
    explorer.choose("surrogate", kind)
    title = "backward: the derivative passed on"
    found = explorer.read(title, ".shade.dead")
    bands = re.findall(r"M([\d.]+),[\d.]+H([\d.]+)V[\d.]+H", found["path"])
    (start, left, edge, end), _ = scale(found["x"], np.array(bands, float).ravel())
    assert [start, left, end] == pytest.approx([-1, -edge, 1], abs=1e-3)
    z = torch.tensor([0.0, edge], requires_grad=True)
    SURROGATES[kind](25)(z).sum().backward()
    assert z.grad[1] / z.grad[0] == pytest.approx(0.01, rel=0.05)
    assert explorer.reading("above 1 % of the peak") == f"|U − θ| < {edge:.2f}"
