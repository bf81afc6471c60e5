"""The published programs over hu.allocate: HAWQ-V2, HAWQ-V3, LQ-LoRA, SNIP; reverse water-filling."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from halfulp import allocate, cost

# HAWQ-V3's notebook and bit configurations (github.com/Zhen-Dong/HAWQ, commit 1616df69; MIT, its licence lies beside).
HAWQ = json.loads((Path(__file__).parents[1] / "vectors/hawq_v3/hawq_v3_ilp.json").read_text(encoding="utf-8"))
NETWORKS = ("resnet18", "resnet50")
CASES = [(network, case) for network in NETWORKS for case in HAWQ[network]["cases"]]
# The one published assignment that is not the optimum of its program: 0.0082 lower at the same limit.
BEATEN = {("resnet50", "modelsize_0.25"): (-0.8232263705041888, -0.831387218728)}


def inputs(network: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Average traces, squared errors at 4 and 8 bit, and resources at 4 and 8 bit in the notebook's units."""
    given = HAWQ[network]["inputs"]

    def column(name: str) -> np.ndarray:
        return np.array(given[name])

    parameters, macs = column("parameters"), column("bops")
    resources = {
        "modelsize": np.stack([0.5 * parameters, parameters], axis=1),
        "bops": np.stack([macs / 64, macs / 16], axis=1),
        "latency": np.stack([column("latency_int4"), column("latency_int8")], axis=1),
    }
    errors = np.stack([column("delta_weights_4bit_square"), column("delta_weights_8bit_square")], axis=1)
    return column("Hutchinson_trace"), errors, resources


@pytest.mark.parametrize(("network", "case"), CASES)
def test_the_18_published_assignments_are_reproduced_or_beaten(network: str, case: str) -> None:
    traces, errors, resources = inputs(network)
    kind, _, fraction = case.partition("_")
    published = HAWQ[network]["cases"][case]
    limit = allocate.hawq_limit(resources[kind], float(fraction))
    assert limit == pytest.approx(published["limit"], rel=1e-14)
    found = allocate.hawq_v3(
        traces, errors, {kind: resources[kind]}, {kind: published["limit"]}, ties=HAWQ[network]["equal_pairs"]
    )
    assert isinstance(found, allocate.Allocation)
    assert found.optimal
    bits = "".join("48"[c] for c in found.choices)
    # The published objective counts layers at 8 bit less what they cost at 4 bit.
    at_four = math.fsum(traces * errors[:, 0])
    objective = found.cost - at_four
    if (network, case) in BEATEN:
        old, new = BEATEN[network, case]
        assert old == pytest.approx(published["published_objective"], abs=1e-13)
        assert objective == pytest.approx(new, abs=1e-11)
        assert bits != published["published_bits"]
    else:
        assert objective == pytest.approx(published["published_objective"], abs=1e-11)
        assert bits == published["published_bits"]
    # Whatever was published keeps its limit and its ties: the comparison is fair.
    rows = np.arange(len(traces))
    as_published = np.array(["48".index(b) for b in published["published_bits"]])
    assert math.fsum(resources[kind][rows, as_published]) <= published["limit"]
    assert all(as_published[a] == as_published[b] for a, b in HAWQ[network]["equal_pairs"])
    assert all(bits[a] == bits[b] for a, b in HAWQ[network]["equal_pairs"])


@pytest.mark.parametrize("network", NETWORKS)
def test_the_front_holds_every_published_limit(network: str) -> None:
    traces, errors, resources = inputs(network)
    for kind, resource in resources.items():
        front = allocate.front(traces[:, None] * errors, resource, ties=HAWQ[network]["equal_pairs"])
        assert (np.diff(front.costs) < 0).all()
        for case, published in HAWQ[network]["cases"].items():
            if case.startswith(kind):
                found = front.at(published["limit"])
                objective = found.cost - math.fsum(traces * errors[:, 0])
                expected = BEATEN.get((network, case), (0, published["published_objective"]))[1]
                assert objective == pytest.approx(expected, abs=1e-11)


