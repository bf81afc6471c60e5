"""hu.allocate's solvers: against every combination in Fractions, scipy's integer programming and each other."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest
from halfulp import allocate

Layers = list[list[float]]


def best_of_all(
    costs: Layers, sizes: Layers, budget: float, ties: list[tuple[int, ...]] | None = None
) -> tuple[Fraction, Fraction]:
    """Of every combination whose exact size, rounded once, is within the budget: the least cost, then the size."""
    best = None
    for choices in itertools.product(*(range(len(row)) for row in costs)):
        if any(len({choices[layer] for layer in tie}) > 1 for tie in ties or []):
            continue
        size = sum((Fraction(row[c]) for row, c in zip(sizes, choices, strict=True)), Fraction(0))
        cost = sum((Fraction(row[c]) for row, c in zip(costs, choices, strict=True)), Fraction(0))
        if float(size) <= budget and (best is None or (cost, size) < best):
            best = (cost, size)
    assert best is not None
    return best


def random_layers(rng: np.random.Generator, layers: int) -> tuple[Layers, Layers]:
    """Floats of any digits, with equal costs, equal sizes and zeros among them."""
    costs: Layers = []
    sizes: Layers = []
    for _ in range(layers):
        choices = int(rng.integers(1, 5))
        costs.append([float(c) for c in rng.choice([rng.normal(), rng.normal(), 0.0, 0.1], choices)])
        sizes.append([float(s) for s in rng.choice([rng.random(), rng.random(), 0.0, 0.3], choices)])
    return costs, sizes


def test_choose_finds_the_best_of_every_combination() -> None:
    rng = np.random.default_rng(0)
    for case in range(300):
        costs, sizes = random_layers(rng, 1 + case % 5)
        least = math.fsum(min(row) for row in sizes)
        budget = least + rng.random() * (math.fsum(max(row) for row in sizes) - least)
        cost, size = best_of_all(costs, sizes, budget)
        found = allocate.choose(costs, sizes, budget)
        assert found.optimal
        assert found.lower_bound == found.cost
        assert (found.cost, found.size) == (float(cost), float(size))
        assert found.relaxation <= found.cost + 1e-12
        assert sum(Fraction(row[c]) for row, c in zip(costs, found.choices, strict=True)) == cost
        assert found.size <= budget == found.budget


def test_numbers_of_very_different_magnitudes() -> None:
    # Costs and sizes from 1e-9 to 1e9: bounds lose the small ones beside the large ones, exact sums do not.
    rng = np.random.default_rng(2)
    for case in range(300):
        layers = 2 + case % 5
        costs = [[float(c) for c in 10.0 ** rng.uniform(-9, 9, rng.integers(2, 5))] for _ in range(layers)]
        sizes = [[float(s) for s in 10.0 ** rng.uniform(-9, 9, len(row))] for row in costs]
        least = math.fsum(min(row) for row in sizes)
        budget = least * 10.0 ** rng.uniform(0, 3)
        cost, size = best_of_all(costs, sizes, budget)
        found = allocate.choose(costs, sizes, budget)
        assert found.optimal
        assert (found.cost, found.size) == (float(cost), float(size))


def test_ties_and_fixed_choices() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        costs = rng.normal(size=(5, 3)).tolist()
        sizes = rng.random((5, 3)).tolist()
        ties = [(3, 1), (0, 4)]
        fixed = {4: int(rng.integers(3))}
        narrowed = [[row[fixed[4]]] if i in (0, 4) else row for i, row in enumerate(costs)]
        narrowed_sizes = [[row[fixed[4]]] if i in (0, 4) else row for i, row in enumerate(sizes)]
        budget = math.fsum(max(row) for row in narrowed_sizes) * 0.8
        try:
            cost, _ = best_of_all(narrowed, narrowed_sizes, budget, [(3, 1)])
        except AssertionError:
            with pytest.raises(ValueError, match="allowed: at least"):
                allocate.choose(costs, sizes, budget, ties=ties, fixed=fixed)
            continue
        found = allocate.choose(costs, sizes, budget, ties=ties, fixed=fixed)
        assert found.cost == float(cost)
        assert found.choices[0] == found.choices[4] == fixed[4]  # tied to a fixed layer
        assert found.choices[1] == found.choices[3]


def milp_best(costs: np.ndarray, rows: list[np.ndarray], budgets: list[float]) -> float:
    """scipy's integer program (its own HiGHS): the least cost."""
    optimize = pytest.importorskip("scipy.optimize")
    layers, choices = costs.shape
    one_each = np.kron(np.eye(layers), np.ones(choices))
    result = optimize.milp(
        costs.ravel(),
        integrality=np.ones(costs.size),
        bounds=optimize.Bounds(0, 1),
        constraints=[
            optimize.LinearConstraint(one_each, 1, 1),
            optimize.LinearConstraint(np.stack([row.ravel() for row in rows]), -np.inf, budgets),
        ],
        options={"mip_rel_gap": 0},
    )
    assert result.status == 0
    return float(costs.ravel()[result.x > 0.5].sum())


