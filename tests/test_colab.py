"""A chapter alone in an empty folder: what `make colab-check` sees, and what it needs.

With the wheel each chapter runs; `make colab-check` shows it.  Without, it says why.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
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


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """Make a folder with all that is installed here, except for spikereg."""
    folder = tmp_path_factory.mktemp("libraries")
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "spikereg" not in path.name:
            (folder / path.name).symlink_to(path)
    return folder


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


class Check:
    """`make colab-check`, with chapters made up here and the libraries of `.venv`."""

    def __init__(self, root, libraries):
        (root / "book").mkdir()
        (root / "tmp").mkdir()
        self.root = root
        self.libraries = libraries
        self.started = []

    def write(self, name, *sources):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=cells)
        nbformat.write(notebook, self.root / "book" / f"{name}.ipynb")

    def start(self, *names, sigint=signal.default_int_handler):
        """Start the tool; whoever runs the tests may ignore Ctrl-C, as nohup does."""
        tool = [sys.executable, ROOT / "tools" / "colab_check.py", *names]
        # A new process ignores what this one ignores, not what this one handles.
        before = signal.signal(signal.SIGINT, sigint)
        try:
            process = subprocess.Popen(
                [*tool, "--root", self.root, "--libraries", self.libraries],
                env={**os.environ, "TMPDIR": str(self.root / "tmp")},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.started.append(process)
        return process

    def waits(self, name, how):
        """Write a chapter that notes its processes in `running`, and waits."""
        running = self.root / "running"
        running.mkdir(exist_ok=True)
        self.write(
            name,
            INSTALL,
            "import os, pathlib, subprocess, tempfile, time\n"
            "tempfile.mkdtemp()\n"
            f"child = subprocess.Popen({how})\n"
            "processes = f'{os.getppid()},{os.getpid()},{child.pid}'\n"
            f"pathlib.Path({str(running)!r}, processes).touch()\n"
            "child.wait()",
        )

    def wait_for(self, process, count):
        """Wait until so many chapters run, and return their processes."""
        end = time.monotonic() + PATIENCE
        while len(notes := list((self.root / "running").iterdir())) < count:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        return [note.name for note in notes]

    def end(self):
        """Kill what a failed test left behind, with all that it has started."""
        for process in self.started:
            if process.poll() is None:
                for one in [*descendants(process.pid), process.pid]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(one, signal.SIGKILL)
            process.communicate()

    def leftovers(self):
        return list((self.root / "tmp").iterdir())


def descendants(process):
    """Return the processes that a process has started, and those that these have."""
    listed = ["ps", "-A", "-o", "pid=,ppid="]
    lines = subprocess.run(listed, capture_output=True, text=True).stdout.splitlines()
    pairs = [tuple(map(int, line.split())) for line in lines]
    found = [process]
    for parent in found:
        found += [child for child, its_parent in pairs if its_parent == parent]
    return found[1:]


@pytest.fixture
def check(tmp_path, libraries):
    check = Check(tmp_path, libraries)
    yield check
    check.end()


INSTALL = publish.setup(publish.UNPUBLISHED)


def test_the_check_passes_over_nothing_and_names_what_went_wrong(check):
    check.write("1_good", INSTALL, "from spikereg import fit")
    check.write("2_bad", INSTALL, "raise RuntimeError('out of ' + 'answers')")
    check.write(
        "3_elsewhere",
        "import pathlib, sys\n"
        "pathlib.Path('other').mkdir()\n"
        "pathlib.Path('other/spikereg.py').touch()\n"
        "sys.path.insert(0, 'other')",
    )
    # An index would have it: the chapter takes nothing from there.
    check.write("4_more", INSTALL, "%pip install sampleproject", "import sample")
    done = check.start()
    output, _ = done.communicate(timeout=PATIENCE)
    assert done.returncode == 1
    blocks = re.split(r"(?m)^(\d_\w+\.ipynb) ", output)
    said = dict(zip(blocks[1::2], blocks[2::2], strict=True))
    assert re.match(r"\d+ s$", said["1_good.ipynb"].splitlines()[0])
    for name, error in (
        ("2_bad", "RuntimeError: out of answers"),
        ("3_elsewhere", "spikereg is not that of the wheel, but "),
        ("4_more", "No module named 'sample'"),
    ):
        assert said[f"{name}.ipynb"].startswith("FAILED after ")
        assert error in said[f"{name}.ipynb"]
    assert re.search(r"(?m)^Not covered: .*\btorch 2\.11 \(here ", output)
    assert check.leftovers() == []


def test_the_check_of_chosen_chapters_passes(check):
    check.write("1_good", INSTALL)
    check.write("2_bad", "1 / 0")
    done = check.start("book/1_good.ipynb")
    output, errors = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, output + errors
    assert "1_good" in output
    assert "2_bad" not in output


def test_an_unknown_chapter_is_named_beside_those_that_exist(check):
    check.write("1_good", INSTALL)
    check.write("2_bad", "1 / 0")
    done = check.start("1_good", "3_new")
    _, errors = done.communicate(timeout=PATIENCE)
    assert done.returncode == 2
    assert "no chapter 3_new: there are 1_good, 2_bad" in errors


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_check_leaves_nothing_behind(check, stop):
    for name in ("1_long", "2_long", "3_waits"):
        check.waits(name, "['sleep', '1000']")
    done = check.start()
    processes = check.wait_for(done, 2)
    done.send_signal(stop)
    _, errors = done.communicate(timeout=PATIENCE)
    assert (done.returncode, errors.splitlines()[-1]) == (1, "Interrupted")
    listed = ["ps", "-o", "stat=", "-p", ",".join(processes)]
    states = subprocess.run(listed, capture_output=True, text=True).stdout.split()
    assert [state for state in states if not state.startswith("Z")] == []
    assert check.leftovers() == []


def test_a_check_under_nohup_goes_on_when_the_terminal_is_interrupted(check):
    ready = check.root / "ready"
    check.waits("1_long", f"['sh', '-c', 'until [ -e {ready} ]; do sleep 0.1; done']")
    done = check.start(sigint=signal.SIG_IGN)
    check.wait_for(done, 1)
    done.send_signal(signal.SIGINT)
    # One that was not ignored would be heard by now.
    with pytest.raises(subprocess.TimeoutExpired):
        done.wait(timeout=2)
    ready.touch()
    output, errors = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, output + errors
    assert check.leftovers() == []


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