def test_several_resources_at_once_keep_all_limits() -> None:
    pytest.importorskip("highspy")
    traces, errors, resources = inputs("resnet18")
    budgets = {name: allocate.hawq_limit(resource, 0.5) for name, resource in resources.items()}
    ties = HAWQ["resnet18"]["equal_pairs"]
    found = allocate.hawq_v3(traces, errors, resources, budgets, ties=ties)
    assert isinstance(found, allocate.RowsAllocation)
    assert found.optimal
    assert all(found.totals[name] <= budgets[name] for name in budgets)
    # Every combination that the ties leave: 2^16.
    joined: list[list[int]] = [list(pair) for pair in ties]
    joined += [[i] for i in range(len(traces)) if not any(i in pair for pair in ties)]
    grid = np.array(list(itertools.product((0, 1), repeat=len(joined))))
    layers = np.empty((len(grid), len(traces)), dtype=int)
    for column, members in enumerate(joined):
        layers[:, members] = grid[:, [column]]
    rows = np.arange(len(traces))
    within = np.ones(len(grid), dtype=bool)
    for name, resource in resources.items():
        within &= resource[rows, layers].sum(axis=1) <= budgets[name]
    best = (traces[:, None] * errors)[rows, layers].sum(axis=1)[within].min()
    assert found.cost == pytest.approx(best, rel=1e-12)


def test_bops_are_the_notebook_s() -> None:
    macs = np.array(HAWQ["resnet18"]["inputs"]["bops"])
    assert macs[0] == 64 * 64 * 9 * 56 * 56 / 1e6  # a 3x3 convolution of 64 channels at 56 x 56, in millions
    assert (cost.bops(macs, 4, 4) / 1024 == macs / 64).all()
    assert (cost.bops(macs, 8, 8) / 1024 == macs / 16).all()


def test_hawq_v2_is_the_front_of_size_and_omega() -> None:
    rng = np.random.default_rng(0)
    traces, parameters = rng.uniform(1, 100, 6), rng.integers(10, 1000, 6).astype(float)
    bits = np.array([2.0, 4.0, 8.0])
    errors = rng.uniform(0.5, 2, (6, 1)) * 4.0**-bits
    front = allocate.hawq_v2(traces, parameters, errors, bits)
    points = set()
    for choices in itertools.product(range(3), repeat=6):
        size = sum(n * bits[c] for n, c in zip(parameters, choices, strict=True))
        omega = math.fsum(t / n * e[c] for t, n, e, c in zip(traces, parameters, errors, choices, strict=True))
        points.add((size, omega))
    least = math.inf
    expected = []
    for size, omega in sorted(points):
        if omega < least:
            expected.append((size, omega))
            least = omega
    assert isinstance(front, allocate.Front)
    assert front.sizes.tolist() == [size for size, _ in expected]
    # The library sums the rounded products exactly, fsum likewise: the same numbers.
    assert front.costs.tolist() == [omega for _, omega in expected]
    best = allocate.hawq_v2(traces, parameters, errors, bits, budget=4 * parameters.sum())
    assert isinstance(best, allocate.Allocation)
    assert best.cost == front.at(4 * parameters.sum()).cost
    assert (allocate.omega(traces, parameters, errors) == (traces / parameters)[:, None] * errors).all()


def test_hawq_s_arguments_are_checked() -> None:
    errors = np.ones((2, 2))
    with pytest.raises(ValueError, match=r"parameters\[1\] is 0, allowed: above 0"):
        allocate.omega([1.0, 1.0], [1.0, 0.0], errors)
    with pytest.raises(ValueError, match="traces has 3 numbers, allowed: 2"):
        allocate.omega([1.0, 1.0, 1.0], [1.0, 1.0], errors)
    with pytest.raises(ValueError, match=r"squared_errors\[0\]\[1\] is -1.0"):
        allocate.omega([1.0], [1.0], [[1.0, -1.0]])
    with pytest.raises(ValueError, match="bits has 3 numbers, allowed: 2"):
        allocate.hawq_v2([1.0, 1.0], [1.0, 1.0], errors, [2, 4, 8])
    with pytest.raises(ValueError, match=r"fraction is 1.5, allowed: a number from 0 to 1"):
        allocate.hawq_limit(errors, 1.5)
    with pytest.raises(ValueError, match=r"budgets has \['bops'\], allowed: \['size'\]"):
        allocate.hawq_v3([1.0, 1.0], errors, {"size": errors}, {"bops": 2.0})


