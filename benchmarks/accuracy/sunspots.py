"""How each method forecasts the yearly number of sunspots, stretch by stretch."""

import math
from functools import cache, partial
from typing import Any, cast

import torch
from jaxtyping import Float
from statsmodels.datasets import sunspots
from torch import Tensor, nn

from accuracy.forecasters import (
    Autoregression,
    Code,
    Coded,
    Earlier,
    InUnits,
    Mean,
    ReadBack,
    SpikingInUnits,
    Trees,
)
from accuracy.setup import Method, Setup
from spikereg import FrameData, SpikingRegressor, fit, from_frame, make_loader
from spikereg.baselines import Recurrent
from spikereg.data import TimeMajorDataset

#: What stands before the first year of the test in the name of a task.
SUNSPOTS = "sunspots "

#: First years of the stretches that settings are chosen on, and of those of the test.
EARLIER, BLOCKS = (1869, 1889), (1909, 1929, 1949, 1969, 1989)

#: Years that a forecast lies ahead.
HORIZONS = 1, 5

#: Years of a stretch, those before it that are kept from training, those of a window
#: that count, and those before them: the sun's cycle takes some eleven.
TEST, VALIDATION, WINDOW, WARM_UP = 20, 44, 11, 33

#: Of the windows that are kept from training, those that say when to stop; the others
#: say how wide an interval must be.
STOPPING = 2

#: Windows in a batch, and the part of the answers that an interval should hold.
BATCH, COVERED = 4, 0.9


def named(block: int, horizon: int = 1) -> str:
    """Name a task."""
    return f"{SUNSPOTS}{block}" + (f", {horizon} years" if horizon > 1 else "")


TASKS = tuple(named(b, h) for h in HORIZONS for b in (*EARLIER, *BLOCKS))


@cache
def frame(task: str) -> FrameData:
    """Return a task's years, of which none after its test is known."""
    block, _, ahead = task.removeprefix(SUNSPOTS).partition(", ")
    table = sunspots.load_pandas().data
    return from_frame(
        table[table["YEAR"] < int(block) + TEST],
        "SUNACTIVITY",
        "SUNACTIVITY",
        time="YEAR",
        horizon=int(ahead.partition(" ")[0] or 1),
        window=WINDOW,
        warm_up=WARM_UP,
        validation=VALIDATION,
        test=TEST,
    )


def data(task: str, part: str) -> TimeMajorDataset:
    """Return a part of a task, whose labels are numbers of sunspots."""
    known = frame(task)
    scaled: TimeMajorDataset = getattr(known, part)
    labels = known.columns.outputs.inverse(scaled.labels).float()
    return TimeMajorDataset(scaled.features, labels, scaled.mask)


@torch.no_grad()
def scores(model: nn.Module, task: str) -> dict[str, float]:
    """Test a model, and the interval around its forecasts by split conformal."""
    model.eval()
    kept = _windows(data(task, "validation"), slice(STOPPING, None))
    known, tested = _errors(model, kept), _errors(model, data(task, "test"))
    # If all were alike, the next residual would be as likely to have any rank.
    rank = math.ceil((len(known) + 1) * COVERED)
    reach = known.abs().sort().values[rank - 1].item()
    return {
        "rmse": tested.square().mean().sqrt().item(),
        "coverage": (tested.abs() <= reach).double().mean().item(),
        "width": 2 * reach,
    }


def _errors(model: nn.Module, part: TimeMajorDataset) -> Float[Tensor, "n"]:
    mask = cast(Tensor, part.mask)
    error: Tensor = model(part.features) - part.labels
    return error[mask][:, 0].double()


def _windows(part: TimeMajorDataset, some: slice) -> TimeMajorDataset:
    mask = cast(Tensor, part.mask)
    return TimeMajorDataset(part.features[:, some], part.labels[:, some], mask[:, some])


def _known(setup: Setup) -> FrameData:
    return frame(setup.trial.task)


def _mean(setup: Setup) -> nn.Module:
    return InUnits(Mean(), _known(setup).columns.outputs)


def _earlier(years: int, setup: Setup) -> nn.Module:
    known = _known(setup)
    steps = years - known.columns.layout.horizon if years else 0
    return InUnits(Earlier(steps), known.columns.inputs)


