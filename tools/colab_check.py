"""Run chapters as on Colab: each alone in an empty folder, beside the package's wheel.

The libraries are those of .venv-colab, at the versions of tools/colab.txt.  Each
chapter has a fresh environment, in which its first cell must install the wheel, and no
package index to take more from.  Outputs are not compared: nbval does that, under the
versions of requirements.txt.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
import venv
from asyncio.subprocess import PIPE
from importlib import metadata
from pathlib import Path

import publish

import book

ROOT = Path(__file__).resolve().parent.parent

# What Colab has and a check here cannot have: its interpreter and its build of torch.
COLAB = {"Python": "3.13", "torch": "2.11"}

# Runs a notebook with the Python that runs this, and prints where spikereg came from.
RUN = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell("import spikereg; spikereg.__file__"))
nbclient.execute(notebook, timeout=300, kernel_name="python3")
print(notebook.cells[-1].outputs[0]["data"]["text/plain"])
"""


def fresh(folder: Path) -> Path:
    """Make an empty environment and an empty desk in a folder; return its Python."""
    environment = folder / "env"
    venv.create(environment, symlinks=True)
    python = environment / "bin" / "python"
    # Without one of its own, it would take a kernel that the user or system installed.
    kernel = environment / "share" / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(
        json.dumps({"argv": command, "display_name": "Python 3", "language": "python"})
    )
    (folder / "desk").mkdir()
    return python


def variables(libraries: Path) -> dict[str, str]:
    """Return what lets a fresh environment find the libraries, and no package index."""
    theirs = ("PIP_", "PYTHON", "JUPYTER_", "IPYTHON", "MPL")  # whoever runs this
    kept = {
        name: os.environ[name] for name in os.environ if not name.startswith(theirs)
    }
    return {
        **kept,
        "PYTHONPATH": str(libraries),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "OMP_NUM_THREADS": "1",  # two chapters run side by side
    }


async def execute(python: Path, desk: Path, name: str, libraries: Path) -> str:
    """Run a chapter of the desk and return what went wrong, or nothing."""
    process = await asyncio.create_subprocess_exec(
        python,
        "-c",
        RUN,
        name,
        cwd=desk,
        # What is cut short cannot clear up after itself, as pip would.
        env={**variables(libraries), "TMPDIR": str(desk.parent)},
        stdout=PIPE,
        stderr=PIPE,
        start_new_session=True,  # Ctrl-C reaches it once, from here
    )
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()  # it takes its kernel along
            await process.wait()
    if process.returncode:
        return re.sub(r"\x1b\[[\d;]*m", "", errors.decode())[-3000:]  # no colours
    if str(python.parent.parent / "lib") not in output.decode():
        return f"spikereg is not that of the wheel, but {output.decode().strip()}"
    return ""


async def check_one(chapter: Path, wheel: Path, libraries: Path) -> bool:
    """Run one chapter alone, print how it went and tell whether it went well."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="colab-") as name:
        folder = Path(name).resolve()  # macOS reaches it through a link
        python = fresh(folder)
        for file in (chapter, wheel):
            shutil.copy(file, folder / "desk")
        fault = await execute(python, folder / "desk", chapter.name, libraries)
    seconds = time.perf_counter() - start
    if fault:
        print(f"{chapter.name} FAILED after {seconds:.0f} s\n{fault}", flush=True)
    else:
        print(f"{chapter.name} {seconds:.0f} s", flush=True)
    return not fault


async def check(chapters: list[Path], wheel: Path, libraries: Path) -> bool:
    """Run chapters, two at a time, and tell whether all went well."""
    places = asyncio.Semaphore(2)
    # Ctrl-C cancels this task by itself; whoever sends SIGTERM gets the same.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)

    async def in_turn(chapter: Path) -> bool:
        async with places:
            return await check_one(chapter, wheel, libraries)

    async with asyncio.TaskGroup() as group:
        runs = [group.create_task(in_turn(chapter)) for chapter in chapters]
    return all(run.result() for run in runs)


def uncovered(libraries: Path) -> str:
    """Say in one line which of Colab's versions this Python and the libraries lack."""
    (torch,) = metadata.distributions(name="torch", path=[str(libraries)])
    here = {
        "Python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "torch": torch.version,
    }
    lacking = " and ".join(
        f"{name} {version} (here {here[name]})"
        for name, version in COLAB.items()
        if not f"{here[name]}.".startswith(f"{version}.")
    )
    return f"Not covered: Colab's own {lacking or 'packages beyond these'}"


def main() -> bool:
    """Read the command line, run the chapters and tell whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapters", nargs="*", metavar="CHAPTER", help="as in 03_model")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    parser.add_argument(
        "--libraries",
        type=Path,
        default=sysconfig.get_path("purelib", "venv", {"base": ROOT / ".venv-colab"}),
        help=argparse.SUPPRESS,
    )
    given = parser.parse_args()
    chapters = {chapter.stem: chapter for chapter in publish.chapters(given.root)}
    names = [Path(name).stem for name in given.chapters]
    if unknown := [name for name in names if name not in chapters]:
        parser.error(
            f"no chapter {', '.join(unknown)}: there are {', '.join(chapters)}"
        )
    with tempfile.TemporaryDirectory() as folder:
        wheel = book.build_wheel(ROOT, Path(folder))
        wanted = [chapters[name] for name in names or chapters]
        good = asyncio.run(check(wanted, wheel, given.libraries))
    print(uncovered(given.libraries))
    return good


if __name__ == "__main__":
    try:
        sys.exit(not main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("Interrupted")
