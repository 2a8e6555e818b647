"""One file a kind of neuron: its equations, its step, and its rows for the walk.

The step is the neuron's own ``forward``, called as ``neuron(current, *state)`` for one
time step: the specification.  The rows are the same equations for many neurons at once,
compiled, with the way back.  :func:`spikereg.scan` knows of a neuron what its module
says, and nothing else: a new kind is a new module here and a line in ``KINDS``.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import snntorch as snn
from torch import Tensor, nn

from spikereg._compiled import Call
from spikereg.neurons import adaptive, leaky, lstm, plastic, recurrent, resonator
from spikereg.neurons.adaptive import AdaptiveLeaky
from spikereg.neurons.lstm import SpikingLSTM
from spikereg.neurons.own import Recurrence
from spikereg.neurons.plastic import PlasticPair
from spikereg.neurons.resonator import Resonator

__all__ = [
    "KINDS",
    "AdaptiveLeaky",
    "Kind",
    "PlasticPair",
    "Resonator",
    "SpikingLSTM",
]


@runtime_checkable
class Kind(Protocol):
    """What a module says of its kind of neuron.

    T steps, B samples and N neurons make rows of M = B·N columns that never meet,
    except by the recurrence.  The rows of a step come some columns at a time;
    parameters, inputs and their gradients come as tuples of rows.

    Attributes:
        STATES: What ``neuron(current, *state)`` takes and, last, returns.  The membrane
            is the last one; of the others one at most is not the spikes.
        GATES: Currents that each neuron gets: the current is ``[T, B, GATES·N]``.
        INPUTS: Rows of inputs that a step reads.
        MULTIPLIES: Multiplications of a neuron's step, of what no constant can hold.
        KEEPS_INPUTS: Whether the way back reads them too.
        READS_SPIKES: Whether a step reads the spikes before it, beside the reset and
            what is fed back, and differentiates them.
        PARAMETERS: The neuron's parameters by name, each of size 1 or N.
        RANGES: Between what the neuron clamps some of them.
    """

    STATES: tuple[str, ...]
    GATES: int
    INPUTS: int
    MULTIPLIES: int
    KEEPS_INPUTS: bool
    READS_SPIKES: bool
    PARAMETERS: tuple[str, ...]
    RANGES: dict[str, tuple[float, float]]

    def __hash__(self) -> int:
        """Tell modules apart."""

    def check(self, neuron: Any) -> None:
        """Raise unless the neuron can be run over all steps."""

    def unsupported(self, neuron: Any) -> str:
        """Name the first thing that the rows cannot do, if there is one."""

    def parameters(self, neuron: Any) -> tuple[Tensor, ...]:
        """Give what the rows are to read, the threshold last, each of size 1 or N."""

    @property
    def derive(self) -> Callable[..., tuple[Call, Call]] | None:
        """What prepares two calls where rows do not read the parameters as they are.

        ``derive(neuron, raw, p, to_p, to_raw)`` gives what fills in ``p`` for the rows,
        ``[P, B, N]``, from the parameters in their order, clamped, ``raw`` ``[P, 1,
        N]``; and what fills in ``to_raw``, the latter's gradients, from ``to_p``.
        """

    def reset(self, neuron: Any) -> int:
        """Give the code of the reset mechanism."""

    def recurrence(self, neuron: Any) -> Recurrence | None:
        """Say what is fed back, and by which weights."""

    def feed(self, inputs: Tensor, fed: Tensor) -> None:
        """Enter what is fed back, ``[B, GATES, N]``, into ``[B, INPUTS, N]``."""

    #: ``advance(reset, p, u0, v0, s0, x, u, v)`` fills in the membrane ``u`` and the
    #: other state ``v`` after a step, from those before, the spikes ``s0`` before and
    #: the inputs ``x``.
    advance: Callable[..., None]

    #: ``retreat(reset, p, wanted, u0, v0, s0, x, u, v, d, to_u, to_v, to_s, to_x,
    #: to_p)`` goes the same step back: from ``d``, what comes through the spike to
    #: U − θ, and the gradients ``to_u`` and ``to_v`` of the states after the step to
    #: those of the inputs and parameters (added up, for those that are wanted), and to
    #: those of the states and spikes before it, in the same rows.
    retreat: Callable[..., None]


#: The kinds by the class of the neuron.
KINDS: dict[type[nn.Module], Kind] = {
    snn.Leaky: leaky,
    snn.RLeaky: recurrent,
    AdaptiveLeaky: adaptive,
    Resonator: resonator,
    SpikingLSTM: lstm,
    PlasticPair: plastic,
}


def kind_of(neuron: object) -> Kind | None:
    """Return the kind of a neuron, or of the class that it inherits from.

    snnTorch's classes that inherit from one another are kinds of their own.
    """
    own = type(neuron)
    if own in KINDS or not own.__module__.startswith("snntorch."):
        for base in own.__mro__:
            if base in KINDS:
                return KINDS[base]
    return None


def ranges(module: nn.Module) -> dict[str, tuple[float, float]]:
    """Return between what a module clamps its parameters, by name."""
    kind = kind_of(module)
    if kind is not None:
        return kind.RANGES
    # snnTorch's others clamp their decays, and none says so.
    decays = ("alpha", "beta") if isinstance(module, snn.SpikingNeuron) else ()
    return dict.fromkeys(decays, (0.0, 1.0))
