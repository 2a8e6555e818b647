"""Initial weights that suit the data."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import snntorch as snn
import torch
from torch import Tensor

from spikereg import _least_squares, recipes
from spikereg._batches import Batches, curves, pairs, same_length
from spikereg._check import finite_weights, local_generator
from spikereg.models import SpikingRegressor
from spikereg.scan import scan

#: Cells of the histogram for each neuron; sequences and steps that calibrate layers.
CELLS, SEQUENCES, STEPS = 4, 128, 2**14

#: What the currents of both layers vary by if there are several inputs, in thresholds.
SWINGS = 3.0, 0.5

#: Decays that are tried for the readout, and the penalty on its weights.
DECAYS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
RIDGE = 1e-8

Pair = tuple[Tensor, Tensor]
Numbers = npt.NDArray[np.floating]


@torch.no_grad()
def initialize(
    model: SpikingRegressor,
    loader: Batches,
    *,
    labels: bool = False,
    seed: int | None = None,
) -> None:
    r"""Fit the initial weights of a network with ``recipe="accurate"`` to the data.

    **Without memory, one input**: a neuron of the first layer fires while its input
    :math:`z` is above its level. The level of neuron :math:`i` of :math:`H` becomes the
    quantile :math:`(i + 1) / (H + 1)` of a density :math:`\lambda(z)`:

    .. math:: \lambda \propto p^{2/3} \qquad\text{or}\qquad
              \lambda \propto \bigl(p\, (dy/dz)^2\bigr)^{1/3}

    where :math:`p` is the density of :math:`z` over all steps and samples and
    :math:`y(z)` the mean label there. The second, which looks at the labels, makes the
    squared error of a table with one entry between two levels smallest. The first
    looks at the features only. It lies half-way between the second one for a straight
    line, :math:`p^{1/3}`, and plain quantiles, :math:`p`.

    **Without memory, several inputs**: neurons have random directions, so each needs
    less of a level and more of a slope. The currents of the first layer get a standard
    deviation of three thresholds, those of the second one of half a threshold, and a
    bias lets each neuron begin to fire at a step of the data drawn at random. (Left to
    their random weights, most neurons of the second layer would never fire.) The labels
    are not looked at: a readout solved by least squares has large weights here, and
    networks that began with it ended worse.

    **With memory** the weights of both layers are scaled by the deviation of what each
    membrane sums, and a bias puts it at its threshold at a random moment of the data;
    the clocks of the first layer stay as they are. Without this such a network hardly
    learns.

    **With labels**, if there is one input or memory, the readout is set too: its
    weights by least squares, for that of some decays β between 0 and 0.7 which leaves
    the smallest error.

    Call it before training. It holds the whole data in memory.

    Args:
        model: A network made with ``recipe="accurate"``.
        loader: Yields pairs of features and labels; gone through once. Without
            ``labels`` these may be any that :func:`fit` takes.
        labels: Look at the labels too, which must be curves.
        seed: Seed of the random moments, in a generator of its own; the global one is
            neither read nor moved. ``None`` draws afresh.

    Raises:
        ValueError: For a model of another recipe, an empty loader, batches that
            :func:`fit` would not take either, a mask, with ``labels`` those of another
            shape than the prediction, features that do not vary, with memory
            sequences of unequal length, a bad seed, or weights that are not finite,
            before or after. The model is then as it was.
        TypeError: For a model that is no :class:`SpikingRegressor`, or one whose
            neurons have been replaced by another kind.

    Source:
        The density for labels is the one of P. F. Panter and W. Dite, *Quantization
        distortion in pulse-count modulation with nonuniform spacing of levels*,
        Proceedings of the IRE 39(1), 1951.
    """
    generator = local_generator(seed)
    if not isinstance(model, SpikingRegressor):
        raise TypeError(f"model must be a SpikingRegressor, not {type(model).__name__}")
    if model.recipe != "accurate":
        raise ValueError(
            f'model must be made with recipe="accurate", not "{model.recipe}"'
        )
    for name in ("lif_in", "lif_hidden", "li_out"):
        if type(neuron := getattr(model, name)) is not snn.Leaky:
            raise TypeError(
                f"model must have snn.Leaky as {name}, which the recipe is made for, "
                f"not {type(neuron).__name__}"
            )
    finite_weights(model)
    seen = list(
        curves(loader, model, model.fc_out.out_features)
        if labels
        else pairs(loader, model)
    )
    for features, _ in seen:
        model.check_features(features)
    with _all_or_nothing(model):
        if model.memory:
            _calibrate(model, seen, generator)
        elif model.fc_in.in_features > 1:
            _scatter(model, seen, generator)
        else:
            _place(model, seen, labels)
        if labels and (model.memory or model.fc_in.in_features == 1):
            _solve(model, seen)
        finite_weights(model)


@contextmanager
def _all_or_nothing(model: SpikingRegressor) -> Iterator[None]:
    """Bring the weights back if something goes wrong."""
    before = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        yield
    except BaseException:
        model.load_state_dict(before)
        raise


def _place(model: SpikingRegressor, pairs: Sequence[Pair], labels: bool) -> None:
    features = torch.cat([x.flatten() for x, _ in pairs])
    targets = _array(torch.cat([y.flatten(0, 1) for _, y in pairs])) if labels else None
    hidden = len(model.fc_in.weight)
    rank = (np.arange(hidden)[:, None] + 1) / (hidden + 1)
    at = rank + np.array([-0.5, 0, 0.5]) / (hidden + 1)
    low, levels, high = _quantiles(_array(features), targets, CELLS * hidden, at).T
    model.fc_in.weight.fill_(1)
    recipes.place_levels(
        model.fc_in,
        model.lif_in,
        torch.tensor(levels).to(features),
        torch.tensor(high - low).to(features),
    )


def _scatter(
    model: SpikingRegressor, pairs: Sequence[Pair], generator: torch.Generator
) -> None:
    # Without decay each step stands alone: all of them side by side, as one.
    steps = torch.cat([x.flatten(0, 1) for x, _ in pairs])
    steps = steps[None, :: -(-len(steps) // STEPS)]
    _check_varies(steps)
    first, second = SWINGS
    recipes.calibrate(model.fc_in, model.lif_in, steps, generator, first)
    spikes = model.trace(steps).spikes["lif_in"]
    recipes.calibrate(model.fc_hidden, model.lif_hidden, spikes, generator, second)


def _calibrate(
    model: SpikingRegressor, pairs: Sequence[Pair], generator: torch.Generator
) -> None:
    same_length([x for x, _ in pairs])
    features = torch.cat([x for x, _ in pairs], dim=1)[:, :SEQUENCES]
    _check_varies(features)
    recipes.calibrate(model.fc_in, model.lif_in, features, generator)
    spikes = model.trace(features).spikes["lif_in"]
    recipes.calibrate(model.fc_hidden, model.lif_hidden, spikes, generator)


def _check_varies(features: Tensor) -> None:
    # From rest even a constant makes a membrane rise, but it is no use to calibrate by.
    if bool((features == features[:1, :1]).all()):
        raise ValueError(f"features must vary, not be {features.flatten()[0]} always")


def _solve(model: SpikingRegressor, pairs: Sequence[Pair]) -> None:
    """Set the readout, whose membrane filters the spikes and its own bias."""
    columns = [
        (_least_squares.with_ones(model.trace(x).spikes["lif_hidden"]), y)
        for x, y in pairs
    ]
    solutions = {}
    for beta in DECAYS:
        low_pass = snn.Leaky(beta=beta, reset_mechanism="none")
        filtered = ((scan(low_pass, x)[1], y) for x, y in columns)
        solutions[beta] = _least_squares.solve(filtered, RIDGE)
    best = min(DECAYS, key=lambda beta: solutions[beta].error)
    model.li_out.beta.fill_(best)
    _least_squares.set_readout(model.fc_out, solutions[best].weights)


def _quantiles(z: Numbers, y: Numbers | None, cells: int, at: Numbers) -> Numbers:
    """Return the quantiles of the density λ of the values z."""
    order = np.argsort(z, kind="stable")
    cuts = np.linspace(0, len(z) - 1, min(cells, len(z) - 1) + 1).round().astype(int)
    edges = z[order][cuts]
    width = np.diff(edges)
    if not width.any():
        raise ValueError(f"features must take several values, not only {edges[0]:g}")
    # Cells with as many values each: with mass m and width w, p = m / w and
    # λ w = ∛(m² w), or ∛(m Δy²) with the change Δy of y across the cell.
    weight = np.cbrt(width)
    if y is not None and np.count_nonzero(width) > 1:
        # Values that repeat belong to the next cell that has a width.
        cuts = cuts[np.append(True, width > 0)]
        sums = np.concatenate([np.zeros((1, y.shape[1])), y[order].cumsum(axis=0)])
        mass = np.diff(cuts)
        means = np.diff(sums[cuts], axis=0) / mass[:, None]
        change = np.square(np.gradient(means, axis=0)).sum(axis=1)
        if change.any():
            weight, edges = np.cbrt(mass * change), z[order][cuts]
    cumulative = np.concatenate([[0], weight.cumsum()]) / weight.sum()
    found: Numbers = np.interp(at, cumulative, edges)
    return found


def _array(values: Tensor) -> Numbers:
    array: Numbers = values.double().cpu().numpy()
    return array
