"""A pulse, and what each kind of memory keeps of it, live."""

from spikereg.widgets._explorer import Explorer, Id, Range, Whole
from spikereg.widgets._source import joined


class PulseExplorer(Explorer):
    r"""What six kinds of memory keep of a pulse, side by side, 60 time steps long.

    The input :math:`x_t` is 1 for some steps from step 5 on, else 0. All states begin
    at 0. With :math:`\beta = e^{-1/\tau}`:

    .. math::

        \text{Decay} &: & U_t &= \beta\, U_{t-1} + (1 - \beta)\, x_t \\
        \text{Reset} &: & U_t &= \beta\, U_{t-1} + (1 - \beta)\, x_t
            - \theta\, [U_{t-1} > \theta] \\
        \text{Adaptation} &: & W_t &= e^{-1/\tau_W}\, W_{t-1}
            + \tfrac12\, [U_{t-1} > \theta] \\
        & & U_t &= \beta\, (1 - [U_{t-1} > \theta])\, U_{t-1}
            + (1 - \beta)\, (x_t - W_t) \\
        \text{Rotation} &: & U_t &= \beta\, (\cos\omega\; U_{t-1}
            - \sin\omega\; Q_{t-1}) + (1 - \beta)\, x_t \\
        & & Q_t &= \beta\, (\sin\omega\; U_{t-1} + \cos\omega\; Q_{t-1}) \\
        \text{Gate} &: & C_t &= f_t\, C_{t-1} + i_t\, x_t, \qquad
            i_t = [x_t > 0], \quad f_t = (1 - i_t)\, f \\
        \text{Delay taps} &: & & x_{t-1}, \dots, x_{t-d}

    These are ``snntorch.Leaky`` without and with its reset by subtraction,
    :class:`spikereg.AdaptiveLeaky` with :math:`a = 0` and a :math:`q` with which every
    spike adds one half to :math:`W`, :class:`spikereg.Resonator` without reset, the
    cell of an LSTM whose gates open to the input and shut behind it, and a tapped delay
    line, of which the last tap is drawn. Where there is a threshold, spikes
    :math:`S_t = [U_t > \theta]` stand below the axis.

    Each panel says how much is left 30 steps after the last step of the pulse, as a
    share of the largest value within the 60 steps: of :math:`|U|`, of :math:`W`, of the
    amplitude :math:`\sqrt{U^2 + Q^2}` for the rotation, of :math:`C`, and of the
    largest tap. A dot marks it.

    The parameters are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        length: Length of the pulse in steps, between 1 and 15.
        tau: Time constant :math:`\tau` in steps, between 1 and 100.
        threshold: Threshold :math:`\theta`, between 0.05 and 1.
        tau_adaptation: Time constant :math:`\tau_W` of the adaptation in steps, between
            5 and 200.
        period: Period :math:`2 \pi / \omega` of the rotation in steps, between 6 and
            60.
        forget: Forget gate :math:`f`, between 0.8 and 1.
        delay: Delay :math:`d` of the last tap in steps, between 1 and 40.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        traitlets.TraitError: If a value is out of range, or the id none.
        TypeError: For a name that is none of these.
    """

    _esm = joined("pulse.js")

    id = Id("pulse")
    length = Whole(1, 15, 1, default=5, label="pulse length")
    tau = Range(1.0, 100.0, 1.0, default=10.0, label="time constant τ")
    threshold = Range(0.05, 1.0, 0.05, default=0.3, label="threshold θ")
    tau_adaptation = Range(5.0, 200.0, 5.0, default=60.0, label="τ, adaptation")
    period = Range(6.0, 60.0, 1.0, default=20.0, label="period")
    forget = Range(0.8, 1.0, 0.005, default=0.98, label="forget gate f")
    delay = Whole(1, 40, 1, default=16, label="delay d")
