"""Tables of rows: read from those that came with the package, and printed."""

import json
from collections.abc import Sequence
from dataclasses import fields
from importlib import resources

from spikereg._check import one_of
from spikereg.evaluation import Report
from spikereg.results.rows import Row, Trial


def table(rows: Sequence[Row], measures: Sequence[str] = ("relative_error",)) -> str:
    """Lay rows out as text: the median and the range of each measure.

    Args:
        rows: The rows.
        measures: What to show: a field of :class:`~spikereg.Report`, ``"seconds"``, or
            what else a row's ``values`` have; a row that lacks it has a dash.

    Returns:
        Lines of text under a heading, columns aligned.

    Raises:
        ValueError: For any other measure.
    """
    known = {field.name for field in fields(Report)} | {"seconds"}
    known |= {name for row in rows for name in row.values}
    for measure in measures:
        one_of("measure", measure, sorted(known))
    head = ["trial", "numbers", "seeds", *(m.replace("_", " ") for m in measures)]
    lines = [head]
    for row in rows:
        cells = [str(row.trial), f"{row.parameters}", f"{len(row.seeds)}"]
        lines.append(cells + [_cell(row, measure) for measure in measures])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(row: Row, measure: str) -> str:
    if measure not in row.values:
        return "-"
    form = "{:.2%}" if "error" in measure or "rate" in measure else "{:.3g}"
    low, high = row.range(measure)
    middle, low_, high_ = (form.format(v) for v in (row.median(measure), low, high))
    return f"{middle} ({low_} to {high_})"


def stored(name: str) -> list[Row]:
    """Read a table that came with the package.

    Args:
        name: The table's name, such as ``"p1"``.

    Returns:
        Its rows.

    Raises:
        ValueError: For a name without a stored table.
    """
    folder = resources.files("spikereg.results") / "stored"
    names = sorted(f.name.removesuffix(".json") for f in folder.iterdir())
    one_of("name", name, names)
    return [
        Row(
            trial=Trial(**row["trial"]),
            parameters=row["parameters"],
            seeds=tuple(row["seeds"]),
            values={name: tuple(values) for name, values in row["values"].items()},
        )
        for row in json.loads((folder / f"{name}.json").read_text())
    ]
