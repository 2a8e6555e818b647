"""A neuron whose spike time is a formula, and its gradient, live."""

from spikereg.widgets._explorer import Choice, Explorer, Id, Range, Whole
from spikereg.widgets._source import joined


def _weight(number: int, default: float) -> Range:
    return Range(-1.0, 2.0, 0.05, default=default, label=f"weight w{number}")


class SpikeTimeExplorer(Explorer):
    r"""A neuron without leak and four inputs, whose spike time has an exact gradient.

    The neuron of :func:`spikereg.spike_times.first_spike`, with :math:`\tau = 20`
    steps. Its first three inputs fire at 5, 15 and 40 steps, the fourth where its
    slider says:

    .. math:: U(t) = \sum_{i:\, t_i \le t} w_i\, \bigl(1 - e^{-(t - t_i) / \tau}\bigr)

    It fires when :math:`U` first reaches 1, at :math:`t`, after the inputs :math:`C`;
    the gradient for the weight of one of them is

    .. math:: \frac{\partial t}{\partial w_i} =
              \tau\, \frac{e^{(t_i - t) / \tau} - 1}{\sum_C w - 1} .

    An arrow shows where this says that the spike goes when the weight that was moved
    last grows by 0.1, :math:`0.1\, \partial t / \partial w_i`, and a dashed mark where
    it goes. Beside that stands the spike time over all values of this weight, with the
    tangent, and with gaps where the neuron is silent or its spike jumps. A click or a
    drag there moves the weight.

    The parameters are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        w1: Weight of the first input in thresholds, between -1 and 2.
        w2: Weight of the second input.
        w3: Weight of the third input.
        w4: Weight of the fourth input.
        time: When the fourth input fires, in steps, between 0 and 60.
        arrow: Which weight the arrow is for, ``"w1"``, ``"w2"``, ``"w3"`` or ``"w4"``:
            in the page, the one that was moved last.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        traitlets.TraitError: If a value is out of range, or the id none.
        TypeError: For a name that is none of these.
    """

    _esm = joined("exact.js")

    id = Id("exact")
    w1 = _weight(1, 0.7)
    w2 = _weight(2, 0.7)
    w3 = _weight(3, 1.0)
    w4 = _weight(4, -0.7)
    time = Whole(0, 60, 1, default=28, label="time of input 4")
    arrow = Choice(["w1", "w2", "w3", "w4"], label="gradient for")
