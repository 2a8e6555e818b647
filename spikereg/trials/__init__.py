"""Trials: tasks, methods and seeds, what they measured, and the command to do it again.

``python -m spikereg.trials`` runs them; :func:`stored` reads what it gave.
"""

from spikereg.trials.measure import Row, measure
from spikereg.trials.results import stored, table
from spikereg.trials.tables import TABLES, Table
from spikereg.trials.trial import Trial

__all__ = ["TABLES", "Row", "Table", "Trial", "measure", "stored", "table"]
