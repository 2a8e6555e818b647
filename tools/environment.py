"""Make a virtual environment hold what a file of requirements asks for.

    python tools/environment.py .venv requirements.txt .

does nothing if it already holds that.  Further words name projects, here this one, that
are installed as they stand in their folders.  With `--on .venv` it sees all that .venv
holds, and installs what the file names without what that asks for.  Needs nothing but
the standard library, and stays readable for older Pythons, so that they can say what is
wrong with them.
"""

import argparse
import hashlib
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


def complaint() -> str:
    """Say what this Python lacks, or nothing."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return (
            f"This is Python {VERSION}, and the book needs 3.11, 3.12 or 3.13:"
            " install one and name it, as in: PYTHON=python3.12 make book"
        )
    try:
        import ensurepip  # noqa: F401  # Debian ships it apart from Python
    except ImportError:
        return (
            "Python's venv module is missing: install it, on Debian and Ubuntu with:"
            f" apt-get install python{VERSION}-venv"
        )
    return ""


def wanted(requirements: Path) -> str:
    """Name the state that a complete environment has."""
    digest = hashlib.sha256()
    # The other files build on the versions that requirements.txt names.
    for path in (requirements, ROOT / "requirements.txt", ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return f"python {VERSION} {digest.hexdigest()}\n"


def fits(venv: Path) -> bool:
    """Tell whether a virtual environment is there and has this Python's version."""
    config = venv / "pyvenv.cfg"
    return config.exists() and f"version = {VERSION}." in config.read_text()


def libraries(venv: Path) -> Path:
    """Return where a virtual environment keeps what is installed."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(venv)}))


def see(venv: Path, other: Path) -> None:
    """Let an environment see all that another one holds, its projects too."""
    libraries(venv).mkdir(parents=True, exist_ok=True)
    line = f"import site; site.addsitedir({str(libraries(other))!r})\n"
    (libraries(venv) / "on.pth").write_text(line)


def main(venv: Path, requirements: Path, *projects: Path, on: str = "") -> None:
    """Create, complete or repair the environment, perhaps on top of another one."""
    stamp = venv / ".complete"
    if stamp.exists() and stamp.read_text() == wanted(requirements):
        return
    stamp.unlink(missing_ok=True)  # an interrupted install leaves none behind
    # Inside .venv itself, sys.executable would go with what --clear removes.
    python = getattr(sys, "_base_executable", sys.executable)
    clear = [] if fits(venv) else ["--clear"]
    print(f"Preparing {venv} with {python}", flush=True)
    subprocess.run([python, "-m", "venv", *clear, str(venv)], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    install = [*pip, "install", "--quiet", "-r", str(requirements)]
    if on:
        see(venv, ROOT / on)
        install.append("--no-deps")
    for project in projects:
        install += ["-e", str(project)]
    subprocess.run(install, check=True)
    stamp.write_text(wanted(requirements))


if __name__ == "__main__":
    if complaint():
        sys.exit(complaint())
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="+", type=ROOT.joinpath)
    parser.add_argument("--on", default="", metavar="VENV")
    given = parser.parse_args()
    try:
        main(*given.paths, on=given.on)
    except subprocess.CalledProcessError:
        sys.exit("The environment is not complete: see above, then run make again.")
