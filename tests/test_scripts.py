"""The explorers' scripts as files: types, format, what they may use."""

import re
import subprocess
from pathlib import Path

import pytest
from node import NODE, ROOT, javascript

from spikereg.widgets._source import FOLDER, joined

#: What checks scripts for a browser, and for Node.
PROJECTS = {
    "jsconfig.json": ["spikereg/widgets/**/*.js", "book/_static/*.js"],
    "tools/jsconfig.json": ["tools/**/*.mjs"],
}
each_project = pytest.mark.parametrize("project", PROJECTS)


def compiled(project, *words):
    """Run TypeScript's compiler."""
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    return subprocess.run(
        [NODE, compiler, "--project", project, *words],
        capture_output=True,
        text=True,
        timeout=300,
    )


@each_project
def test_the_types_of_the_javascript_hold(project):
    done = compiled(ROOT / project, "--listFiles")
    assert done.returncode == 0, done.stdout
    ours = [str(path) for each in PROJECTS[project] for path in ROOT.glob(each)]
    assert len(ours) > 3
    assert set(ours) <= set(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("path.join(1);", "not assignable to parameter of type 'string'"),
        ("new JSDOM('').window.document.title = 1;", "'number' is not assignable"),
        ("(await mathjax.init({})).svg();", "is missing the following properties"),
        ("export const f = (x) => x;", "implicitly has an 'any' type"),
    ],
)
def test_a_call_of_node_jsdom_or_mathjax_that_does_not_fit_is_found(
    tmp_path, line, complaint
):
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "jsconfig.json").write_bytes((ROOT / "jsconfig.json").read_bytes())
    (tmp_path / "tools").mkdir()
    for name in ("jsconfig.json", "finish/mathjax.d.ts"):
        copy = tmp_path / "tools" / Path(name).name
        copy.write_bytes((ROOT / "tools" / name).read_bytes())
    imports = {"path": "node:path", "{ JSDOM }": "jsdom", "mathjax": "mathjax"}
    lines = [f"import {what} from '{name}';" for what, name in imports.items()]
    (tmp_path / "tools" / "a.mjs").write_text("\n".join([*lines, line]))
    done = compiled(tmp_path / "tools" / "jsconfig.json")
    assert done.returncode != 0
    assert complaint in done.stdout


def test_the_scripts_and_styles_have_one_format():
    prettier = ROOT / "node_modules" / "prettier" / "bin" / "prettier.cjs"
    files = [
        *ROOT.glob("spikereg/widgets/**/*.js"),
        *ROOT.glob("spikereg/widgets/*.css"),
        *ROOT.glob("book/_static/*.js"),
        *ROOT.glob("book/_static/*.css"),
        *ROOT.glob("tools/**/*.mjs"),
        *ROOT.glob("tools/**/*.ts"),
        *(ROOT / project for project in PROJECTS),
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


def test_areas_to_clip_have_one_name_each_whichever_script_draws():
    figure = (FOLDER / "figure.js").as_uri()
    program = f"""
      import {{ JSDOM }} from "jsdom";
      globalThis.document = new JSDOM("<main>").window.document;
      const parent = document.querySelector("main");
      for (const script of ["lif", "exact", "exact"]) {{
        const {{ panel }} = await import(`{figure}?${{script}}`);
        const options = {{ title: "", height: 100, clip: true }};
        panel(parent, options).frame(300, [0, 1], [0, 1]);
      }}
      const names = [...document.querySelectorAll("clipPath")].map(({{ id }}) => id);
      const marks = [...document.querySelectorAll("[clip-path]")];
      const aims = marks.map((e) => e.getAttribute("clip-path").slice(5, -1));
      console.log(new Set(names).size, names.join() === aims.join());
    """
    done = subprocess.run(
        [NODE, "--input-type=module"],
        cwd=ROOT,
        input=program,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == "3 true\n", done.stderr
