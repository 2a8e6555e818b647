"""`make colab-check` passes over nothing, names what went wrong, and leaves nothing."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import publish
import pytest

ROOT = Path(__file__).parent.parent

# Seconds until what should end is given up, on however busy a machine.
PATIENCE = 300


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
