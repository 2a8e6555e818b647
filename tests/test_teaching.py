"""The page for teachers: its minutes, sections, explorers and exercises are true."""

import re

import nbformat
import pytest
from written import BOOK, CHAPTERS, lost_links, section, tables, text_of

PAGE = BOOK / "teaching.md"
TEXT = PAGE.read_text()
(CHAPTER_ROWS,) = tables(section(TEXT, "The chapters"))
INDEX = text_of(BOOK / "index.ipynb")
WORDS = {
    "one minute": 1,
    "two minutes": 2,
    "three minutes": 3,
    "five minutes": 5,
    "ten minutes": 10,
    "fifteen minutes": 15,
    "twenty minutes": 20,
}
LIVE = re.compile(r"\b(\w+Explorer|Playground|DigitReader)\(")


def lectures():
    """Return each lecture's name, rows and homework."""
    found = []
    for path in ("Two lectures", "Six lectures"):
        for part in re.split(r"(?m)^### ", section(TEXT, path))[1:]:
            (rows,) = tables(part)
            (homework,) = re.findall(r"(?m)^Homework: (.+)$", part)
            found.append((f"{path}: {part.splitlines()[0]}", rows, homework))
    return found


LECTURES = lectures()
each_lecture = pytest.mark.parametrize(
    ("rows", "homework"),
    [those for _, *those in LECTURES],
    ids=[name for name, *_ in LECTURES],
)
ROWS = [row for _, rows, _ in LECTURES for row in rows]


def explorers():
    """Find the sections in whose cells something moves, "front page" among them."""
    found = set()
    for number, path in [(0, BOOK / "index.ipynb"), *CHAPTERS.items()]:
        here = "front page" if number == 0 else None
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown":
                here = [here, *re.findall(r"(?m)^## (\d+\.\d+) ", cell.source)][-1]
            elif LIVE.search(cell.source):
                found.add(here)
    return found


def test_every_chapter_stands_there_with_the_minutes_of_the_front_page():
    table = r"(?m)^\| (\[.+?\]\(\d\d_\w+\.ipynb\)) \|.*\| (\d+) \|$"
    assert [(row["chapter"], row["min"]) for row in CHAPTER_ROWS] == re.findall(
        table, INDEX
    )
    assert len(CHAPTER_ROWS) == len(CHAPTERS)


def test_all_minutes_together_are_what_the_page_says():
    total = sum(int(row["min"]) for row in CHAPTER_ROWS)
    assert f"take {total}." in section(TEXT, "The chapters")


@pytest.mark.parametrize("number", CHAPTERS)
def test_what_comes_before_a_chapter_is_what_its_opening_asks_for(number):
    opening = re.search(r"(?m)^\*\*You need\*\* (.+)$", text_of(CHAPTERS[number]))[1]
    asked = sorted(map(int, re.findall(r"\[Chapter (\d+)\]", opening)))
    said = CHAPTER_ROWS[number - 1]["after"]
    assert said == (", ".join(map(str, asked)) or "PyTorch")
    assert said != "PyTorch" or "PyTorch" in opening


def test_no_chapter_has_more_than_three_goals():
    for row in CHAPTER_ROWS:
        goals = row["students can then"].split("; ")
        assert 1 <= len(goals) <= 3
        assert all(goal == goal.strip() != "" for goal in goals)


def test_the_paths_have_as_many_lectures_as_they_are_called():
    words = [name.partition(" ")[0] for name, *_ in LECTURES]
    assert [words.count("Two"), words.count("Six")] == [2, 6]


@each_lecture
def test_the_minutes_of_a_lecture_make_ninety(rows, homework):
    assert sum(int(row["min"]) for row in rows) == 90


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_an_explorer_that_is_shown_is_in_a_section_of_the_row(row):
    sections = re.findall(r"\[(.+?)\]\(", row["sections"])
    assert sections
    said = re.search(r"explorer|playground|digit reader", row["show"]) is not None
    assert said == bool(explorers() & set(sections))


def test_each_number_of_a_section_leads_to_that_section():
    lost = set(lost_links(PAGE))
    for number, link in re.findall(r"\[(\d+\.\d+)\]\((.+?)\)", TEXT):
        name, _, place = link.partition("#")
        (heading,) = re.findall(
            rf"(?m)^## {re.escape(number)} (.+)$", text_of(BOOK / name)
        )
        words = re.findall(r"[a-z0-9]+", heading.lower())
        assert place.split("-") == words
    assert lost == set()


@each_lecture
def test_the_minutes_of_the_homework_are_those_of_its_exercises(rows, homework):
    total = 0
    for number in re.findall(r"\b\d+\.\d\b", homework):
        text = text_of(CHAPTERS[int(number.partition(".")[0])])
        total += WORDS[re.search(rf"\*\*Exercise {number}\*\* \((.+?)\)", text)[1]]
    assert f", {total} minutes" in homework


def test_a_chapter_to_read_at_home_takes_what_the_page_says():
    (found,) = re.findall(r"reading \[Chapter (\d+)\]\(.+?\), (\d+) minutes", TEXT)
    assert CHAPTER_ROWS[int(found[0]) - 1]["min"] == found[1]


def test_the_points_of_the_project_make_their_sum():
    project = section(TEXT, "A project")
    (rubric,) = tables(project)
    assert f"That makes {sum(int(row['points']) for row in rubric)}." in project


def test_chapters_that_need_further_packages_are_all_named():
    needing = [n for n in CHAPTERS if "pip install" in text_of(CHAPTERS[n])]
    *first, last = map(str, needing)
    assert f"Chapters {', '.join(first)} and {last} need further packages" in TEXT