def _autoregression(order: int, setup: Setup) -> nn.Module:
    known = _known(setup)
    return InUnits(Autoregression(order, known, WARM_UP), known.columns.inputs)


def _trees(leaf: int, rounds: int, setup: Setup) -> nn.Module:
    known = _known(setup)
    return InUnits(Trees(leaf, rounds, known), known.columns.outputs)


def _linear(name: str, argument: float, setup: Setup) -> nn.Module:
    known = _known(setup)
    model = ReadBack(Code(name, argument, known, setup.seed), known)
    return InUnits(model, known.columns.outputs)


def _lstm(setup: Setup) -> nn.Module:
    model = Recurrent("lstm", setup.trial.hidden, seed=setup.seed)
    return InUnits(_fitted(model, setup), _known(setup).columns.outputs)


def _spiking(name: str, argument: float, setup: Setup) -> nn.Module:
    known, seed = _known(setup), setup.seed
    code = Code(name, argument, known, seed)
    inputs = code(known.train.features).shape[-1]
    network = SpikingRegressor(
        setup.trial.hidden, inputs, seed=seed, readout="dendrites"
    )
    model = Coded(code, network)
    return SpikingInUnits(_fitted(model, setup), known.columns.outputs)


def _fitted(model: nn.Module, setup: Setup) -> nn.Module:
    trial, known = setup.trial, _known(setup)
    stopping = _windows(known.validation, slice(STOPPING))
    fit(
        model,
        make_loader(known.train, BATCH, shuffle=True, seed=setup.seed),
        trial.epochs,
        trial.lr,
        recipe="accurate",
        validation=make_loader(stopping, len(stopping)),
        progress=False,
    )
    return model.eval()


#: Settings to choose from, as many for each method: fields of a trial.
RATES, EPOCHS = (3e-3, 1e-2, 3e-2), 60
ORDERS, LEAVES, ROUNDS = (2, 3, 6, 9, 12, 22), (3, 10, 20), (50, 200)

#: Widths of networks told the numbers themselves, and what each code is told: neurons,
#: levels, or the threshold in parts of the range.
WIDTHS, WIDTH = (32, 64), 64
CODES: dict[str, tuple[float, ...]] = {
    "rate": (10, 40),
    "levels": (10, 40),
    "delta": (0.05, 0.1),
}

GRID: dict[str, tuple[dict[str, Any], ...]] = {
    "ar": tuple({"method": f"ar {order}"} for order in ORDERS),
    "trees": tuple(
        {"method": f"trees, leaf {leaf}, rounds {rounds}"}
        for leaf in LEAVES
        for rounds in ROUNDS
    ),
    **{
        method: tuple(
            {"method": method, "hidden": hidden, "epochs": EPOCHS, "lr": lr}
            for hidden in WIDTHS
            for lr in RATES
        )
        for method in ("lstm", "spiking, current")
    },
    **{
        f"spiking, {code}": tuple(
            {
                "method": f"spiking, {code} {argument:g}",
                "hidden": WIDTH,
                "epochs": EPOCHS,
                "lr": lr,
            }
            for argument in arguments
            for lr in RATES
        )
        for code, arguments in CODES.items()
    },
}

#: Which of them had the smallest error on the earlier stretches, in the stored table
#: "sunspots-choice": one year ahead, and five.
CHOSEN: dict[str, tuple[int, int]] = {
    "ar": (0, 3),
    "trees": (2, 4),
    "lstm": (2, 0),
    "spiking, current": (3, 2),
    "spiking, rate": (2, 5),
    "spiking, levels": (5, 1),
    "spiking, delta": (0, 2),
}

METHODS: dict[str, Method] = {
    "mean": _mean,
    "last": partial(_earlier, 0),
    "season": partial(_earlier, 11),
    **{f"ar {order}": partial(_autoregression, order) for order in ORDERS},
    **{
        f"trees, leaf {leaf}, rounds {rounds}": partial(_trees, leaf, rounds)
        for leaf in LEAVES
        for rounds in ROUNDS
    },
    "lstm": _lstm,
    "linear, current": partial(_linear, "current", 0),
    "spiking, current": partial(_spiking, "current", 0),
    **{
        f"{how}, {code} {argument:g}": partial(make, code, argument)
        for how, make in (("linear", _linear), ("spiking", _spiking))
        for code, arguments in CODES.items()
        for argument in arguments
    },
}
