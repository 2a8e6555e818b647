"""One neuron, live."""

from spikereg.widgets._explorer import Choice, Explorer, Id, Range
from spikereg.widgets._source import joined


class LIFExplorer(Explorer):
    r"""A leaky integrate-and-fire neuron that runs in the page, 50 time steps long.

    .. math::

        U_t = \beta\, U_{t-1} + I_t - R_t, \qquad
        S_t = \begin{cases} 1 & U_t > \theta \\ 0 & \text{otherwise,} \end{cases}

    with the reset :math:`R_t` of :func:`spikereg.scan` and a current of amplitude
    :math:`A`. Shown are the current, the membrane with its threshold, and the spikes,
    read as count, latency, mean interspike interval and final membrane. The steady
    state :math:`I / (1 - \beta)` is drawn where there is one: for a constant current,
    no reset and :math:`\beta < 1`.

    The parameters are traits: ``explorer.observe`` hears of them in a kernel, and
    ``ipywidgets.jslink`` ties them to other widgets, in a static page too. A value out
    of range raises ``traitlets.TraitError``.

    Args:
        beta: Decay :math:`\beta` per step, between 0 and 1.
        threshold: Threshold :math:`\theta`, between 0.1 and 3, in units of the
            membrane potential.
        reset_mechanism: ``"subtract"``, ``"zero"`` or ``"none"``.
        stimulus: ``"step"``: :math:`A` from step 5 on. ``"ramp"``: from 0 to
            :math:`A`. ``"sine"``: between :math:`-A` and :math:`A`, two periods.
            ``"noise"``: drawn evenly from 0 to :math:`A`, always the same.
        amplitude: Amplitude :math:`A`, between 0 and 2, in the same units.
        id: What it is called in the page's address, where *Copy link* and links keep
            its values: 1 to 24 of a-z, 0-9 and -, a letter first. A second one of this
            id on a page is called ``lif2`` there.

    Raises:
        traitlets.TraitError: If a value is out of range, or the id none.
        TypeError: For a name that is none of these.
    """

    _esm = joined("lif.js")

    id = Id("lif")
    beta = Range(0.0, 1.0, 0.01, default=0.9, label="decay β")
    threshold = Range(0.1, 3.0, 0.05, default=1.0, label="threshold θ")
    reset_mechanism = Choice(["subtract", "zero", "none"], label="reset")
    stimulus = Choice(["step", "ramp", "sine", "noise"], label="input current")
    amplitude = Range(0.0, 2.0, 0.01, default=0.3, label="its amplitude")
