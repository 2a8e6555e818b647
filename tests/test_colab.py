"""A chapter alone in an empty folder, as on Colab: what it needs, and where it is.

With the wheel each chapter runs; `make colab-check` shows it.  Without, it says why.
"""

import ast
import functools
import hashlib
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import colab_check
import nbformat
import publish
import pytest
from packaging.requirements import Requirement

import book
import spikereg

ROOT = Path(__file__).parent.parent
CHAPTERS = publish.chapters(ROOT)
WHEEL = f"spikereg-{spikereg.__version__}-py3-none-any.whl"

# Seconds until what should end is given up, on however busy a machine.
PATIENCE = 300

# Runs a setup cell, and prints what it would install instead of installing it.
SHOW = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.register_magic_function(lambda line: print("pip", line), magic_name="pip")
shell.run_cell(sys.stdin.read())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return book.build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def desk(tmp_path):
    """Return an empty folder; its Python is that of a fresh environment."""
    colab_check.fresh(tmp_path)
    return tmp_path / "desk"


@pytest.fixture
def python(desk, libraries):
    def run(*arguments, **options):
        return subprocess.run(
            [desk.parent / "env" / "bin" / "python", *arguments],
            cwd=desk,
            env=colab_check.variables(libraries),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            **options,
        )

    return run


def test_a_fresh_environment_has_no_spikereg(python):
    done = python("-c", "import snntorch, torch, spikereg")
    assert "ModuleNotFoundError: No module named 'spikereg'" in done.stderr


def test_without_the_wheel_the_first_cell_says_what_to_do(desk, python):
    (desk / "chapter.ipynb").write_text(
        publish.rewritten(CHAPTERS[0], publish.UNPUBLISHED)
    )
    done = python("-c", colab_check.RUN, "chapter.ipynb")
    assert done.returncode != 0
    assert "spikereg is missing: put its wheel beside this notebook" in done.stderr


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("wheels", [False, True])
def test_the_setup_cell_prefers_the_wheel_and_never_asks_an_index(
    desk, python, published, wheels
):
    address = "https://github.com/you/name" if published else publish.UNPUBLISHED
    if wheels:
        (desk / WHEEL).touch()
    done = python("-c", SHOW, input=publish.setup(address))
    if wheels:
        assert done.stdout == f"pip install --quiet {WHEEL}\n"
    elif published:
        assert done.stdout == f"pip install --quiet git+{address}\n"
    else:
        assert "pip install" not in done.stdout
        assert "spikereg is missing" in done.stdout + done.stderr


def test_the_setup_cell_does_nothing_where_spikereg_is_installed():
    done = subprocess.run(
        [sys.executable, "-c", SHOW],
        input=publish.setup(publish.UNPUBLISHED),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_the_page_offers_the_wheel_of_this_version(wheel):
    assert wheel.name == WHEEL
    page = (ROOT / "book" / "colab.md").read_text()
    assert set(re.findall(r"spikereg-[\w.-]+\.whl", page)) == {WHEEL}


def test_the_page_offers_every_chapter():
    page = (ROOT / "book" / "colab.md").read_text()
    for chapter in CHAPTERS:
        assert f"<{chapter.name}>`" in page


def test_the_built_page_holds_the_wheel_of_this_package(wheel):
    downloads = ROOT / "_build" / "html" / "_downloads"
    offered = {path.name: path for path in downloads.rglob("*.*")}
    assert {WHEEL, *(chapter.name for chapter in CHAPTERS)} <= offered.keys()
    assert digest(offered[WHEEL]) == digest(wheel)


def test_the_wheel_is_the_same_every_time(wheel, tmp_path):
    assert digest(wheel) == digest(book.build_wheel(ROOT, tmp_path))


def digest(path):
    """Stand for a file where files differ: pytest seeks the difference for minutes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pins(path):
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return dict(line.split("==") for line in lines if line)


PINS = pins(ROOT / "tools" / "colab.txt")
OURS = {"filelock", "jaxtyping", "safetensors", "snntorch", "torch"}  # not Colab's
COLAB = {name: PINS[name] for name in PINS.keys() - OURS} | {
    "torch": colab_check.COLAB["torch"]
}


def test_what_colab_does_not_decide_has_the_versions_of_requirements():
    tested = pins(ROOT / "requirements.txt")
    assert {name: PINS[name] for name in OURS} == {name: tested[name] for name in OURS}


OWN_CELL = re.findall(
    r"(?m)^([\w-]+)==",
    (ROOT / "tools" / "colab.txt")
    .read_text()
    .partition("a cell of its own fetches")[2],
)
SOURCES = {path: path.read_text() for path in (ROOT / "spikereg").rglob("*.py")}


@functools.cache
def modules_that_need(package):
    """Return the modules of spikereg that look for a package, or import such a one."""
    name = {path: module_of(path) for path in SOURCES}
    asks = re.compile(rf"""(?:find_spec|import_module)\(["']{package}["']\)""")
    found = {name[path] for path, text in SOURCES.items() if asks.search(text)}
    assert found, package
    while (
        more := {name[path] for path, text in SOURCES.items() if imports(text) & found}
        - found
    ):
        found |= more
    return found


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(code):
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return found


@pytest.mark.parametrize("package", OWN_CELL)
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_fetches_what_colab_lacks(chapter, package):
    cells = nbformat.read(chapter, 4).cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    used = imports(re.sub(r"(?m)^(\s*)%.*$", r"\1pass", "\n".join(code)))
    fetched = any(re.search(rf"(?m)^ *%pip .*\b{package}\b", cell) for cell in code)
    assert bool(used & {package, *modules_that_need(package)}) is fetched


def test_what_colab_lacks_is_looked_for():
    assert OWN_CELL == ["nir", "nitime"]
    assert modules_that_need("nitime") >= {"spikereg.receptor", "spikereg.envelope"}
    assert "spikereg.interchange" in modules_that_need("nir")


@functools.cache
def requirements(package):
    lines = importlib.metadata.requires(package) or []
    found = [Requirement(line) for line in lines]
    return [need for need in found if need.marker is None or need.marker.evaluate()]


def test_all_that_spikereg_asks_for_is_in_the_environment_of_the_check():
    assert {need.name for need in requirements("spikereg")} <= PINS.keys()


def test_nothing_that_colab_brings_is_replaced():
    waiting, seen = ["spikereg"], set()
    while waiting:
        package = waiting.pop()
        seen.add(package)
        for need in requirements(package):
            if need.name in COLAB:
                assert need.specifier.contains(COLAB[need.name]), f"{package}: {need}"
            elif need.name not in seen:
                waiting.append(need.name)
    assert "snntorch" in seen