# --- LQ-LoRA ----------------------------------------------------------------------------------------------------------


def test_lq_lora_counts_storage_as_the_released_code_does() -> None:
    grid = allocate.lq_lora_configurations()
    assert len(grid) == 4 * 4 * 3 * 3 * 3  # models/allocation_utils_2.py
    # QLoRA's configuration: 4 bits, 8-bit scales over 64, float32 over 256 of these: 4.127 bits.
    qlora = allocate.LqLoraConfiguration(4, 8, 32, 64, 256)
    assert qlora in grid
    assert qlora.bits_per_parameter == 4 + 8 / 64 + 32 / (64 * 256)
    storage = allocate.lq_lora_storage([10, 20], [qlora, grid[0]])
    assert storage.tolist() == [[n * qlora.bits_per_parameter, n * grid[0].bits_per_parameter] for n in (10, 20)]


def test_lq_lora_is_the_best_assignment_and_chunks_are_not() -> None:
    rng = np.random.default_rng(3)
    grid = allocate.lq_lora_configurations()
    parameters = rng.integers(1000, 100000, 12).astype(float)
    sizes = allocate.lq_lora_storage(parameters, grid)
    width = np.array([c.bits_per_parameter for c in grid])
    costs = (
        np.exp(3 * rng.normal(size=(12, 1))) * parameters[:, None] * 4.0**-width * rng.uniform(0.8, 1.2, sizes.shape)
    )
    budget = 2.75 * parameters.sum()
    whole = allocate.lq_lora(costs, sizes, budget)
    assert whole.optimal
    assert whole.cost == allocate.choose(costs, sizes, budget).cost
    equal = np.full(12, 1000.0)
    equal_sizes = allocate.lq_lora_storage(equal, grid)
    best, split = (allocate.lq_lora(costs, equal_sizes, 2.75 * equal.sum(), chunks=n) for n in (1, 3))
    assert best.optimal
    assert not split.optimal
    assert split.size <= 2.75 * equal.sum()
    assert split.lower_bound <= best.cost < split.cost
    parts = [allocate.choose(costs[i : i + 4], equal_sizes[i : i + 4], 2.75 * 4000) for i in (0, 4, 8)]
    assert split.choices.tolist() == [c for part in parts for c in part.choices]
    with pytest.raises(ValueError, match="chunks is 5, allowed: a divisor of 12"):
        allocate.lq_lora(costs, sizes, budget, chunks=5)


# --- SNIP -------------------------------------------------------------------------------------------------------------


def snip_by_hand(costs: np.ndarray, work: np.ndarray, target: float, stages: np.ndarray) -> float:
    """The least cost over all choices of two that save the target in every stage."""
    best = math.inf
    for low in itertools.product((0, 1), repeat=len(work)):
        chosen = np.array(low)
        saved = all(
            (work * chosen)[stages == s].sum() >= target * work[stages == s].sum() * (1 - 1e-12)
            for s in set(stages.tolist())
        )
        if saved:
            best = min(best, math.fsum(costs[np.arange(len(work)), chosen]))
    return best


@pytest.mark.parametrize("target", [0.0, 0.3, 0.75, 1.0])
@pytest.mark.parametrize("staged", [False, True])
def test_snip_is_the_best_choice(target: float, staged: bool) -> None:
    rng = np.random.default_rng(4)
    loss, change = rng.uniform(0, 1, (9, 2)), rng.uniform(0, 3, (9, 2))
    work = rng.integers(1, 20, 9).astype(float)
    stages = np.arange(9) // 3 if staged else np.zeros(9, dtype=int)
    found = allocate.snip(loss, change, work, target, stages=stages if staged else None)
    assert found.optimal
    assert found.cost == pytest.approx(snip_by_hand(loss + change, work, target, stages), rel=1e-14)
    assert found.saved >= target - 1e-15
    assert found.saved == pytest.approx((work * found.choices).sum() / work.sum(), abs=1e-15)
    assert set(found.stages) == set(stages.tolist())


