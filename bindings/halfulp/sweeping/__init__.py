"""Sweeps: every weight matrix of a model under every scheme, as a table.

``sweep`` makes the table, ``findings`` says in five lines what is in it, ``write_table`` and ``read_table`` keep it as
Parquet and ``halfulp.plots.pareto`` draws it. ``COLUMNS`` says what each column means.
"""

from halfulp.sweeping.engine import sweep
from halfulp.sweeping.findings import findings
from halfulp.sweeping.measures import COLUMNS, MODEL
from halfulp.sweeping.pareto import gaussian_bound_db, pareto_front
from halfulp.sweeping.table import model_rows, read_table, write_table
from halfulp.sweeping.weights import Matrix, Weights, load_weights

__all__ = [
    "COLUMNS",
    "MODEL",
    "Matrix",
    "Weights",
    "findings",
    "gaussian_bound_db",
    "load_weights",
    "model_rows",
    "pareto_front",
    "read_table",
    "sweep",
    "write_table",
]
