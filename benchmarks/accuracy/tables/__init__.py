"""Which trials make up each table."""

from accuracy.tables import (
    curves,
    digits,
    envelope,
    material,
    memory,
    sunspots,
    timing,
)
from accuracy.tables.table import Table

__all__ = ["TABLES", "Table"]

TABLES: dict[str, Table] = {
    **curves.TABLES,
    **digits.TABLES,
    **envelope.TABLES,
    **material.TABLES,
    **memory.TABLES,
    **sunspots.TABLES,
    **timing.TABLES,
}
