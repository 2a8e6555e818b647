"""What was measured: the stored tables of the course, and what reads them.

:func:`stored` gives the rows of a table, :func:`table` prints them, :func:`step_costs`
gives times. What measures them stands in the repository, in ``benchmarks``: ``make
accuracy`` and ``make bench`` run it.
"""

from spikereg.results.costs import Cost, step_costs
from spikereg.results.rows import Row, Trial
from spikereg.results.tables import stored, table

__all__ = ["Cost", "Row", "Trial", "step_costs", "stored", "table"]
