"""What others published, or what follows from it, for the 245 runs read off figure 4 of arXiv 2203.15556."""

from __future__ import annotations

#: arXiv 2203.15556, equation 10, and the same before rounding, as 2404.10102 has it: logarithms of A, B, E.
HOFFMANN = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
HOFFMANN_LOGS = {"A": 6.0073404, "B": 6.0179186, "E": 0.5267228, "alpha": 0.33917084, "beta": 0.2849083}
#: The replication's fit with all digits, from its notebook; logarithms of A, B, E.
EPOCH_LOGS = {"A": 6.17795598, "B": 7.64273236, "E": 0.59711196, "alpha": 0.34781303, "beta": 0.36585412}

NOTEBOOK = "notebook of arXiv 2404.10102 (github.com/epoch-research/analyzing-chinchilla)"
VPNLS = "github.com/Open-Athena/scaling-law-analysis, copy of apple/ml-scalefit's runs"
MINIMUM = "the minimum of the same sum in double precision by SciPy"

#: (row, quantity) -> value, source.
ROWS: dict[str, dict[str, tuple[float, str]]] = {
    "huber, 240 runs": {
        "objective": (0.0010182740178, MINIMUM),
        "A": (477.8259, MINIMUM),
        "B": (2143.417, MINIMUM),
        "E": (1.8172181, MINIMUM),
        "alpha": (0.3473105, MINIMUM),
        "beta": (0.3671724, MINIMUM),
    },
    "huber, bootstrap": {
        "standard error of A": (124.52232, NOTEBOOK),
        "standard error of B": (1293.28410, NOTEBOOK),
        "standard error of E": (0.02566, NOTEBOOK),
        "standard error of alpha": (0.01540, NOTEBOOK),
        "standard error of beta": (0.02060, NOTEBOOK),
        "standard error of log A": (0.258, NOTEBOOK),
        "standard error of log B": (0.421, NOTEBOOK),
        "standard error of log E": (0.014, NOTEBOOK),
        "A, 2.5 %": (285.214, NOTEBOOK),
        "A, 97.5 %": (743.626, NOTEBOOK),
        "B, 2.5 %": (1042.357, NOTEBOOK),
        "B, 97.5 %": (5810.344, NOTEBOOK),
        "E, 2.5 %": (1.769, NOTEBOOK),
        "E, 97.5 %": (1.871, NOTEBOOK),
        "A of replicate 0": (349.556372, NOTEBOOK),
        "B of replicate 0": (2356.248315, NOTEBOOK),
        "E of replicate 0": (1.793330, NOTEBOOK),
        "alpha of replicate 0": (0.328633, NOTEBOOK),
        "beta of replicate 0": (0.371855, NOTEBOOK),
        "standard error of beta/(alpha+beta)": (0.020, NOTEBOOK),
    },
    "huber_likelihood, 240 runs": {
        "A": (482.00572, NOTEBOOK),
        "B": (2085.43420, NOTEBOOK),
        "E": (1.81686, NOTEBOOK),
        "alpha": (0.34781, NOTEBOOK),
        "beta": (0.36585, NOTEBOOK),
        "beta/(alpha+beta)": (0.513, NOTEBOOK),
        "log likelihood": (879.77, NOTEBOOK),
        "log likelihood of Hoffmann, rounded": (562.25, NOTEBOOK),
        "log likelihood of Hoffmann": (837.78, NOTEBOOK),
        "likelihood ratio": (84.00, NOTEBOOK),
        "chi² of Hoffmann": (238.40, NOTEBOOK),
    },
    "variable_projection, 217 runs": {
        "sum of squares": (0.062414, VPNLS),
        "E": (1.9051, VPNLS),
        "A, N in millions": (4.0005, VPNLS),
        "B, D in billions": (1.0509, VPNLS),
        "alpha": (0.3511, VPNLS),
        "beta": (0.4587, VPNLS),
        "beta/(alpha+beta)": (0.5665, VPNLS),
        "R²": (0.996040, VPNLS),
        "mean relative error, %": (0.45, VPNLS),
        "mean absolute error": (0.012208, VPNLS),
    },
    "huber, all 245 runs": {
        "objective": (0.00182601052, MINIMUM),
        "A": (495.726, MINIMUM),
        "B": (12845.6, MINIMUM),
        "E": (1.891339, MINIMUM),
        "alpha": (0.349313, MINIMUM),
        "beta": (0.453049, MINIMUM),
    },
    "huber, 240 runs, at others' coefficients": {
        "Hoffmann": (0.00123116260, MINIMUM),
        "Hoffmann, rounded": (0.0041210091, MINIMUM),
        "Epoch": (0.00101864471, MINIMUM),
    },
}
