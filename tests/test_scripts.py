"""The explorers' scripts as files: types, format, what they may use."""

import re
import subprocess

import pytest
from node import NODE, ROOT, javascript

from spikereg.widgets._source import FOLDER, joined


def test_the_types_of_the_javascript_hold():
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [NODE, compiler, "--project", ROOT / "jsconfig.json"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout


def test_the_scripts_and_styles_have_one_format():
    prettier = ROOT / "node_modules" / "prettier" / "bin" / "prettier.cjs"
    files = [
        *ROOT.glob("spikereg/widgets/**/*.js"),
        *ROOT.glob("spikereg/widgets/*.css"),
        *ROOT.glob("book/_static/*.js"),
        *ROOT.glob("book/_static/*.css"),
        *ROOT.glob("tools/**/*.mjs"),
        *ROOT.glob("tests/*.js"),
    ]
    assert len(files) > 10
    done = subprocess.run(
        [NODE, prettier, "--check", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "lif.js",
        "surrogate.js",
        "network.js",
        "playground.js",
        "pulse.js",
        "firing.js",
        "exact.js",
        "plastic.js",
        "encoding.js",
        "energy.js",
        "reader.js",
        "worker.js",
    ],
)
def test_no_name_is_given_twice_in_what_is_joined(name):
    found = re.findall(
        r"^(?:async )?(?:function|const|let|class) (\w+)", joined(name), re.M
    )
    assert len(found) > 10
    assert sorted(found) == sorted(set(found))


def test_the_numerics_draw_nothing():
    for path in (FOLDER / "numerics").glob("*.js"):
        code = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.S)
        assert "export function" in code
        assert not re.search(r"\b(document|window|navigator|fetch)\b", code), path


# Values that another widget has set


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.3, 0.3), (7, 1), (-7, 0), ("0.4", 0.4), ("no", 0.9), (None, 0)],
)
def test_a_value_out_of_range_is_brought_back(value, expected):
    control = {"min": 0, "max": 1, "value": 0.9}
    assert javascript("within(given.control, given.value)", **locals()) == expected


def test_an_unknown_word_becomes_the_first_one_shown():
    control = {"words": ["step", "ramp"], "value": "ramp"}
    assert javascript("within(given.control, 'cliff')", control=control) == "ramp"
    assert javascript("within(given.control, 'step')", control=control) == "step"
