"""One layer of neurons over all time steps."""

import warnings
from functools import cache
from typing import Any, Literal, overload

from jaxtyping import Float
from torch import Tensor, nn

from spikereg._check import one_of
from spikereg.neurons import KINDS, kind_of
from spikereg.scan import cpu, reference
from spikereg.scan.arguments import State, checked
from spikereg.scan.unsupported import UnsupportedError

__all__ = ["BACKENDS", "scan", "walk"]

BACKENDS = ("auto", "reference", "cpu")


@overload
def scan(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    *,
    backend: str = "auto",
    return_state: Literal[False] = False,
) -> tuple[Tensor, Tensor]: ...


@overload
def scan(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    *,
    backend: str = "auto",
    return_state: Literal[True],
) -> tuple[Tensor, Tensor, State]: ...


def scan(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    *,
    backend: str = "auto",
    return_state: bool = False,
) -> tuple[Any, ...]:
    r"""Run a layer of neurons over all time steps.

    Spikes :math:`S_t` and membrane :math:`U_t` after step :math:`t` come from the input
    current :math:`I_t` and the states before, by the equations of the neuron: those of
    ``snntorch.Leaky`` and ``snntorch.RLeaky`` stand in :mod:`spikereg.neurons.leaky`
    and :mod:`spikereg.neurons.recurrent`. :math:`S_t` is differentiated by the neuron's
    surrogate gradient. Options beyond the equations, such as ``inhibition`` or
    ``reset_delay=False``, do what snnTorch makes of them.

    Args:
        neuron: The layer: ``snntorch.Leaky``, ``snntorch.RLeaky``,
            :class:`~spikereg.AdaptiveLeaky`, :class:`~spikereg.Resonator`,
            :class:`~spikereg.SpikingLSTM`, :class:`~spikereg.PlasticPair`, or a class
            that inherits from one of them.
            What snnTorch's neurons keep on themselves is neither read nor changed, so
            they can be copied, saved and used again.
        current: Input current, ``[T, B, N]``: time steps, batch, neurons; an LSTM's
            ``[T, B, 4N]``. In units of the membrane potential, as is everything else
            here. Under ``torch.autocast`` it may be narrower than the parameters, and
            all that follows is as wide as these, as in snnTorch's own loop.
        state: What the neuron starts from, as it takes it itself, each ``[B, N]``;
            zeros if ``None``. ``Leaky``: the membrane :math:`U_{-1}`. ``RLeaky``:
            spikes and membrane. The others: adaptation, quadrature, cell or stress, and
            membrane.
        backend: ``"reference"`` is the neuron's own step, looped in Python: the
            specification. ``"cpu"`` is compiled: the same spikes and membranes to the
            last bit (an LSTM's to some units of rounding), the same gradients to
            rounding, first derivatives only; in float32 and float64, with snnTorch's
            deterministic surrogates, without the options named above. ``"auto"`` takes
            ``"cpu"`` where it can do the job and ``"reference"`` elsewhere; tensors on
            a GPU are run by the reference, which says so once.
        return_state: Return also what to go on from, in the form of ``state``.

    Returns:
        Spikes (0 or 1) and membranes, each ``[T, B, N]``, in the current's data type;
        with ``return_state`` the last state too.

    Raises:
        TypeError: If ``neuron`` is none of these, current or state are no tensors, or
            the state is no tuple where there are several.
        ValueError: If the current is not a floating-point ``[T, B, N]`` with at least
            one step, a state not ``[B, N]``, the size of a parameter neither 1 nor N,
            the data type of one of these wider than the current's, the backend
            unknown, or if a neuron of snnTorch's keeps its state itself
            (``init_hidden=True``) or had its ``reset_mechanism`` set anew, which
            changes snnTorch's label only.
            Under ``"cpu"`` also if the neuron has a feature that the compiled walk
            lacks, which is named.
        RuntimeError: For a second derivative through ``"cpu"``.

    Source:
        J. K. Eshraghian et al., *Training spiking neural networks using lessons from
        deep learning*, Proc. IEEE 111 (2023).
    """
    spikes, states = walk(neuron, current, state, backend)
    if not return_state:
        return spikes, states[-1]
    last = tuple(each[-1].clone() for each in states)  # to be changed, or kept alone
    return spikes, states[-1], last[0] if len(last) == 1 else last


def walk(
    neuron: nn.Module,
    current: Float[Tensor, "T B M"],
    state: State | None = None,
    backend: str = "auto",
) -> tuple[Float[Tensor, "T B N"], tuple[Float[Tensor, "T B N"], ...]]:
    """Do as :func:`scan` does, and return each of the states after every step."""
    one_of("backend", backend, BACKENDS)
    kind = kind_of(neuron)
    if kind is None:
        names = ", ".join(each.__name__ for each in KINDS)
        raise TypeError(
            f"neuron must be one of {names}, not {_name(neuron)}: scan does not know "
            f"what it does in a step"
        )
    kind.check(neuron)
    current, states, parameters = checked(kind, neuron, current, state)
    if backend != "reference":
        try:
            return cpu.walk(kind, neuron, current, states, parameters)
        except UnsupportedError:
            if backend == "cpu":
                raise
        if not current.is_cpu:
            _say_that_it_is_slow(str(current.device))
    return reference.walk(kind, neuron, current, states)


@cache
def _say_that_it_is_slow(device: str) -> None:
    warnings.warn(
        f"scan runs on {device} step by step, in Python: the slow path. On the CPU it "
        f"is compiled",
        stacklevel=4,
    )


def _name(neuron: object) -> str:
    kind = neuron if isinstance(neuron, type) else type(neuron)
    return f"the class {kind.__name__}" if kind is neuron else kind.__name__
