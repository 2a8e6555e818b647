"""Answers to the exercises of the course, to hold your own against."""

from typing import Any

from spikereg._check import one_of
from spikereg.exercises import (
    chapter_1,
    chapter_2,
    chapter_3,
    chapter_4,
    chapter_5,
    chapter_6,
    chapter_7,
    chapter_8,
    chapter_9,
    chapter_10,
    chapter_11,
    chapter_12,
    chapter_13,
)
from spikereg.exercises.answers import Answer

__all__ = ["ANSWERS", "check"]

#: What is asked: the number of the exercise, and its answer.
ANSWERS: dict[str, Answer] = {
    **chapter_1.ANSWERS,
    **chapter_2.ANSWERS,
    **chapter_3.ANSWERS,
    **chapter_4.ANSWERS,
    **chapter_5.ANSWERS,
    **chapter_6.ANSWERS,
    **chapter_7.ANSWERS,
    **chapter_8.ANSWERS,
    **chapter_9.ANSWERS,
    **chapter_10.ANSWERS,
    **chapter_11.ANSWERS,
    **chapter_12.ANSWERS,
    **chapter_13.ANSWERS,
}


def check(exercise: str, answer: Any) -> None:
    """Print whether an answer to an exercise is right, and if not, what to look at.

    Args:
        exercise: Its number, such as ``"1.2"``.
        answer: A number, a tensor of numbers, a word, ``True`` or ``False``, or a
            function, whatever the exercise asks for.

    Raises:
        ValueError: For a number of no such exercise, or an answer of another length.
        TypeError: For an answer of another kind than the one asked for.
    """
    one_of("exercise", exercise, tuple(ANSWERS))
    right, look, slips = ANSWERS[exercise]
    if right(answer):
        print(f"Exercise {exercise}: right.")  # noqa: T201
        return
    said = [words for slip, words in slips if slip(answer)]
    words = (said or [look])[0]
    print(f"Exercise {exercise}: not yet. {words}")  # noqa: T201