def test_snip_s_normalization_and_weights_are_the_caller_s() -> None:
    rng = np.random.default_rng(5)
    loss, change = rng.uniform(0, 1, (6, 2)), rng.uniform(0, 1000, (6, 2))
    work = np.ones(6)
    for how, unit in (("none", lambda x: 1.0), ("sum", np.sum), ("max", np.max)):
        found = allocate.snip(loss, change, work, 0.5, normalize=how, weights=(2, 0.5))
        combined = 2 * loss / unit(loss) + 0.5 * change / unit(change)
        assert found.cost == pytest.approx(snip_by_hand(combined, work, 0.5, np.zeros(6, dtype=int)), rel=1e-13)
    three = allocate.snip(rng.random((4, 3)), rng.random((4, 3)), np.ones(4), 0.5, efficiency=(0, 0.5, 0.75))
    assert three.saved >= 0.5
    with pytest.raises(ValueError, match=r"target is 0\.9, allowed: at most 0\.75 in stage 0"):
        allocate.snip(rng.random((4, 3)), rng.random((4, 3)), np.ones(4), 0.9, efficiency=(0, 0.5, 0.75))
    with pytest.raises(ValueError, match="normalize is 'mean', allowed: 'none', 'sum', 'max'"):
        allocate.snip(loss, change, work, 0.5, normalize="mean")
    with pytest.raises(ValueError, match=r"efficiency is .* allowed: 2 numbers from 0 to 1"):
        allocate.snip(loss, change, work, 0.5, efficiency=(0, 2))
    with pytest.raises(TypeError, match="stages has dtype float64"):
        allocate.snip(loss, change, work, 0.5, stages=np.zeros(6))


# --- reverse water-filling --------------------------------------------------------------------------------------------


def test_water_filling_is_the_closed_form_where_all_sources_have_bits() -> None:
    rng = np.random.default_rng(6)
    variances = rng.uniform(0.5, 2, 10)
    found = allocate.water_filling(variances, 3)
    mean = math.exp(np.mean(np.log(variances)))
    assert found.bits == pytest.approx(3 + 0.5 * np.log2(variances / mean), abs=1e-13)
    assert found.total == pytest.approx(10 * mean * 2.0**-6, rel=1e-13)
    assert (found.distortions == found.level).all()


def test_water_filling_below_the_level_and_the_integer_version() -> None:
    rng = np.random.default_rng(7)
    counts = rng.integers(1, 50, 8).astype(float)
    variances = np.exp(4 * rng.normal(size=8))
    found = allocate.water_filling(variances, 0.8, counts)
    assert (found.bits == 0).any()
    assert counts @ found.bits == pytest.approx(0.8 * counts.sum(), rel=1e-12)
    # Whole bits: the same problem as a table. Its optimum is never below the real-valued one, and its bits are whole.
    widths = np.arange(9)
    costs = counts[:, None] * variances[:, None] * 4.0**-widths
    whole = allocate.choose(costs, counts[:, None] * widths, 0.8 * counts.sum())
    assert whole.optimal
    assert whole.cost >= found.total * (1 - 1e-12)
    # Against any division that a Lagrangian gives: the real-valued optimum is below its bound.
    assert whole.relaxation >= found.total * (1 - 1e-12)
    with pytest.raises(ValueError, match=r"variances\[1\] is -1"):
        allocate.water_filling([1.0, -1.0], 2)
    with pytest.raises(ValueError, match="bits is -1"):
        allocate.water_filling([1.0], -1)
    with pytest.raises(TypeError, match="variances has dtype"):
        allocate.water_filling("ab", 1)
