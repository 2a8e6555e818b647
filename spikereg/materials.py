"""Materials whose stress depends on what was done to them before."""

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import number, positive, tensor


def plastic_stress(
    strain: Float[Tensor, "T B F"],
    stiffness: float = 7.0,
    yield_stress: float = 1.0,
    hardening: float = 0.07,
) -> Float[Tensor, "T B F"]:
    r"""Follow the stress in a bar of metal that is stretched and pushed.

    Elastic up to a yield stress, which rises with every plastic step (isotropic
    hardening, in one dimension). With the strain :math:`\varepsilon_t`, the plastic
    strain :math:`\varepsilon^p` and the sum :math:`\alpha` of all its changes:

    .. math::

        \tilde\sigma &= E\,(\varepsilon_t - \varepsilon^p_{t-1}) , \qquad
        f = |\tilde\sigma| - (\sigma_y + H \alpha_{t-1}) \\
        \Delta &= \max(0, f) / (E + H) \\
        \varepsilon^p_t &= \varepsilon^p_{t-1} + \Delta\,\mathrm{sign}\,\tilde\sigma,
        \qquad \alpha_t = \alpha_{t-1} + \Delta \\
        \sigma_t &= \tilde\sigma - E \Delta\,\mathrm{sign}\,\tilde\sigma

    The bar begins at rest. If the strain runs straight from one step to the next, this
    is no approximation: the stress is exact however long the steps are.

    Args:
        strain: :math:`\varepsilon`, ``[T, B, F]``, each feature a bar of its own; in a
            unit of your choice, such as per cent.
        stiffness: :math:`E`, stress per unit of strain, positive.
        yield_stress: :math:`\sigma_y`, positive.
        hardening: :math:`H`, stress per unit of plastic strain, at least 0.

    Returns:
        The stress :math:`\sigma`, ``[T, B, F]``, in the unit of the yield stress.

    Raises:
        TypeError: If the strain is no tensor.
        ValueError: If it is not a floating-point ``[T, B, F]``, or a constant of the
            material out of its range.

    Source:
        J. C. Simo and T. J. R. Hughes, *Computational Inelasticity*, Springer 1998,
        section 1.4: the return mapping.
    """
    tensor("strain", strain)
    if strain.ndim != 3 or not strain.is_floating_point():
        raise ValueError(
            f"strain must be a floating-point [T, B, F], not {strain.dtype} "
            f"{list(strain.shape)}"
        )
    positive("stiffness", stiffness)
    positive("yield_stress", yield_stress)
    number("hardening", hardening)
    if hardening < 0:
        raise ValueError(f"hardening must be at least 0, not {hardening!r}")
    if not len(strain):
        return strain
    plastic = flown = torch.zeros_like(strain[0])
    stresses = []
    for now in strain:
        trial = stiffness * (now - plastic)
        beyond = trial.abs() - (yield_stress + hardening * flown)
        flow = beyond.clamp(min=0) / (stiffness + hardening)
        plastic = plastic + flow * trial.sign()
        flown = flown + flow
        stresses.append(trial - stiffness * flow * trial.sign())
    return torch.stack(stresses)
