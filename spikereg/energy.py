"""What operations cost: picojoules, by figures that others have published."""

from dataclasses import asdict, dataclass
from typing import NamedTuple

from spikereg._check import finite
from spikereg.operations import Operations

__all__ = ["LOIHI", "SENECA", "Figures", "energy", "horowitz", "shares"]


@dataclass(frozen=True)
class Figures:
    """Energy of one operation of each kind in picojoules.

    Args:
        accumulate: A weight added.
        multiply_accumulate: A weight multiplied by an input, and added; ``None`` for
            hardware that cannot do that.
        weight_fetch: A weight read from memory.
        state_update: A number of a neuron's state read, changed and written.
        state_multiply: A multiplication in that.

    Raises:
        ValueError: If one of them is no finite number of at least 0.
    """

    accumulate: int | float
    multiply_accumulate: int | float | None
    weight_fetch: int | float
    state_update: int | float
    state_multiply: int | float

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is None and name == "multiply_accumulate":
                continue
            if not (finite(value) and value >= 0):
                raise ValueError(
                    f"{name} must be a finite number of picojoules of at least 0, not "
                    f"{value!r}"
                )


def energy(operations: Operations, figures: Figures) -> float:
    r"""Add up what operations cost.

    .. math:: E = \sum_k n_k\, e_k

    over the five kinds of operations. What a chip uses at rest, for its clock, for its
    control and to send spikes is not in it: of a small network that may be most.

    Args:
        operations: Their numbers :math:`n`: of a layer, or of a network.
        figures: Energy :math:`e` of each kind.

    Returns:
        The energy in picojoules.

    Raises:
        ValueError: For multiply-accumulates where the hardware cannot do them.
    """
    return sum(shares(operations, figures).values())


def shares(operations: Operations, figures: Figures) -> dict[str, float]:
    """Return what each kind of operation costs.

    Args:
        operations: Their numbers.
        figures: Energy of each kind.

    Returns:
        Picojoules by the name that :class:`~spikereg.operations.Operations` gives the
        kind.

    Raises:
        ValueError: For multiply-accumulates where the hardware cannot do them.
    """
    multiply = figures.multiply_accumulate
    if multiply is None and operations.multiply_accumulates:
        raise ValueError(
            f"operations must be without multiply_accumulates for hardware that takes "
            f"spikes only, not with {operations.multiply_accumulates}: leave out the "
            f"layers that have them, and say so"
        )
    return {
        "accumulates": float(operations.accumulates * figures.accumulate),
        "multiply_accumulates": float(
            operations.multiply_accumulates * (multiply or 0.0)
        ),
        "weight_fetches": float(operations.weight_fetches * figures.weight_fetch),
        "state_updates": float(operations.state_updates * figures.state_update),
        "state_multiplies": float(operations.state_multiplies * figures.state_multiply),
    }


class _Format(NamedTuple):
    """Bits of weights and states, and picojoules of the arithmetic with them."""

    weight: int
    state: int
    add: float
    multiply: float
    state_add: float
    state_multiply: float


#: With weights of 8 bits, sums have 32 and states 16, as on digital neuromorphic chips.
#: The table multiplies by 8 bits (0.2) and by 32 (3.1, about 16 times as much): as the
#: product of the widths.  So 16 bits, which it lacks, are taken for 4 times 8.
_FORMATS = {
    32: _Format(32, 32, add=0.9, multiply=3.7, state_add=0.9, state_multiply=3.7),
    8: _Format(8, 16, add=0.1, multiply=0.2, state_add=0.05, state_multiply=4 * 0.2),
}
#: Picojoules to read 64 bits from a memory of so many kilobytes.
_READS = {8: 10.0, 32: 20.0, 1024: 100.0}


def horowitz(bits: int = 32, memory: int = 8) -> Figures:
    r"""Return the figures of digital arithmetic at 45 nm and 0.9 V.

    In float32 an addition takes 0.9 pJ and a multiplication 3.7; in integers of 8, 16
    and 32 bits an addition takes 0.03, 0.05 and 0.1 pJ, a multiplication of 8 bits 0.2;
    to read 64 bits from a cache of 8 kB takes 10 pJ, of 32 kB 20, of 1 MB 100. Of that
    is made:

    - ``bits=32``: all in float32.
    - ``bits=8``: weights and inputs of 8 bits, sums of 32, states of 16.
    - An accumulate is an addition, a multiply-accumulate both.
    - A weight of :math:`b` bits costs :math:`b / 64` of a read: an assumption, true
      where all that is read together is used, as by a spike that goes to all neurons.
    - A state update is a read, an addition and a write, which is taken for as much as
      a read.
    - A multiplication of 16 bits, which is not in the table, is taken for 0.8 pJ.

    Args:
        bits: Of weights: 32 or 8.
        memory: Size of the memories of weights and states in kilobytes: 8, 32 or 1024.

    Returns:
        The figures.

    Raises:
        ValueError: For other bits, or another memory.

    Source:
        M. Horowitz, *Computing's energy problem (and what we can do about it)*, IEEE
        International Solid-State Circuits Conference (2014), 10-14.
    """
    for name, value, known in (("bits", bits, _FORMATS), ("memory", memory, _READS)):
        if value not in known:
            raise ValueError(f"{name} must be one of {tuple(known)}, not {value!r}")
    form, read = _FORMATS[bits], _READS[memory] / 64
    return Figures(
        accumulate=form.add,
        multiply_accumulate=form.multiply + form.add,
        weight_fetch=form.weight * read,
        state_update=2 * form.state * read + form.state_add,
        state_multiply=form.state_multiply,
    )


#: Loihi, of 14 nm, simulated before there was silicon. An accumulate is the least that
#: a synaptic operation takes, with its weight; an update is that of a neuron which is
#: active, whatever is in it (52 pJ for one which is not). M. Davies et al., *Loihi, a
#: neuromorphic manycore processor*, IEEE Micro 38(1), 2018, table 2.
LOIHI = Figures(
    accumulate=23.6,
    multiply_accumulate=None,
    weight_fetch=0.0,
    state_update=81.0,
    state_multiply=0.0,
)

#: SENECA, of 22 nm, synthesized. Its instructions, on words of 16 bits, take 1.4 pJ to
#: add or multiply, 3.7 to load and 3.9 to store. G. Tang et al., *SENECA, building a
#: fully digital neuromorphic processor*, Frontiers in Neuroscience 17 (2023), table 8.
SENECA = Figures(
    accumulate=1.4,
    multiply_accumulate=2 * 1.4,
    weight_fetch=3.7,
    state_update=3.7 + 1.4 + 3.9,
    state_multiply=1.4,
)
