"""What is said of an answer to an exercise."""

import pytest
import torch

from spikereg.exercises import ANSWERS, check
from spikereg.exercises.answers import Answer, equal, like, near


@pytest.fixture
def asked(monkeypatch, capsys):
    """Return what is said of an answer, given what is right."""

    def say(right, answer, slips=()):
        monkeypatch.setitem(ANSWERS, "9.9", Answer(right, "Look at (9.1).", slips))
        check("9.9", answer)
        return capsys.readouterr().out

    return say


RIGHT, WRONG = "Exercise 9.9: right.\n", "Exercise 9.9: not yet. Look at (9.1).\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (2, RIGHT),
        (2.019, RIGHT),
        (2.021, WRONG),
        (torch.tensor([[2.0]], requires_grad=True), RIGHT),
        (float("nan"), WRONG),
        (float("inf"), WRONG),
    ],
)
def test_a_number_may_be_off_by_a_hundredth(asked, answer, said):
    assert asked(near(2.0), answer) == said


def test_numbers_count_in_their_order_whatever_their_shape(asked):
    right = near([1.0, 2.0])
    assert asked(right, torch.tensor([1.0, 2.0]).view(2, 1, 1)) == RIGHT
    assert asked(right, [2.0, 1.0]) == WRONG


def test_a_known_slip_is_named(asked):
    said = asked(near(2.0), 4, [(near(4.0), "That is its square.")])
    assert said == "Exercise 9.9: not yet. That is its square.\n"


def test_words_are_right_or_wrong(asked):
    assert asked(equal("zero"), "zero") == RIGHT
    assert asked(equal("zero"), "none") == WRONG
    assert asked(equal(False), False) == RIGHT
    assert asked(equal(False), True) == WRONG


def test_a_function_is_right_if_it_gives_what_ours_gives_and_leaves_its_examples(asked):
    example = torch.tensor([1.0, 2.0])
    right = like(lambda x: 2 * x, [example])
    assert asked(right, lambda x: x.mul_(2)) == RIGHT
    assert asked(right, lambda x: x + 1) == WRONG
    assert example.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("right", "answer", "kind"),
    [
        (near(2.0), "two", TypeError),
        (near(2.0), None, TypeError),
        (near([1.0, 2.0]), [1.0], ValueError),
        (equal("zero"), 0, TypeError),
        (equal(True), 1, TypeError),
        (like(abs, [-1.0]), 1.0, TypeError),
    ],
)
def test_an_answer_of_another_kind_is_named_with_what_is_asked(
    asked, right, answer, kind
):
    with pytest.raises(kind, match="answer must be"):
        asked(right, answer)


def test_an_unknown_exercise_is_named_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"exercise must be one of .*'1\.\d'.*'0\.1'"):
        check("0.1", 1)


@pytest.mark.parametrize("number", ANSWERS)
def test_what_is_said_of_a_wrong_answer_is_a_sentence(number):
    answer = ANSWERS[number]
    assert answer.look.endswith((".", "?"))