def realistic(rng: np.random.Generator, layers: int, bits: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Errors that fall by about four a bit, times sensitivities that differ by thousands; sizes in bits."""
    parameters = rng.integers(10**4, 10**7, size=(layers, 1)).astype(float)
    sensitivity = np.exp(2 * rng.normal(size=(layers, 1)))
    width = np.array(bits, dtype=float)
    costs = sensitivity * parameters * 4.0**-width * np.exp(0.3 * rng.normal(size=(layers, len(bits))))
    return costs, parameters * width


@pytest.mark.parametrize("layers", [20, 60])
def test_choose_against_scipy(layers: int) -> None:
    rng = np.random.default_rng(layers)
    for _ in range(5):
        costs, sizes = realistic(rng, layers, [2, 3, 4, 6, 8])
        costs /= costs.max()
        budget = float(rng.uniform(2.2, 6) / 8 * sizes[:, -1].sum())
        found = allocate.choose(costs, sizes, budget)
        assert found.optimal
        # HiGHS keeps rows and bounds within tolerances of 1e-6: ours is never worse, theirs never better by more.
        expected = milp_best(costs, [sizes], [budget])
        assert found.cost <= expected * (1 + 1e-9)
        assert found.cost >= expected - 1e-6


def test_200_layers_of_6_choices_take_well_under_a_second() -> None:
    rng = np.random.default_rng(5)
    for bits_per_element in (2.5, 4.0, 6.0):
        costs, sizes = realistic(rng, 200, [2, 3, 4, 5, 6, 8])
        start = time.perf_counter()
        found = allocate.choose(costs, sizes, bits_per_element / 8 * sizes[:, -1].sum())
        # 2 ms on a machine of 2026; half a second leaves room for a loaded one.
        assert time.perf_counter() - start < 0.5
        assert found.optimal
        assert found.relaxation <= found.cost


def test_an_unfinished_search_says_so() -> None:
    rng = np.random.default_rng(6)
    costs, sizes = realistic(rng, 100, [2, 3, 4, 5, 6, 8])
    budget = 0.5 * sizes[:, -1].sum()
    whole = allocate.choose(costs, sizes, budget)
    cut = allocate.choose(costs, sizes, budget, limit=whole.states // 2)
    assert whole.optimal
    assert not cut.optimal
    assert cut.states <= whole.states // 2
    assert cut.lower_bound <= whole.cost <= cut.cost
    assert cut.size <= budget


def test_the_front_is_every_budgets_answer_and_falls_with_the_budget() -> None:
    rng = np.random.default_rng(7)
    for case in range(60):
        costs, sizes = random_layers(rng, 1 + case % 5)
        front = allocate.front(costs, sizes)
        assert (np.diff(front.sizes) > 0).all()
        assert (np.diff(front.costs) < 0).all()
        totals = {
            (
                sum((Fraction(row[c]) for row, c in zip(sizes, choices, strict=True)), Fraction(0)),
                sum((Fraction(row[c]) for row, c in zip(costs, choices, strict=True)), Fraction(0)),
            )
            for choices in itertools.product(*(range(len(row)) for row in costs))
        }
        expected = [
            point
            for point in sorted(totals)
            if not any(q != point and q[0] <= point[0] and q[1] <= point[1] for q in totals)
        ]
        assert [(float(s), float(c)) for s, c in expected] == list(zip(front.sizes, front.costs, strict=True))
        for point, choices in enumerate(front):
            size = sum((Fraction(row[c]) for row, c in zip(sizes, choices, strict=True)), Fraction(0))
            assert size == expected[point][0]
        budget = float(rng.uniform(front.sizes[0], front.sizes[-1]))
        found, best = front.at(budget), allocate.choose(costs, sizes, budget)
        assert (found.cost, found.size, found.optimal) == (best.cost, best.size, True)
        assert front.at(math.inf).cost == front.costs[-1]


def test_the_supported_points_are_the_front_s_corners() -> None:
    rng = np.random.default_rng(8)
    costs, sizes = realistic(rng, 12, [2, 4, 8])
    whole, supported = allocate.front(costs, sizes), allocate.front(costs, sizes, supported=True)
    assert len(supported) < len(whole)
    assert supported.sizes.tolist() == whole.sizes[whole.corners].tolist()
    assert supported.costs.tolist() == whole.costs[whole.corners].tolist()
    assert supported.corners.all()
    budget = float(np.mean(supported.sizes[3:5]))
    between, best = supported.at(budget), whole.at(budget)
    assert not between.optimal
    assert between.lower_bound <= best.cost <= between.cost
    assert supported.at(float(supported.sizes[4])).optimal
    assert repr(whole).startswith(f"<Front of {len(whole)} points, {len(supported)} of them supported")


def test_a_front_beyond_its_limit_is_an_error_that_says_where() -> None:
    steps = [[0.0, 2.0**i] for i in range(16)]
    with pytest.raises(
        ValueError, match=r"limit is 1000 states, which the front exceeds at \d+ of 16 groups of layers"
    ):
        allocate.front([row[::-1] for row in steps], steps, limit=1000)


def test_several_budgets_against_scipy() -> None:
    pytest.importorskip("highspy")
    rng = np.random.default_rng(9)
    for _ in range(8):
        costs, sizes = realistic(rng, 25, [2, 4, 8])
        costs /= costs.max()
        times = sizes * rng.uniform(0.5, 2, size=sizes.shape)
        budgets = {"size": 0.5 * sizes[:, -1].sum(), "time": 0.55 * times[:, -1].sum()}
        found = allocate.choose_rows(costs, {"size": sizes, "time": times}, budgets)
        expected = milp_best(costs, [sizes, times], list(budgets.values()))
        assert found.optimal
        assert abs(found.cost - expected) <= 1e-6
        assert found.lower_bound <= found.cost
        at = np.arange(25), found.choices
        assert found.totals == {"size": math.fsum(sizes[at]), "time": math.fsum(times[at])}
        assert all(found.totals[name] <= budgets[name] for name in budgets)


def test_one_row_of_highs_agrees_with_the_exact_solver() -> None:
    pytest.importorskip("highspy")
    rng = np.random.default_rng(10)
    for _ in range(10):
        costs, sizes = realistic(rng, 30, [2, 3, 4, 8])
        budget = 0.4 * sizes[:, -1].sum()
        exact = allocate.choose(costs, sizes, budget, ties=[(1, 5)], fixed={3: 2})
        found = allocate.choose_rows(costs, [sizes], [budget], ties=[(1, 5)], fixed={3: 2})
        assert found.choices[3] == exact.choices[3] == 2
        assert found.choices[1] == found.choices[5]
        assert exact.cost <= found.cost * (1 + 1e-15)
        assert found.cost == pytest.approx(exact.cost, rel=1e-7)  # HiGHS's tolerance is 1e-9 of the range of costs


def test_answers_within_highs_s_tolerance_but_not_within_the_budget_are_cut_off() -> None:
    pytest.importorskip("highspy")
    # 1e-12 over the budget is nothing to HiGHS; here the total decides.
    sizes = [[1.0, 2.0], [1.0, 2.0 + 1e-12]]
    found = allocate.choose_rows([[1.0, 0.0], [1.0, -1.0]], {"size": sizes}, {"size": 3.0})
    assert found.choices.tolist() == [1, 0]
    assert found.totals["size"] == 3.0


def test_budgets_that_cannot_be_met() -> None:
    costs, sizes = [[0.0, 1.0], [0.0, 1.0]], [[3.0, 2.5], [4.0, 4.0]]
    with pytest.raises(ValueError, match=r"^budget is 6\.25, allowed: at least 6\.5, the least total size$"):
        allocate.choose(costs, sizes, 6.25)
    with pytest.raises(ValueError, match=r"^budget is 6.0, allowed: at least 6\.5, the least total size$"):
        allocate.front(costs, sizes).at(6)
    pytest.importorskip("highspy")
    with pytest.raises(ValueError, match=r"^budgets\['a'\] is 6\.25, allowed: at least 6\.5$"):
        allocate.choose_rows(costs, {"a": sizes}, {"a": 6.25})
    other = [[0.0, 5.0], [0.0, 0.0]]
    with pytest.raises(ValueError, match=r"allowed: such that some choice keeps all; each by itself can be met"):
        allocate.choose_rows(costs, {"a": sizes, "b": other}, {"a": 6.5, "b": 4.0})


GOOD = [[1.0, 2.0], [3.0]]


@pytest.mark.parametrize(
    ("costs", "sizes", "options", "message"),
    [
        ([], [], {}, "costs has no layers"),
        ([[1.0], []], [[1.0], []], {}, r"costs\[1\] is empty|costs\[1\] has dtype"),
        (GOOD, [[1.0, 2.0]], {}, "sizes has 1 layers, allowed: 2, as costs has"),
        (GOOD, [[1.0], [3.0]], {}, r"sizes\[0\] has 1 choices, allowed: 2, as costs\[0\] has"),
        ([[1.0, math.nan], [3.0]], GOOD, {}, r"costs\[0\]\[1\] is nan, allowed: finite numbers"),
        ([[1.0, math.inf], [3.0]], GOOD, {}, r"costs\[0\]\[1\] is inf, allowed: finite numbers"),
        (GOOD, [[1.0, -2.0], [3.0]], {}, r"sizes\[0\]\[1\] is -2.0, allowed: finite numbers, 0 or more"),
        (GOOD, [[1.0, math.inf], [3.0]], {}, r"sizes\[0\]\[1\] is inf, allowed: finite numbers, 0 or more"),
        (
            GOOD,
            GOOD,
            {"ties": [(0, 1)]},
            r"ties\[0\] ties layer 1 with 1 choices to layer 0 with 2, allowed: equally many",
        ),
        (GOOD, GOOD, {"ties": [(0, 2)]}, r"ties\[0\] names layer 2, allowed: 0 to 1"),
        (GOOD, GOOD, {"ties": [(-1,)]}, r"ties\[0\] names layer -1, allowed: 0 to 1"),
        (GOOD, GOOD, {"ties": [(0,), (0,)]}, r"ties\[1\] names layer 0 once more"),
        (GOOD, GOOD, {"fixed": {2: 0}}, "fixed names layer 2, allowed: 0 to 1"),
        (GOOD, GOOD, {"fixed": {0: 2}}, r"fixed\[0\] is 2, allowed: 0 to 1"),
        ([[1, 2]] * 2, [[1, 2]] * 2, {"ties": [(0, 1)], "fixed": {0: 0, 1: 1}}, r"fixed has choices \[0, 1\]"),
        (GOOD, GOOD, {"limit": 0}, "limit is 0, allowed: 1 to 4294967295"),
    ],
)
def test_wrong_problems_are_refused(costs: Layers, sizes: Layers, options: dict[str, object], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        allocate.choose(costs, sizes, 100.0, **options)


def test_wrong_types_are_refused() -> None:
    with pytest.raises(TypeError, match="budget is '4', allowed: a number"):
        allocate.choose(GOOD, GOOD, "4")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="budget is nan"):
        allocate.choose(GOOD, GOOD, math.nan)
    with pytest.raises(TypeError, match=r"costs\[0\] has dtype complex128"):
        allocate.choose([[1j]], [[1.0]], 4)
    with pytest.raises(TypeError, match="costs is a str"):
        allocate.choose("12", GOOD, 4)
    with pytest.raises(TypeError, match="supported is 1, allowed: True or False"):
        allocate.front(GOOD, GOOD, supported=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"budgets has \['b'\], allowed: \['a'\], as rows has"):
        allocate.choose_rows(GOOD, {"a": GOOD}, {"b": 4})
    with pytest.raises(ValueError, match=r"rows\['a'\] has 1 layers, allowed: 2"):
        allocate.choose_rows(GOOD, {"a": GOOD[:1]}, {"a": 4})
    with pytest.raises(ValueError, match="time_limit is 0, allowed: a number above 0"):
        allocate.choose_rows(GOOD, {"a": GOOD}, {"a": 4}, time_limit=0)
    with pytest.raises(IndexError, match="point is 9"):
        allocate.front(GOOD, GOOD)[9]


def test_an_answer_cannot_be_changed_by_mistake() -> None:
    found = allocate.choose(GOOD, GOOD, 10)
    with pytest.raises(ValueError, match="read-only"):
        found.choices[0] = 1


def test_the_base_install_imports_without_highspy_and_says_what_is_missing() -> None:
    script = (
        "import sys; sys.modules['highspy'] = None\n"
        "from halfulp import allocate, cost\n"
        "print(allocate.choose([[1.0, 0.0]], [[1.0, 2.0]], 2).cost)\n"
        "try: allocate.choose_rows([[1.0]], {'a': [[1.0]]}, {'a': 1})\n"
        "except ImportError as error: print(error)\n"
        "loaded = {name.split('.')[0] for name, module in sys.modules.items() if module}\n"
        "print(bool(loaded & {'scipy', 'pandas', 'highspy'}))\n"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == [
        "0.0",
        "choose_rows needs the package highspy: pip install 'halfulp[analysis]'",
        "False",
    ]


def test_highs_s_time_limit_is_told() -> None:
    pytest.importorskip("highspy")
    # Two strongly correlated rows of 60 layers: minutes of work for HiGHS.
    rng = np.random.default_rng(0)
    sizes = rng.integers(10**5, 10**6, (60, 2)).astype(float)
    sizes[:, 0] = 0
    costs = sizes[:, ::-1] + 1e4 * (sizes[:, ::-1] > 0)
    rows = {"a": sizes, "b": sizes * rng.uniform(0.9, 1.1, sizes.shape)}
    budgets = dict.fromkeys(rows, sizes.sum() / 2)
    with pytest.raises(ValueError, match="time_limit is 1e-06, allowed: more, since HiGHS has found no choice"):
        allocate.choose_rows(costs, rows, budgets, time_limit=1e-6)
    cut = allocate.choose_rows(costs, rows, budgets, time_limit=0.3)
    assert not cut.optimal
    assert cut.lower_bound < cut.cost
    assert all(cut.totals[name] <= budgets[name] for name in rows)
