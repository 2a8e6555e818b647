"""Run chapters again and keep their outputs, in a form that makes small diffs."""

import argparse
import os
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

BOOK = Path(__file__).resolve().parent.parent / "book"

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def normalize(notebook: NotebookNode) -> None:
    """Drop what differs from run to run and from machine to machine."""
    notebook.metadata = NotebookNode(
        kernelspec=KERNEL, language_info={"name": "python"}
    )
    for cell in notebook.cells:
        for name in ("execution", "collapsed", "scrolled", "ExecuteTime"):
            cell.metadata.pop(name, None)
        for output in cell.get("outputs", []):
            # A widget is alive in its own kernel only.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


def run(path: Path) -> None:
    """Run one chapter in place; it stays as it was if a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name=KERNEL["name"],
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],  # it warns of its own local sockets
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    normalize(notebook)
    temporary = path.with_name(f".{path.name}.new")
    nbformat.write(notebook, temporary)
    os.replace(temporary, path)


def main() -> None:
    """Run the given chapters, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chapters", nargs="*", type=Path)
    for path in parser.parse_args().chapters or sorted(BOOK.glob("*.ipynb")):
        start = time.perf_counter()
        print(path.name, end=" ", flush=True)
        run(path)
        print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
