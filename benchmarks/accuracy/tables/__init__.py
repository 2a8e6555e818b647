"""Which trials make up each table."""

from accuracy.tables import (
    curves,
    digits,
    energy,
    envelope,
    fixed,
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
    **energy.TABLES,
    **envelope.TABLES,
    **fixed.TABLES,
    **material.TABLES,
    **memory.TABLES,
    **sunspots.TABLES,
    **timing.TABLES,
}
