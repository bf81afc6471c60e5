"""Reports: a sweep as one HTML file that opens in any browser, without a network.

``write`` puts a table, and end-task results beside it, into a page: findings first, then a plot of any two columns
whose points open a scheme's details, a table to sort and filter, and pictures. Pictures need matplotlib: pip install
'halfulp[plots]'.
"""

from halfulp.report.writing import write

__all__ = ["write"]
