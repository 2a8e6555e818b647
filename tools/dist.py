"""Build the wheel and the source archive, and check what an index would refuse.

They lie in _build/dist; `.venv/bin/twine upload _build/dist/*` would upload them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build(root: Path, folder: Path, *targets: str) -> list[Path]:
    """Build targets, both by default, alone in a folder, and return their files."""
    shutil.rmtree(folder, ignore_errors=True)
    chosen = [word for target in targets for word in ("--target", target)]
    hatchling = [sys.executable, "-m", "hatchling", "build", *chosen]
    subprocess.run([*hatchling, "--directory", folder], cwd=root, check=True)
    return sorted(folder.iterdir())


def check(*files: Path) -> None:
    """Let twine read the metadata and draw the description, strictly."""
    twine = [sys.executable, "-m", "twine", "check", "--strict"]
    subprocess.run([*twine, *files], check=True)


if __name__ == "__main__":
    try:
        check(*build(ROOT, ROOT / "_build" / "dist"))
    except subprocess.CalledProcessError:
        sys.exit("There is nothing to publish: see above.")
