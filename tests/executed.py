"""A plugin by which nbval compares what the book's build has executed already.

Each chapter runs once for the pages and the comparison together: ``pytest -p executed
--nbval book`` takes the outputs from the build's cache, which holds them for the very
code of the cells, where nbval would start a kernel of its own.
"""

from collections import deque
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from nbval.plugin import IPyNbFile

ROOT = Path(__file__).parent.parent
MESSAGES = {
    "stream": ("name", "text"),
    "display_data": ("data", "metadata"),
    "execute_result": ("data", "metadata", "execution_count"),
    "error": ("ename", "evalue", "traceback"),
}


class Executed:
    """A kernel that answers each cell with what it has answered to the build."""

    def __init__(self, notebook):
        cache = get_cache(ROOT / "_build" / ".jupyter_cache")
        record = cache.match_cache_notebook(notebook)  # raises KeyError without one
        cells = cache.get_cache_bundle(record.pk).nb.cells
        self.cells = deque(cell for cell in cells if cell.cell_type == "code")
        self.messages = deque()

    def is_alive(self):
        return True

    def execute_cell_input(self, source, allow_stdin=None):
        cell = self.cells.popleft()
        assert cell.source == source
        for output in cell.outputs:
            content = {key: output[key] for key in MESSAGES[output.output_type]}
            self.tell(output.output_type, content)
        self.tell("status", {"execution_state": "idle"})
        return "this cell"

    def tell(self, kind, content):
        header = {"msg_id": "this cell"}
        message = {"msg_type": kind, "content": content, "parent_header": header}
        self.messages.append(message)

    def await_reply(self, msg_id, timeout=None):
        """Have answered."""

    await_idle = await_reply

    def get_message(self, stream, timeout=None):
        return self.messages.popleft()

    def stop(self):
        assert not self.messages


def setup(self):
    path = Path(self.fspath)
    notebook = nbformat.read(path, as_version=4)
    try:
        self.kernel = Executed(notebook)
    except KeyError:
        raise RuntimeError(
            f"{path.name} was not executed as it is: run `make book` first"
        ) from None
    self.setup_sanitize_files()


IPyNbFile.setup = setup
