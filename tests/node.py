"""The explorers' JavaScript, run in Node."""

import json
import subprocess
import sys
from pathlib import Path

from spikereg.widgets._source import joined

ROOT = Path(__file__).parent.parent
NODE = Path(sys.executable).with_name("node")
# All of the explorers' functions, joined as a page gets them.
SOURCE = joined(
    "numerics/regressor.js",
    "playground.js",
    "reader.js",
    "network.js",
    "numerics/pulse.js",
    "numerics/firing.js",
    "numerics/exact.js",
    "numerics/plastic.js",
    "numerics/encoding.js",
    "numerics/energy.js",
).replace("export default", "globalThis.explorer =")


def javascript(expression, **values):
    """Evaluate an expression of the explorers' functions in Node."""
    program = "\n".join(
        [
            SOURCE,
            f"const given = {json.dumps(values)};",
            "const floats = (values) => Float32Array.from(values);",
            f"const found = {expression};",
            "const plain = (_, v) => v instanceof Float32Array ? Array.from(v)",
            "  : v === Infinity ? 'Infinity' : v;",
            "console.log(JSON.stringify(found, plain));",
        ]
    )
    ended = subprocess.run(
        [NODE, "--expose-gc", "--input-type=module"],
        input=program,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
