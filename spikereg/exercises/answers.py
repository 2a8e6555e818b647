"""What a right answer to an exercise is, and what to say of a wrong one."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

Test = Callable[[Any], bool]


class Answer(NamedTuple):
    """An exercise's answer.

    Attributes:
        right: Whether an answer is right.
        look: What to look at if it is not.
        slips: Pairs of a test that a known wrong answer passes, and what to say of it.
    """

    right: Test
    look: str
    slips: Sequence[tuple[Test, str]] = ()


def near(value: float | Sequence[float] | Tensor, within: float = 0.01) -> Test:
    """Accept numbers that differ by at most a part ``within`` of the largest one.

    A tensor's shape does not matter, only its numbers in their order: one sample and
    one neuron are often left out.
    """
    wanted = torch.as_tensor(value, dtype=torch.float64).flatten()

    def right(answer: Any) -> bool:
        try:
            given = torch.as_tensor(answer, dtype=torch.float64).detach().flatten()
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(
                f"answer must be {_words(wanted)}, not {answer!r}"
            ) from None
        if given.shape != wanted.shape:
            raise ValueError(
                f"answer must be {_words(wanted)}, not {given.numel()} of them"
            )
        far = (given.cpu() - wanted).abs().max()
        return bool(far <= within * wanted.abs().max().clamp(min=1e-12))

    return right


def equal(value: str | bool) -> Test:
    """Accept one word, or yes or no."""

    def right(answer: Any) -> bool:
        if type(answer) is not type(value):
            kind = "True or False" if isinstance(value, bool) else "a word in quotes"
            raise TypeError(f"answer must be {kind}, not {answer!r}")
        return bool(answer == value)

    return right


def like(
    function: Callable[..., Any], *examples: Sequence[Any], within: float = 1e-4
) -> Test:
    """Accept functions that give what another one gives, for each example's arguments.

    Tensors are handed over as copies: an answer may write to its arguments.
    """

    def right(answer: Any) -> bool:
        if not callable(answer):
            raise TypeError(f"answer must be a function, not {answer!r}")
        return all(
            near(function(*arguments), within)(answer(*map(_copy, arguments)))
            for arguments in examples
        )

    return right


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, Tensor) else value


def _words(wanted: Tensor) -> str:
    return "a number" if wanted.numel() == 1 else f"{wanted.numel()} numbers"
