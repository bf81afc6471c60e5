"""Sweeps: every weight matrix of a model under every scheme, as a table.

``sweep`` makes the table, ``findings`` says in five lines what is in it, ``write_table`` and ``read_table`` keep it as
Parquet, and ``halfulp.plots`` draws it. ``COLUMNS`` says what each column means. With ``results=`` a sweep keeps what
it has computed in a folder, goes on from there, and ``read_results`` gives all of it; ``front`` finds the rows that no
other beats, by any two columns.
"""

from halfulp.sweeping.engine import sweep
from halfulp.sweeping.executors import ExecutorDied
from halfulp.sweeping.findings import findings
from halfulp.sweeping.jobs import PairError
from halfulp.sweeping.matrix import Matrix, Weights
from halfulp.sweeping.measures import COLUMNS, MODEL
from halfulp.sweeping.pareto import front, gaussian_bound_db, pareto_front
from halfulp.sweeping.reading import read_results
from halfulp.sweeping.table import model_rows, read_table, write_table
from halfulp.sweeping.weights import PACKAGED_MODELS, load_weights

__all__ = [
    "COLUMNS",
    "MODEL",
    "PACKAGED_MODELS",
    "ExecutorDied",
    "Matrix",
    "PairError",
    "Weights",
    "findings",
    "front",
    "gaussian_bound_db",
    "load_weights",
    "model_rows",
    "pareto_front",
    "read_results",
    "read_table",
    "sweep",
    "write_table",
]
