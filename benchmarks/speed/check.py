"""Whether a peer does the same job as another one, such as snnTorch's loop."""

import numpy as np
from job import Size

Values = dict[str, np.ndarray]

#: What is left of the difference between sums that are taken in another order.
TOLERANCE = 1e-4

#: Peers that cannot do the same job, and what they do instead.
OTHERWISE = {
    "floor": "has ReLU in place of the neurons",
    "norse": "resets at once, so that the reset decays; differentiates the reset; "
    "has a surrogate of slope 1",
}


def check(
    name: str,
    found: Values,
    expected: Values,
    size: Size,
    beside: str = "snntorch",
) -> str:
    """Compare loss and gradients of the first step with another peer's.

    Args:
        name: Of the peer.
        found: What it has, on the job in its exact form.
        expected: What the other one has.
        size: Of the job.
        beside: Name of the other one.

    Returns:
        In words, by how much a peer of another job differs.

    Raises:
        ValueError: If a peer that should do the same job does another one.
    """
    if name in OTHERWISE:
        return "" if found.keys() != expected.keys() else _distance(found, expected)
    if found.keys() != expected.keys():
        raise ValueError(f"{name} has the gradients {sorted(found)}")
    differs = {key: _difference(found[key], expected[key]) for key in expected}
    worst = max(differs, key=lambda quantity: differs[quantity])
    if not differs[worst] <= TOLERANCE:
        raise ValueError(
            f"{name} does another job than {beside} at T, B, H = {size}: {worst} "
            f"differs by {differs[worst]:.1e} of its largest value, and at most "
            f"{TOLERANCE:.0e} is allowed"
        )
    return ""


def _distance(found: Values, expected: Values) -> str:
    (loss, *ours), (other, *theirs) = (
        [values[key].ravel() for key in ("loss", *sorted(values.keys() - {"loss"}))]
        for values in (found, expected)
    )
    ours, theirs = np.concatenate(ours), np.concatenate(theirs)
    far = np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)
    return f"loss by {abs(loss / other - 1).item():.1%}, its gradient by {far:.0%}"


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    if found.shape != expected.shape or not np.isfinite(found).all():
        return np.inf
    return float(np.abs(found - expected).max() / np.abs(expected).max())
