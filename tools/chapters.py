"""Run the chapters that the book's cache does not hold, side by side.

Sphinx would run them one after another as it reads them; it finds them in the cache
then. A chapter that fails is left out, so that Sphinx runs it again and reports it.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution

# Each holds half a gigabyte.
MOST = min(os.cpu_count() or 1, 4)
# Seconds that a cell may take, as in _config.yml
PATIENCE = 300


def run(root: Path) -> None:
    """Run what the cache lacks and keep its outputs there."""
    cache = get_cache(root / "_build" / ".jupyter_cache")
    lacking = {}
    for path in sorted((root / "book").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            lacking[path] = notebook
    if not lacking:
        return
    print(f"Running {len(lacking)} chapters, up to {MOST} at a time", flush=True)
    start = time.perf_counter()
    with ThreadPoolExecutor(MOST) as pool:
        # Each waits for a process of its own.
        running = {
            pool.submit(
                single_nb_execution,
                notebook,
                cwd=str(path.parent),
                timeout=PATIENCE,
                allow_errors=False,
            ): path
            for path, notebook in lacking.items()
        }
        for done in as_completed(running):
            path, result = running[done], done.result()
            seconds = time.perf_counter() - start
            how = "FAILED" if result.err else "done"
            print(f"{path.name} {how} after {seconds:.0f} s", flush=True)
            if not result.err:
                data = {"execution_seconds": result.time}
                bundle = CacheBundleIn(result.nb, str(path), data=data)
                cache.cache_notebook_bundle(
                    bundle, check_validity=False, overwrite=True
                )
