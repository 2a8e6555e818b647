"""The table of chapter 13 on fixed point."""

from accuracy import fixed
from accuracy.tables.energy import EPOCHS
from accuracy.tables.table import Table
from spikereg.results import Trial

TABLES = {
    "quantization": Table(
        "networks that learn the level in a tank, in fixed point",
        [
            Trial(method, fixed.TASK, hidden, epochs=EPOCHS)
            for method, hidden in fixed.WIDTHS.items()
        ],
        seeds=5,
        measures=("relative_error", "8 and 8 bits", "8 and 8 bits, trained"),
    ),
}
