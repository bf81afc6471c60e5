"""Bit allocation: which layer gets how many bits, by exact optimization.

``choose`` finds the choices of least cost within one budget, with a proof; ``front`` all totals of size and cost that
no other beats; ``choose_rows`` works under several budgets (needs highspy: pip install 'halfulp[analysis]').
``assign`` goes from weights and schemes to a scheme for every layer in one call, ``table`` and ``sweep_table`` give
what it chooses from. ``hawq_v2``, ``hawq_v3``, ``lq_lora`` and ``snip`` are the published programs over these,
``water_filling`` the closed form for Gaussian sources.
"""

from halfulp.allocate.choosing import Allocation, choose
from halfulp.allocate.fronts import Front, front
from halfulp.allocate.hawq import hawq_limit, hawq_v2, hawq_v3, omega
from halfulp.allocate.lq_lora import LqLoraConfiguration, lq_lora, lq_lora_configurations, lq_lora_storage
from halfulp.allocate.rows import RowsAllocation, choose_rows
from halfulp.allocate.snip import Snip, snip
from halfulp.allocate.tables import Assignment, Table, assign, sweep_table, table
from halfulp.allocate.water import WaterFilling, water_filling

__all__ = [
    "Allocation",
    "Assignment",
    "Front",
    "LqLoraConfiguration",
    "RowsAllocation",
    "Snip",
    "Table",
    "WaterFilling",
    "assign",
    "choose",
    "choose_rows",
    "front",
    "hawq_limit",
    "hawq_v2",
    "hawq_v3",
    "lq_lora",
    "lq_lora_configurations",
    "lq_lora_storage",
    "omega",
    "snip",
    "sweep_table",
    "table",
    "water_filling",
]
