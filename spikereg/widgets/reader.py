"""A network that reads digits, which its reader may draw."""

import copy
from collections.abc import Sequence
from typing import Any

import snntorch as snn
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor

from spikereg.models import SpikingRegressor
from spikereg.neurons import KINDS, AdaptiveLeaky
from spikereg.widgets._digits import (
    DRAWING,
    Drawing,
    Sample,
    between,
    images_of,
    labels_of,
)
from spikereg.widgets._explorer import Explorer, Id, Range
from spikereg.widgets._layers import (
    check_layers,
    check_readout,
    check_width,
    described,
    fed_back,
    numbers,
    read_by_membrane,
)
from spikereg.widgets._source import joined

WIDEST = 256
# Steps of a row, and after the image: each is drawn.
SLOWEST = 16
EMPTIEST = 128

HIDDEN = (snn.Leaky, snn.RLeaky, AdaptiveLeaky)
#: What the page calls them.
NAMES = {snn.Leaky: "leaky", snn.RLeaky: "recurrent", AdaptiveLeaky: "adaptive"}


class DigitReader(Explorer):
    r"""A :class:`spikereg.SpikingRegressor` that reads digits in the page.

    The weights are copied into the page. There the network gets an image
    :math:`x \in [0, 1]^{8 \times 8}` row by row: row :math:`k` for ``repeat`` steps,
    the next one, and at last ``blank`` steps of zeros,

    .. math::

        x_t = x_{\lfloor t / \mathrm{repeat} \rfloor, :} \quad\text{for } t <
        8\,\mathrm{repeat}, \qquad x_t = 0 \quad\text{after that.}

    It answers with the digit whose output has the largest mean membrane over the blank
    steps :math:`\mathcal{B}`, over all steps if there are none:
    :math:`\arg\max_o \sum_{t \in \mathcal{B}} \hat y_{t,o}`.

    The image is one of the samples, or the reader's own drawing by mouse, finger or
    keys: 32 × 32 pixels, of which each 4 × 4 are counted and divided by 16, as the
    UCI digits (scikit-learn's) were made. The page shows the image, the spikes of both
    hidden layers, the ten outputs and their means. Where neurons feed back their
    spikes, :math:`V` is multiplied by the recurrence strength :math:`r`, in both
    layers: :math:`F_t = r\,V S_{t-1} + c`.

    The parameters from ``sample`` on are traits, as those of
    :class:`spikereg.widgets.LIFExplorer`.

    Args:
        model: The network, with eight inputs, ten outputs, ``readout="membrane"`` and
            at most 256 neurons in a layer. Its hidden neurons are ``snn.Leaky``,
            ``snn.RLeaky`` or :class:`spikereg.AdaptiveLeaky`, of one kind. Later
            changes of it do not reach the page.
        images: Samples to choose from, ``[N, 8, 8]``, in [0, 1], at most 100.
        labels: Their digits, N integers from 0 to 9.
        repeat: Steps of each row, between 1 and 16.
        blank: Steps after the image, between 0 and 128.
        sample: Number of the sample that is read, from 0 on, or ``"drawing"``. Where a
            drawing is given, it is read at first.
        recurrence: Recurrence strength :math:`r`, between 0 and 2. Without a recurrence
            it does nothing, and has no slider.
        drawing: The drawing: 32 whole numbers, one for each row from above, the left
            pixel the highest of 32 bits. Empty at first.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        TypeError: If model, images or labels are something else, or for a name that is
            none of these.
        ValueError: If the network has other ends, a layer that is too wide, other
            neurons or several kinds, other steps or features than the page's, or
            numbers beyond 1e9 or not finite; or if images, labels, ``repeat`` or
            ``blank`` are not as above.
        traitlets.TraitError: If a value is out of range, or the id none.
    """

    _esm = joined("reader.js")

    id = Id("digits")
    sample = Sample()
    recurrence = Range(
        0.0, 2.0, 0.01, default=1.0, label="recurrence strength", sign="× "
    )
    drawing = Drawing()

    # Of each layer weights, biases, parameters and what is fed back, then the images.
    _numbers = traitlets.Bytes().tag(sync=True)
    # For each layer: inputs, neurons, reset mechanism, kind and what is fed back.
    _shapes: "traitlets.List[Any]" = traitlets.List().tag(sync=True)
    # Labels, repeat and blank.
    _task: "traitlets.Dict[str, Any]" = traitlets.Dict({"labels": []}).tag(sync=True)

    def __init__(
        self,
        model: SpikingRegressor,
        images: Tensor | NDArray[Any],
        labels: Tensor | NDArray[Any] | Sequence[int],
        *,
        repeat: int = 2,
        blank: int = 8,
        **values: Any,
    ) -> None:
        layers = _read(model)
        pixels = images_of(images)
        between("repeat", repeat, 1, SLOWEST)
        between("blank", blank, 0, EMPTIEST)
        task = {
            "labels": labels_of(labels, len(pixels)),
            "repeat": int(repeat),
            "blank": int(blank),
        }
        if "drawing" in values:
            values.setdefault("sample", DRAWING)
        # The task first: by it samples are checked.
        super().__init__(
            _task=task,
            **values,
            _numbers=b"".join(
                [*(part for part, _ in layers), numbers("images", pixels)]
            ),
            _shapes=[layer for _, layer in layers],
        )
        self._controls = [
            control | self._words() if control["name"] == "sample" else control
            for control in self._controls
            if control["name"] != "recurrence" or any(s["fed"] for s in self._shapes)
        ]

    def _words(self) -> dict[str, list[str]]:
        """Return what the page's list of images says."""
        labels = self._task["labels"]
        return {
            "words": [*map(str, range(len(labels))), DRAWING],
            "texts": [
                *(f"image {n} (label {label})" for n, label in enumerate(labels)),
                "your own drawing",
            ],
        }

    def _written(self, name: str) -> str | None:
        if name != "drawing":
            return super()._written(name)
        return repr(list(self.drawing)) if any(self.drawing) else None


def _read(model: object) -> list[tuple[bytes, dict[str, Any]]]:
    """Return numbers and shape of each layer, of a network that the page can run."""
    model = read_by_membrane(model)
    kinds = {"lif_in": HIDDEN, "lif_hidden": HIDDEN, "li_out": (snn.Leaky,)}
    linears = check_layers("model", model, kinds)
    first, second = type(model.lif_in), type(model.lif_hidden)
    if first is not second:
        raise ValueError(
            f"model must have one kind of neuron in both hidden layers, not "
            f"{first.__name__} and {second.__name__}"
        )
    ends = (linears[0].in_features, linears[-1].out_features)
    if ends != (8, 10):
        raise ValueError(
            f"model must have eight inputs and ten outputs, not {ends[0]} and {ends[1]}"
        )
    check_width("model", linears, WIDEST)
    check_readout("model", model)
    own = copy.deepcopy(model).to("cpu", torch.float32)
    return [_described(linear, neuron) for linear, neuron in own.layers()]


def _described(linear: Any, neuron: Any) -> tuple[bytes, dict[str, Any]]:
    """Return a layer as its steps use it: decays clamped, shares multiplied out."""
    kind = KINDS[type(neuron)]
    values = zip(kind.PARAMETERS, kind.parameters(neuron), strict=True)
    part, layer = described("model", linear, neuron, dict(values))
    fed, way = fed_back("model", neuron, linear.out_features)
    return part + fed, layer | {"kind": NAMES[type(neuron)], "fed": way}
