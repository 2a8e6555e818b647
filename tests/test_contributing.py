"""What CONTRIBUTING.md tells is there, and what somebody forgets is named."""

import functools
import re
from pathlib import Path

import publish
import pytest
from test_widgets import EXPLORERS

import spikereg
from spikereg import widgets
from spikereg.neurons import KINDS

ROOT = Path(__file__).parent.parent
GUIDES = [ROOT / "CONTRIBUTING.md", ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md"]
API = (ROOT / "book" / "api.md").read_text()


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_what_contributors_are_told_of_exists(path):
    text = path.read_text()
    targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text())
    for target in re.findall(r"(?m)(?:`|^)make ([a-z-]+)", text):
        assert target in targets, target
    words = " ".join(re.findall(r"`([^`\n]+)`", text)).split()
    for word in words:
        made = word.startswith((".venv/", "node_modules/", "_build/"))
        is_path = "/" in word or re.search(r"\.(py|md|yml|txt|cff)$", word)
        if is_path and not made and "NAME" not in word:
            assert (ROOT / word).exists(), word
    tests = " ".join(path.read_text() for path in ROOT.glob("tests/*.py"))
    for function in re.findall(r"`(test_\w+)`", text):
        assert f"def {function}(" in tests, function


def test_the_guide_is_short():
    assert len(GUIDES[0].read_text().splitlines()) <= 120


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_explorer_is_tested_and_described(name):
    explorer = getattr(widgets, name)
    made = [e.func if isinstance(e, functools.partial) else e for e in EXPLORERS]
    assert explorer in made, "add it to EXPLORERS in tests/test_widgets.py"
    script = explorer.__module__.rpartition(".")[2] + ".js"
    scripts = (ROOT / "tests" / "test_scripts.py").read_text()
    assert f'"{script}"' in scripts, "add its script to tests/test_scripts.py"
    described = f".. autoclass:: spikereg.widgets.{name}\n"
    assert described in API, "describe it in book/api.md"


def test_no_two_kinds_of_explorers_have_one_id():
    ids = [getattr(widgets, name).id.default_value for name in widgets.__all__]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "kind",
    [kind for kind in KINDS if kind.__module__.startswith("spikereg.")],
    ids=lambda kind: kind.__name__,
)
def test_every_neuron_of_ours_is_public_and_described(kind):
    assert getattr(spikereg, kind.__name__, None) is kind, "export it in spikereg"
    described = f".. autoclass:: spikereg.{kind.__name__}\n"
    assert described in API, "describe it in book/api.md"


def test_every_chapter_is_in_the_book():
    pages = re.findall(r"(?:file|root): book/(\w+)", (ROOT / "_toc.yml").read_text())
    assert {path.stem for path in publish.chapters(ROOT)} <= set(pages)


def test_the_readme_leads_to_the_guide():
    assert "](CONTRIBUTING.md)" in (ROOT / "README.md").read_text()
