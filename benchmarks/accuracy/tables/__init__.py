"""Which trials make up each table."""

from accuracy.tables import curves, digits, material, memory, timing
from accuracy.tables.table import Table

__all__ = ["TABLES", "Table"]

TABLES: dict[str, Table] = {
    **curves.TABLES,
    **digits.TABLES,
    **material.TABLES,
    **memory.TABLES,
    **timing.TABLES,
}
