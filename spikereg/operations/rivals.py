"""Networks without spikes taken apart into layers, with the signals of one run."""

from torch import Tensor, nn

from spikereg.baselines import (
    LinearFilter,
    RateNetwork,
    Recurrent,
    ResonantFilter,
    TapFilter,
)
from spikereg.dendrites import Dendrites
from spikereg.operations.layers import Layer, direct, late, rows, run
from spikereg.operations.networks import delay_line, neurons, oscillators

#: Numbers that a cell keeps, and multiplications of a step. LSTM, cell and output: two
#: for the cell, one for the output, three logistic functions, tanh twice. GRU, output:
#: one for what is reset, one for what is mixed, two logistic functions, tanh.
CELLS = {nn.LSTM: (2, 8), nn.GRU: (1, 5)}


def plain(model: nn.Module, features: Tensor) -> dict[str, Layer]:
    """Take apart linear layers, which have rectified units between them at most."""
    linears = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            linears[name or "linear"] = module
        elif name and type(module) not in (nn.ReLU, nn.Sequential):
            raise TypeError(
                f"model must be made of nn.Linear and nn.ReLU to be counted, not of "
                f"{type(module).__name__} ({name})"
            )
    _, products = run(lambda: model(features), [*linears.values()])
    return {name: Layer(each) for name, each in zip(linears, products, strict=True)}


def recurrent(model: Recurrent, features: Tensor) -> dict[str, Layer]:
    """Take apart cells and readout."""
    layer = model.recurrent
    _, (summed,) = run(lambda: model(features), [model.fc_out])
    (output, _), *_ = summed
    products = [(features, layer.weight_ih_l0), (late(output), layer.weight_hh_l0)]
    width, (states, multiplies) = layer.hidden_size, CELLS[type(layer)]
    return {
        "recurrent": Layer(products, rows(features), width, width, states, multiplies),
        "fc_out": Layer(summed),
    }


def rate_network(model: RateNetwork, features: Tensor) -> dict[str, Layer]:
    """Take apart neurons that send numbers, and a readout of theirs or of oscillators.

    Each layer is named as its neurons.
    """
    readout = model.li_out
    linears = [model.fc_in, model.fc_hidden, model.fc_out]
    if isinstance(readout, Dendrites):
        linears.append(readout.fc)
    _, (first, second, *last) = run(lambda: model(features), linears)
    products = [product for each in last for product in each]
    return {
        "li_in": neurons(model.li_in, first, {}),
        "li_hidden": neurons(model.li_hidden, second, {}),
        "li_out": oscillators(readout.poles.width, products)
        if isinstance(readout, Dendrites)
        else neurons(readout, products, {}),
    }


def linear_filter(model: LinearFilter, features: Tensor) -> dict[str, Layer]:
    """Take apart integrators, whose factor 1 - β their weights hold, and readout."""
    _, (driven, summed) = run(lambda: model(features), [model.fc_in, model.fc_out])
    return {"filter": neurons(model.filter, driven, {}), "fc_out": Layer(summed)}


def resonant_filter(model: ResonantFilter, features: Tensor) -> dict[str, Layer]:
    """Take apart oscillators, to which the features go without weights, and sum."""
    _, (summed,) = run(lambda: model(features), [model.filter.fc])
    return {
        "filter": oscillators(model.filter.poles.width, [direct(features)]),
        "fc_out": Layer(summed),
    }


def tap_filter(model: TapFilter, features: Tensor) -> dict[str, Layer]:
    """Take apart delay lines, which last one step less than there are taps, and sum."""
    _, (summed,) = run(lambda: model(features), [model.fc_out])
    width = model.num_inputs * min(model.taps - 1, 1)
    return {"delays": delay_line(width, [direct(features)]), "fc_out": Layer(summed)}
