"""Make .venv hold what requirements.txt asks for, if it does not already.

Needs nothing but the standard library, and stays readable for older Pythons, so
that they can say what is wrong with them.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".complete"
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


def wanted() -> str:
    """Name the state that a complete environment has."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return f"python {VERSION} {digest.hexdigest()}\n"


def fits(venv: Path) -> bool:
    """Tell whether a virtual environment is there and has this Python's version."""
    config = venv / "pyvenv.cfg"
    return config.exists() and f"version = {VERSION}." in config.read_text()


def main() -> None:
    """Create, complete or repair the environment."""
    if STAMP.exists() and STAMP.read_text() == wanted():
        return
    STAMP.unlink(missing_ok=True)  # an interrupted install leaves none behind
    # Inside .venv itself, sys.executable would go with what --clear removes.
    python = getattr(sys, "_base_executable", sys.executable)
    clear = [] if fits(VENV) else ["--clear"]
    print(f"Preparing {VENV} with {python}", flush=True)
    subprocess.run([python, "-m", "venv", *clear, str(VENV)], check=True)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "-r", "requirements.txt", "-e", "."],
        cwd=ROOT,
        check=True,
    )
    STAMP.write_text(wanted())


if __name__ == "__main__":
    if complaint():
        sys.exit(complaint())
    try:
        main()
    except subprocess.CalledProcessError:
        sys.exit("The environment is not complete: see above, then run make again.")
