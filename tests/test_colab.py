"""A chapter alone in an empty folder: with the wheel it runs, without it says why."""

import functools
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import publish
import pytest
from packaging.requirements import Requirement

import spikereg

ROOT = Path(__file__).parent.parent
CHAPTERS = publish.chapters(ROOT)
WHEEL = f"spikereg-{spikereg.__version__}-py3-none-any.whl"

# Runs a notebook with the Python that runs this, and prints where spikereg came from.
RUN = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell("import spikereg; spikereg.__file__"))
nbclient.execute(notebook, timeout=100, kernel_name="python3")
print(notebook.cells[-1].outputs[0]["data"]["text/plain"])
"""

# Runs a setup cell, and prints what it would install instead of installing it.
SHOW = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.register_magic_function(lambda line: print("pip", line), magic_name="pip")
shell.run_cell(sys.stdin.read())
"""


def build_wheel(folder):
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run(
        [*command, "--directory", folder], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = folder.iterdir()
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """Make a folder with all that is installed here, except for spikereg."""
    folder = tmp_path_factory.mktemp("libraries")
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "spikereg" not in path.name:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def python(libraries):
    """Return what runs the Python of a fresh environment in a folder of its own."""

    def run(folder, *arguments, **options):
        if not (folder / "env").exists():
            venv.create(folder / "env", symlinks=True, with_pip=False)
        environment = {
            **os.environ,
            "PYTHONPATH": str(libraries),
            "OMP_NUM_THREADS": "1",  # two chapters run side by side
        }
        desk = folder / "desk"
        desk.mkdir(exist_ok=True)
        return subprocess.run(
            [folder / "env" / "bin" / "python", *arguments],
            cwd=desk,
            env=environment,
            capture_output=True,
            text=True,
            **options,
        )

    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory, wheel, python):
    """Start all chapters, two at a time; the tests wait for the one they want."""

    def run(chapter):
        folder = tmp_path_factory.mktemp(chapter.stem)
        (folder / "desk").mkdir()
        for file in (chapter, wheel):
            shutil.copy(file, folder / "desk")
        return folder, python(folder, "-c", RUN, chapter.name)

    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {chapter.name: pool.submit(run, chapter) for chapter in CHAPTERS}


@pytest.mark.parametrize("name", [chapter.name for chapter in CHAPTERS])
def test_a_chapter_runs_beside_the_wheel(runs, name):
    folder, done = runs[name].result()
    assert done.returncode == 0, done.stderr[-3000:]
    # The wheel was really installed, and it is what the chapter ran on.
    assert str(folder / "env" / "lib") in done.stdout


def test_a_fresh_environment_has_no_spikereg(tmp_path, python):
    done = python(tmp_path, "-c", "import snntorch, torch, spikereg")
    assert "ModuleNotFoundError: No module named 'spikereg'" in done.stderr


def test_without_the_wheel_the_first_cell_says_what_to_do(tmp_path, python):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "chapter.ipynb").write_text(
        publish.rewritten(CHAPTERS[0], publish.UNPUBLISHED)
    )
    done = python(tmp_path, "-c", RUN, "chapter.ipynb")
    assert done.returncode != 0
    assert "spikereg is missing: put its wheel beside this notebook" in done.stderr


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("wheels", [False, True])
def test_the_setup_cell_prefers_the_wheel_and_never_asks_an_index(
    tmp_path, python, published, wheels
):
    address = "https://github.com/you/name" if published else publish.UNPUBLISHED
    if wheels:
        (tmp_path / "desk").mkdir()
        (tmp_path / "desk" / WHEEL).touch()
    done = python(tmp_path, "-c", SHOW, input=publish.setup(address))
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
    assert offered[WHEEL].read_bytes() == wheel.read_bytes()


def test_the_wheel_is_the_same_every_time(wheel, tmp_path):
    first, second = (
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (wheel, build_wheel(tmp_path))
    )
    assert first == second


# Seen in Colab's published image of 2026-08-19.
COLAB = {
    "anywidget": "0.9.21",
    "ipywidgets": "7.7.1",
    "matplotlib": "3.10.0",
    "numpy": "2.1.3",
    "torch": "2.11.0",
    "traitlets": "5.7.1",
}


@functools.cache
def requirements(package):
    lines = importlib.metadata.requires(package) or []
    found = [Requirement(line) for line in lines]
    return [need for need in found if need.marker is None or need.marker.evaluate()]


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
