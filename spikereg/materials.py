"""Materials: the stress in a bar that is stretched and pushed."""

import torch
from jaxtyping import Float
from torch import Tensor

from spikereg._check import finite, number, positive, tensor

F32 = torch.float32
#: Change of a random strain a step, the mean number of steps to its next turn, and how
#: far it goes.
RATES, TURN, LARGEST = (0.01, 0.3), 8.0, 1.0
#: The strain that stays at the proof stress.
OFFSET = 0.002


def plastic_stress(
    strain: Float[Tensor, "T B F"],
    stiffness: float | Tensor = 7.0,
    yield_stress: float | Tensor = 1.0,
    hardening: float | Tensor = 0.07,
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
        stiffness: :math:`E`, stress per unit of strain, positive; a number, or, as the
            next two, a tensor with one, through which gradients flow.
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
    _check_strain(strain)
    positive("stiffness", _plain(stiffness))
    positive("yield_stress", _plain(yield_stress))
    number("hardening", _plain(hardening))
    if hardening < 0:
        raise ValueError(f"hardening must be at least 0, not {hardening!r}")
    if not len(strain):
        return strain
    stiffness, yield_stress, hardening = (
        each.reshape(()).to(strain) if isinstance(each, Tensor) else each
        for each in (stiffness, yield_stress, hardening)
    )
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


def ramberg_osgood_stress(
    strain: Float[Tensor, "*S"],
    stiffness: float,
    proof_stress: float | Float[Tensor, "*S"],
    exponent: float = 10.0,
) -> Float[Tensor, "*S"]:
    r"""Give the stress of a metal that yields little by little.

    It solves the law of Ramberg and Osgood for :math:`\sigma`, one number at a time:
    there is no memory.

    .. math:: |\varepsilon| = \frac{|\sigma|}{E} + 0.002 \Bigl(
              \frac{|\sigma|}{\sigma_0} \Bigr)^n , \qquad
              \mathrm{sign}\,\sigma = \mathrm{sign}\,\varepsilon

    Args:
        strain: :math:`\varepsilon`, a plain number such as 0.01 for one per cent: a
            tensor of any shape.
        stiffness: :math:`E`, positive.
        proof_stress: :math:`\sigma_0`, at which 0.2 % of strain would stay: a positive
            number, or a tensor that fits the strain; in the unit of the stiffness.
        exponent: :math:`n`, at least 1.

    Returns:
        The stress in the unit of the stiffness, in the strain's shape and data type.

    Raises:
        TypeError: If the strain is no tensor.
        ValueError: If it is not floating-point and finite, or a constant of the
            material out of its range.

    Source:
        W. Ramberg and W. R. Osgood, *Description of stress-strain curves by three
        parameters*, NACA Technical Note 902 (1943), in the form that is common today,
        with the proof stress.
    """
    tensor("strain", strain)
    if not (strain.is_floating_point() and strain.isfinite().all()):
        raise ValueError(f"strain must be floating-point and finite, not {strain!r}")
    positive("stiffness", stiffness)
    if not (finite(exponent) and exponent >= 1):
        raise ValueError(f"exponent must be at least 1, not {exponent!r}")
    if not isinstance(proof_stress, Tensor):
        positive("proof_stress", proof_stress)
    proof = torch.as_tensor(proof_stress, dtype=torch.float64)
    if not (proof.isfinite() & (proof > 0)).all():
        raise ValueError(
            f"proof_stress must be positive and finite, not {proof_stress!r}"
        )
    try:
        proof = proof.expand_as(strain)
    except RuntimeError:
        raise ValueError(
            f"proof_stress must fit a strain {list(strain.shape)}, not be "
            f"{list(proof.shape)}"
        ) from None
    size = strain.double().abs()
    # Each term alone would make this much, so it is too large: Newton comes down from
    # there, as the law is convex, and never overshoots.
    stress = torch.minimum(stiffness * size, proof * (size / OFFSET) ** (1 / exponent))
    while True:
        plastic = OFFSET * (stress / proof) ** exponent
        steep = OFFSET / proof * (stress / proof) ** (exponent - 1)
        slope = 1 / stiffness + exponent * steep
        lower = stress - (stress / stiffness + plastic - size) / slope
        if not (lower < stress - 1e-12 * stress).any():
            return (lower * strain.sign()).to(strain.dtype)
        stress = lower


def random_strain(
    timesteps: int,
    num_samples: int,
    generator: torch.Generator,
    rates: tuple[float, float] = RATES,
    turn: float = TURN,
    largest: float = LARGEST,
) -> Float[Tensor, "T N 1"]:
    """Draw strains that run to and fro from 0 on.

    Each keeps its rate until it turns: at random, in one of ``turn`` steps on average,
    and wherever it would leave its range. Then a new rate is drawn, log-uniform.

    Args:
        timesteps: Number of time steps T, at least 1.
        num_samples: Number of strains N, at least 1.
        generator: What draws them.
        rates: Smallest and largest change a step.
        turn: One in so many steps is a turn, beside those at the ends of the range.
        largest: How far the strain goes, both ways.

    Returns:
        The strains, float64 ``[T, N, 1]``, in the unit of rates and range.
    """

    def rand() -> Tensor:
        return torch.rand(timesteps, num_samples, generator=generator, dtype=F32)

    slow, fast = rates
    drawn, turns = slow * (fast / slow) ** rand().double(), rand() < 1 / turn
    rate = drawn[0] * (2 * (rand()[0] < 0.5) - 1)
    strain, path = torch.zeros_like(rate), []
    for new, turned in zip(drawn, turns, strict=True):
        rate = torch.where(turned, -rate.sign() * new, rate)
        leaves = (strain + rate).abs() > largest
        rate = torch.where(leaves, -strain.sign() * new, rate)
        strain = strain + rate
        path.append(strain)
    return torch.stack(path)[:, :, None]


def _check_strain(strain: object) -> None:
    tensor("strain", strain)
    assert isinstance(strain, Tensor)
    if strain.ndim != 3 or not strain.is_floating_point():
        raise ValueError(
            f"strain must be a floating-point [T, B, F], not {strain.dtype} "
            f"{list(strain.shape)}"
        )


def _plain(value: object) -> object:
    """Give the number in a tensor that has one; all else as it is."""
    if isinstance(value, Tensor) and value.numel() == 1:
        return value.item()
    return value
