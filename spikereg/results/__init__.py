"""What was measured: the stored tables of Chapters 5 and 7, and what reads them.

:func:`stored` gives the rows of a table, :func:`table` prints them. What measures them
stands in the repository, in ``benchmarks/accuracy``: ``make accuracy`` runs it.
"""

from spikereg.results.rows import Row, Trial
from spikereg.results.tables import stored, table

__all__ = ["Row", "Trial", "stored", "table"]
