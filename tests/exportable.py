"""Networks that NIR can express, and inputs that make them fire."""

import snntorch as snn
import torch

from spikereg import SpikingRegressor

HIDDEN = ("lif_in", "lif_hidden")
#: Decays that leave a power of two of the membrane behind, 1 − β.
DYADIC = (0.5, 0.75, 0.875, 0.9375)


def leaky(width, generator, decays=None, **options):
    beta = 0.05 + 0.9 * torch.rand(width, generator=generator)
    if decays:
        at = torch.randint(len(decays), (width,), generator=generator)
        beta = torch.tensor(decays)[at]
    given = {"reset_mechanism": "zero", "learn_beta": True, **options}
    return snn.Leaky(beta, **given)


def network(seed=0, hidden=8, num_inputs=2, num_outputs=2, *, decays=None, **options):
    """Make a network, its hidden neurons with thresholds of their own unless given."""
    generator = torch.Generator().manual_seed(seed)
    model = SpikingRegressor(hidden, num_inputs, num_outputs, seed)
    for name in HIDDEN:
        threshold = 0.25 + torch.rand(hidden, generator=generator) / 2
        given = {"threshold": threshold, **options}
        setattr(model, name, leaky(hidden, generator, decays, **given))
    plain = {"reset_mechanism": "none"}
    model.li_out = leaky(num_outputs, generator, decays, **plain)
    return model


def waves(timesteps=120, batch=3, num_inputs=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.randn(timesteps, batch, num_inputs, generator=generator)


def dyadic(seed, hidden=16, **options):
    """Make a network and an input of short binary fractions."""
    model = network(seed, hidden, decays=DYADIC, **options)
    for values in (*model.parameters(), *model.buffers()):
        if values.is_floating_point():
            values.data = (values.data * 64).round() / 64
    return model, (waves(150, 4, seed=seed) * 8).round() / 8
