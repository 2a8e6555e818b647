"""The step and its stand-in, live."""

from spikereg.widgets._explorer import Choice, Explorer, Id, Range
from spikereg.widgets._source import joined


class SurrogateExplorer(Explorer):
    r"""The spike's step, and the surrogate gradient that replaces its derivative.

    With :math:`z = U - \theta` and the steepness :math:`k`, the derivative is

    .. math::

        \frac{1}{(1 + k\,|z|)^2} \;\text{("fast_sigmoid")} \qquad\text{or}\qquad
        \frac{k/2}{1 + (\pi k z / 2)^2} \;\text{("atan")}.

    On the left the step, and the smooth function that has this derivative; on the
    right the derivative, and where it has fallen below 1 % of its peak.

    The parameters are traits, as those of :class:`spikereg.widgets.LIFExplorer`.

    Args:
        slope: Steepness :math:`k`, between 1 and 100; snnTorch calls it ``slope``, and
            ``alpha`` for ``"atan"``.
        distance: Distance :math:`z` of the membrane from the threshold, between -1
            and 1, at which the derivative is read.
        surrogate: ``"fast_sigmoid"`` or ``"atan"``.
        id: What it is called in the page's address, as of
            :class:`spikereg.widgets.LIFExplorer`.

    Raises:
        traitlets.TraitError: If a value is out of range, or the id none.
        TypeError: For a name that is none of these.

    Source:
        ``snntorch.surrogate.fast_sigmoid`` and ``snntorch.surrogate.atan``.
    """

    _esm = joined("surrogate.js")

    id = Id("surrogate")
    slope = Range(1.0, 100.0, 1.0, default=25.0, label="steepness k")
    distance = Range(-1.0, 1.0, 0.01, default=0.1, label="distance U − θ")
    surrogate = Choice(["fast_sigmoid", "atan"], label="surrogate")
