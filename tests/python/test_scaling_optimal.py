"""What follows from a scaling law: compute-optimal models, critical data sizes, layouts of bits, effective parameters,
curves. Oracles: SciPy's minimizers over the laws written out here, conditions of first order, published figures."""

from __future__ import annotations

import numpy as np
import pytest
from halfulp import scaling

minimize_scalar = pytest.importorskip("scipy.optimize").minimize_scalar
minimize = pytest.importorskip("scipy.optimize").minimize

# The fit of arXiv 2404.10102, rounded as its closed forms were computed with, and that of 2203.15556.
EPOCH = {"A": 482.01, "B": 2085.43, "E": 1.8172, "alpha": 0.3478, "beta": 0.3658}
HOFFMANN = {"A": 406.4, "B": 410.7, "E": 1.69, "alpha": 0.34, "beta": 0.28}
# arXiv 2501.02423, table 2, and 2411.04330, table 2.
SUN = {
    "n": 69.2343,
    "alpha": 0.2368,
    "d": 68973.0621,
    "beta": 0.5162,
    "eps": 1.9061,
    "gamma": 11334.5197,
    "delta": 3.1926,
    "nu": 2.9543,
}
KUMAR = {
    "E": 2.7648,
    "A": 4.299e3,
    "B": 1.806e4,
    "alpha": 0.4965,
    "gamma_w": 2.6745,
    "gamma_a": 2.2102,
    "gamma_kv": 0.9578,
}
SHIFTS = {"n_w": 0.3037, "n_a": 1.4072, "n_kv": 2.4185}


def chinchilla(p, n, d):
    return p["E"] + p["A"] / n ** p["alpha"] + p["B"] / d ** p["beta"]


def floating(p, n, d, e, m, b):
    quality = p["gamma"] * (e + 0.5) ** p["delta"] * (m + 0.5) ** p["nu"]
    return (
        p["n"] / n ** p["alpha"]
        + p["d"] / d ** p["beta"]
        + p["eps"]
        + d ** p["beta"] / n ** p["alpha"] * np.log2(b) / quality
    )


def lowest(loss, low: float, high: float) -> float:
    """Where SciPy finds a function of log N lowest. Values alone cannot say better than about sqrt(2^-52) ~ 1.5e-8."""
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12})
    return float(found.x)


# --- compute-optimal --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "n", "d", "ratio", "loss"),
    [(EPOCH, 7.302e10, 1.342e12, 18.38, 1.97386), (HOFFMANN, 3.249e10, 3.016e12, 92.8, 1.92999)],
)
def test_the_published_point_at_chinchilla_s_budget(params, n, d, ratio, loss) -> None:
    # Catches: alpha and beta exchanged, C instead of C/6. Tolerances: half a unit of the last printed digit.
    best = scaling.compute_optimal(params, 5.88e23)
    assert best.closed_form
    assert pytest.approx(n, abs=0.5e7) == best.N
    assert pytest.approx(d, abs=0.5e9) == best.D
    assert best.tokens_per_parameter == pytest.approx(ratio, abs=0.05 if ratio > 50 else 0.005)
    assert best.loss == pytest.approx(loss, abs=0.5e-5)
    assert best.exponent_N + best.exponent_D == pytest.approx(1, abs=1e-15)


def test_the_closed_form_is_the_minimum() -> None:
    # Catches: any wrong exponent in G. At the minimum alpha A/N^alpha = beta B/D^beta: an identity, to rounding.
    for c in (1e18, 1e21, 1e25):
        for k in (6.0, 2.0):
            best = scaling.compute_optimal(EPOCH, c, cost=k)
            assert k * best.N * best.D == pytest.approx(c, rel=1e-12)
            left = EPOCH["alpha"] * EPOCH["A"] / best.N ** EPOCH["alpha"]
            assert left == pytest.approx(EPOCH["beta"] * EPOCH["B"] / best.D ** EPOCH["beta"], rel=1e-12)
            place = lowest(lambda x, c=c, k=k: chinchilla(EPOCH, np.exp(x), c / k / np.exp(x)), 10, 40)
            assert np.log(best.N) == pytest.approx(place, abs=1e-6)
            assert best.loss == pytest.approx(chinchilla(EPOCH, best.N, best.D), rel=1e-14)


def test_the_search_finds_the_closed_form() -> None:
    # Catches: a grid's step left in the answer. A polynomial of degree 8 over 0.1 in log N leaves about 1e-9.
    for c in (1e19, 5.88e23):
        best = scaling.compute_optimal(EPOCH, c)
        searched = scaling.compute_optimal(EPOCH, c, N=(1e5, 1e14))
        assert not searched.closed_form
        assert np.isnan(searched.exponent_N)
        assert pytest.approx(best.N, rel=1e-9) == searched.N
        by_function = scaling.compute_optimal(EPOCH, c, cost=lambda n, d: 6 * n * d)
        assert pytest.approx(best.N, rel=1e-9) == by_function.N
        assert pytest.approx(best.D, rel=1e-9) == by_function.D


def test_a_cost_that_counts_inference() -> None:
    # Catches: a cost function that is read as 6 N D. Tokens served move the best model to fewer parameters.
    served = 1e12

    def cost(n, d):
        return 6 * n * d + 2 * n * served

    best = scaling.compute_optimal(EPOCH, 1e23, cost=cost)
    place = lowest(
        lambda x: chinchilla(EPOCH, np.exp(x), (1e23 - 2 * np.exp(x) * served) / (6 * np.exp(x))), 15, np.log(4.9e10)
    )
    assert np.log(best.N) == pytest.approx(place, abs=1e-6)
    assert cost(best.N, best.D) == pytest.approx(1e23, rel=1e-12)
    assert best.N < scaling.compute_optimal(EPOCH, 1e23).N


def test_budgets_and_replicates_are_axes() -> None:
    # Catches: replicates along the wrong axis; a fit of the first replicate for all.
    budgets = np.array([1e19, 1e21, 1e23])
    many = scaling.compute_optimal(EPOCH, budgets)
    assert many.N.shape == many.loss.shape == many.tokens_per_parameter.shape == (3,)
    assert np.diff(np.log(many.N)) == pytest.approx(many.exponent_N[0] * np.log(100), rel=1e-12)
    replicates = {name: np.array([value, HOFFMANN[name]]) for name, value in EPOCH.items()}
    both = scaling.compute_optimal(replicates, budgets)
    assert both.N.shape == (2, 3)
    assert both.N[1, 2] == scaling.compute_optimal(HOFFMANN, 1e23).N
    assert scaling.compute_optimal(replicates, 1e23).N.tolist() == both.N[:, 2].tolist()


def test_laws_whose_terms_are_powers_have_the_closed_form_too() -> None:
    # Catches: eff that does not reach the term of N, or reaches it without its power; beta not tied to alpha.
    for law, params, columns, size, power in (
        ("quest", EPOCH | {"eff[fp4]": 0.63, "eff[16]": 1.0}, {"format": "fp4"}, 0.63, "alpha"),
        ("decoupled", EPOCH | {"eff_w[4]": 0.7, "eff_a[8]": 0.9}, {"weights": "4", "activations": "8"}, 0.63, "alpha"),
    ):
        best = scaling.compute_optimal(params, 1e22, law=law, **columns)
        plain = scaling.compute_optimal(EPOCH | {"A": EPOCH["A"] / size ** EPOCH[power]}, 1e22)
        assert best.closed_form
        assert pytest.approx(plain.N, rel=1e-12) == best.N
        assert best.loss == pytest.approx(plain.loss, rel=1e-12)
    best = scaling.compute_optimal(KUMAR, 1e22, law="precision", P_w=4, P_a=8, P_kv=16)
    searched = scaling.compute_optimal(KUMAR, 1e22, law="precision", P_w=4, P_a=8, P_kv=16, N=(1e6, 1e14))
    assert best.closed_form
    assert best.exponent_N == 0.5
    assert pytest.approx(best.N, rel=1e-9) == searched.N
    quartet = {"E": 1.35, "A": 1.52e5, "B": 5.25e5, "alpha": 0.589, "beta": 0.544, "gamma": 0.274}
    params = quartet | {"eff_N[4]": 0.64, "eff_D[4]": 0.83}
    best = scaling.compute_optimal(params, 1e21, law="quartet", format="4")
    searched = scaling.compute_optimal(params, 1e21, law="quartet", format="4", N=(1e6, 1e14))
    assert best.closed_form
    assert pytest.approx(best.N, rel=1e-9) == searched.N


def test_the_law_of_floating_point_is_searched() -> None:
    # Catches: a closed form for a law that has none; columns E, M, B that are lost on the way.
    best = scaling.compute_optimal(SUN, 1e22, law="fp_quantization", E=2, M=1, B=128)
    assert not best.closed_form
    place = lowest(lambda x: floating(SUN, np.exp(x), 1e22 / 6 / np.exp(x), 2, 1, 128), 15, 35)
    assert np.log(best.N) == pytest.approx(place, abs=1e-6)
    assert best.loss == pytest.approx(floating(SUN, best.N, best.D, 2, 1, 128), rel=1e-13)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: scaling.compute_optimal(EPOCH, -1), ValueError, "C is -1.0, allowed: finite numbers above 0"),
        (lambda: scaling.compute_optimal(EPOCH, "big"), TypeError, "C is 'big'"),
        (lambda: scaling.compute_optimal(EPOCH, 1e20, cost=0), ValueError, "cost is 0"),
        (lambda: scaling.compute_optimal(EPOCH, 1e20, N=(1e9, 1e8)), ValueError, "N is .*low < high"),
        (lambda: scaling.compute_optimal(EPOCH, 1e20, N=(1.0, 1e3)), ValueError, "is at an end"),
        (lambda: scaling.compute_optimal(EPOCH, 1e20, N=5), ValueError, r"N is 5, allowed: \(low, high\)"),
        (lambda: scaling.compute_optimal(EPOCH, []), ValueError, "C is empty, allowed: one number or more"),
        (lambda: scaling.compute_optimal(EPOCH, 1e20, cost=lambda n, d: 6 * n + 0 * d), ValueError, "cost reaches C ="),
        (lambda: scaling.compute_optimal({"A": 1.0}, 1e20), ValueError, "params has no alpha, B"),
        (lambda: scaling.compute_optimal(EPOCH | {"A": np.nan}, 1e20), ValueError, r"params\['A'\] is nan"),
        (lambda: scaling.compute_optimal(EPOCH | {"A": "x"}, 1e20), TypeError, r"params\['A'\] is 'x'"),
        (lambda: scaling.compute_optimal([1, 2], 1e20), TypeError, "fit is a list, allowed: a Fit, or a dict"),
        (lambda: scaling.compute_optimal(EPOCH, 1e20, format="4"), ValueError, "columns has format, allowed: none"),
        (lambda: scaling.compute_optimal(KUMAR, 1e20, law="precision", P_w=4), ValueError, "has no P_a, P_kv"),
        (
            lambda: scaling.compute_optimal(EPOCH | {"eff[4]": 0.5}, 1e20, law="quest", format="5"),
            ValueError,
            r"params has no eff\[5\], allowed: 4",
        ),
    ],
)
def test_bad_input(call, kind, message) -> None:
    with pytest.raises(kind, match=message):
        call()


# --- layouts of bits --------------------------------------------------------------------------------------------------


def test_critical_data_sizes_are_the_paper_s() -> None:
    # Catches: a factor 2 in the exponent, E and M exchanged. The paper prints 1730 T, 27 T and 0.4 T at N = 1e9; with
    # B = 128 the closed form gives these four digits.
    sizes = scaling.critical_data_size(SUN, 1e9, [8, 4, 2], [7, 3, 1], 128)
    assert sizes == pytest.approx([1.730e15, 2.733e13, 3.928e11], rel=3e-4)
    for e, m, size in zip((8, 4, 2), (7, 3, 1), sizes, strict=True):
        steps = np.array([0.999, 1, 1.001]) * size
        losses = floating(SUN, 1e9, steps, e, m, 128)
        assert losses[1] < losses[0]
        assert losses[1] < losses[2]
    assert scaling.critical_data_size(SUN, 1e9, 2, 1, 128) == sizes[2]


def test_the_best_whole_layouts_are_figure_5() -> None:
    # Catches: half a bit forgotten, the sign counted as a bit of one kind.
    figure = "E0M0 E1M0 E1M1 E2M1 E2M2 E3M2 E3M3 E4M3 E4M4 E5M4 E5M5 E6M5 E6M6 E7M6 E7M7 E8M7"
    names = [scaling.best_split(SUN, bits, integers=True).name for bits in range(1, 17)]
    assert " ".join(names) == figure
    for bits in range(1, 17):
        best = scaling.best_split(SUN, bits, integers=True)
        losses = [floating(SUN, 1e8, 1e11, e, bits - 1 - e, 128) for e in range(bits)]
        assert best.exponent_bits == int(np.argmin(losses))
        for delta, nu in ((5.0, 1.7), (0.97, 1.0), (1.0, 0.97)):  # nearly equal: half a bit decides
            other = SUN | {"delta": delta, "nu": nu}
            losses = [floating(other, 1e8, 1e11, e, bits - 1 - e, 128) for e in range(bits)]
            assert scaling.best_split(other, bits, integers=True).exponent_bits == int(np.argmin(losses))


def test_the_best_real_layout_beats_every_other() -> None:
    # Catches: the clamp at no mantissa that also moves inner layouts.
    for bits in (1.0, 1.02, 2.0, 4.5, 8.0, 16.0):
        split = scaling.best_split(SUN, bits)
        assert split.exponent_bits + split.mantissa_bits + 1 == pytest.approx(bits, abs=1e-14)
        assert min(split.exponent_bits, split.mantissa_bits) >= 0
        grid = np.linspace(0, bits - 1, 20001)
        losses = floating(SUN, 1e9, 1e11, grid, bits - 1 - grid, 128)
        here = floating(SUN, 1e9, 1e11, split.exponent_bits, split.mantissa_bits, 128)
        assert here <= losses.min() * (1 + 1e-15)
    total = SUN["delta"] + SUN["nu"]
    assert scaling.best_split(SUN, 8).mantissa_bits == pytest.approx(SUN["nu"] * 8 / total - 0.5, rel=1e-14)
    assert scaling.best_split(SUN, 8).name == "E3.66M3.34"


def test_bits_worth_their_cost_at_fixed_data() -> None:
    # Catches: alpha left out of the closed form. The figures: four digits of the closed form, between 4 and 8 bits for
    # the tokens of today's models, as the paper says.
    bits = [scaling.best_precision(SUN, D=10.0**k, block_size=128).bits for k in range(9, 15)]
    assert bits == pytest.approx([2.899, 3.518, 4.268, 5.179, 6.284, 7.624], abs=5e-4)
    assert np.isnan(scaling.best_precision(SUN, D=1e12, block_size=128).loss)
    # N = C/(k D P) along P, by SciPy.
    for tokens in (1e10, 1e13):
        found = scaling.best_precision(SUN, D=tokens, C=1e23, block_size=32)

        def loss(x, tokens=tokens):
            bits = np.exp(x)
            split = scaling.best_split(SUN, bits)
            return floating(SUN, 1e23 / (6 / 16 * tokens * bits), tokens, split.exponent_bits, split.mantissa_bits, 32)

        assert np.log(found.bits) == pytest.approx(lowest(loss, 0.2, 4), abs=1e-6)
        assert found.N * tokens * found.bits * 6 / 16 == pytest.approx(1e23, rel=1e-13)
        assert found.loss == pytest.approx(loss(np.log(found.bits)), rel=1e-13)


def test_bits_worth_their_cost_at_a_budget() -> None:
    # Catches: D held where all three are free. SciPy's simplex over log D and log P knows nothing of closed forms.
    for budget in (1e21, 1e25):
        found = scaling.best_precision(SUN, C=budget, block_size=128)

        def loss(x, budget=budget):
            tokens, bits = np.exp(x)
            e, m = (SUN[name] * bits / (SUN["delta"] + SUN["nu"]) - 0.5 for name in ("delta", "nu"))
            return floating(SUN, budget / (6 / 16 * tokens * bits), tokens, e, m, 128)

        best = minimize(
            loss, [25, 1.5], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-15, "maxiter": 4000}
        )
        assert found.loss <= best.fun * (1 + 1e-14)
        assert [np.log(found.D), np.log(found.bits)] == pytest.approx(best.x, abs=1e-5)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: scaling.critical_data_size(SUN, 1e9, 2, 1, 1), ValueError, "block_size is 1, allowed: above 1"),
        (lambda: scaling.critical_data_size(SUN, 1e9, -1, 1, 32), ValueError, "exponent_bits is -1"),
        (lambda: scaling.critical_data_size(SUN, 1e9, [1, 2], [1, 2, 3], 32), ValueError, "allowed: shapes that broad"),
        (lambda: scaling.critical_data_size(EPOCH, 1e9, 2, 1, 32), ValueError, "params has no n, d, eps"),
        (
            lambda: scaling.critical_data_size(SUN | {"beta": -1.0}, 1e9, 2, 1, 32),
            ValueError,
            r"params\['beta'\] is -1.0, allowed: above 0",
        ),
        (lambda: scaling.critical_data_size(SUN, 1e9, 2, 1, 32, law="quest"), ValueError, "law is quest"),
        (lambda: scaling.best_split(SUN, 8.5, integers=True), TypeError, "bits is 8.5, allowed: an integer"),
        (lambda: scaling.best_split(SUN, 0), ValueError, "bits is 0"),
        (lambda: scaling.best_precision(SUN, block_size=128), ValueError, "D and C are both None"),
        (lambda: scaling.best_precision(SUN, D=1e12, block_size=1), ValueError, "block_size is 1"),
        (lambda: scaling.best_precision(SUN, C=1e3, block_size=128), ValueError, "C is 1000, too little"),
    ],
)
def test_bad_layouts(call, kind, message) -> None:
    with pytest.raises(kind, match=message):
        call()


# --- effective parameters ---------------------------------------------------------------------------------------------


def test_parts_of_the_precision_law() -> None:
    # Catches: a gamma at the wrong part; 1 − exp computed with its cancellation. Six digits of the published constants.
    bits = np.array([4, 6, 8, 16])
    all_three = scaling.effective_parameters(KUMAR, P_w=bits, P_a=bits, P_kv=bits)
    assert all_three == pytest.approx([0.638919, 0.833116, 0.924107, 0.996761], abs=5e-7)
    assert scaling.effective_parameters(KUMAR, P_w=[4, 8]) == pytest.approx([0.775887, 0.949774], abs=5e-7)
    assert scaling.effective_parameters(KUMAR, 1e9, P_w=4) == pytest.approx(1e9 * (1 - np.exp(-4 / 2.6745)), rel=1e-14)
    assert scaling.effective_parameters(KUMAR, 3e8) == scaling.effective_parameters(KUMAR, 3e8, P_a=np.inf) == 3e8
    shifted = scaling.effective_parameters(KUMAR | SHIFTS, law="precision_shifted", P_a=3)
    assert shifted == pytest.approx(1 - np.exp(-(3 / 2.2102 + 1.4072)), rel=1e-14)
    tiny = scaling.effective_parameters(KUMAR, P_w=1e-9)
    assert tiny == pytest.approx(1e-9 / 2.6745, rel=1e-9)  # the next term of the series is half of it squared


def test_parts_of_formats() -> None:
    # Catches: labels that are numbers; the product of weights and activations.
    params = EPOCH | {"eff[4]": 0.69, "eff[fp4]": 0.63}
    assert scaling.effective_parameters(params, 2.0, law="quest", format="fp4") == pytest.approx(1.26)
    assert scaling.effective_parameters(params, law="quest", format=["4", "fp4", "4"]).tolist() == [0.69, 0.63, 0.69]
    assert scaling.effective_parameters(params, law="quest", format=4) == 0.69
    assert scaling.effective_parameters(params, law="quest", format=4.0) == 0.69  # as a table with gaps has it
    pairs = EPOCH | {"eff_w[4]": 0.7, "eff_a[8]": 0.9}
    assert scaling.effective_parameters(pairs, law="decoupled", weights="4", activations="8") == pytest.approx(0.63)
    unified = EPOCH | {"L": 1.1, "F": 0.8, "C": 0.6}
    mse = np.array([0.1, 0.01])
    expected = 1.1 * np.tanh(0.8 * (-np.log(mse) / np.log(4)) ** 0.6)
    assert scaling.effective_parameters(unified, law="unified", GMSE=mse) == pytest.approx(expected, rel=1e-14)
    replicates = params | {"eff[fp4]": np.array([0.6, 0.65])}
    assert scaling.effective_parameters(replicates, [1.0, 2.0], law="quest", format="fp4").tolist() == [
        [0.6, 1.2],
        [0.65, 1.3],
    ]


def test_the_empirical_share_inverts_the_law() -> None:
    # Catches: N outside the power. Cancellation of two losses near 2.8 leaves 1e-12 of the share.
    size, tokens = 1e8, 1e10
    for bits in (2.0, 3.0, 6.0):
        share = scaling.effective_parameters(KUMAR, P_w=bits)
        low, high = (
            KUMAR["E"] + KUMAR["A"] / (size * part) ** KUMAR["alpha"] + KUMAR["B"] / tokens ** KUMAR["alpha"]
            for part in (share, 1.0)
        )
        found = scaling.empirical_share(low, high, size, A=KUMAR["A"], alpha=KUMAR["alpha"])
        assert found == pytest.approx(share, rel=1e-11)
    assert np.isnan(scaling.empirical_share(1.0, 3.0, size, A=KUMAR["A"], alpha=KUMAR["alpha"]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scaling.effective_parameters(KUMAR, P=4), "columns has P, allowed: P_w, P_a, P_kv"),
        (lambda: scaling.effective_parameters(KUMAR, P_w=0), "P_w is 0.0"),
        (lambda: scaling.effective_parameters(EPOCH, law="chinchilla"), "law is chinchilla, allowed: precision"),
        (lambda: scaling.effective_parameters(EPOCH, law="quest"), "columns has no format"),
        (lambda: scaling.effective_parameters(EPOCH, law="quest", format="4"), r"no eff\[4\], allowed: none"),
        (lambda: scaling.effective_parameters(KUMAR | {"gamma_w": -1.0}, P_w=4), r"\['gamma_w'\] is -1.0"),
        (
            lambda: scaling.effective_parameters({"L": 1.0, "F": 1.0, "C": 1.0}, law="unified", GMSE=1.5),
            "GMSE is 1.5, allowed: above 0 and below 1",
        ),
    ],
)
def test_bad_effective_parameters(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# --- curves -----------------------------------------------------------------------------------------------------------


def test_curves_of_equal_loss() -> None:
    # Catches: rows and levels exchanged; a number where the loss is out of reach.
    sizes = np.array([1e8, 1e9, 1e10])
    curves = scaling.iso_loss(EPOCH, [2.2, 1.8], sizes)
    assert [curve.level for curve in curves] == [2.2, 1.8]
    expected = (EPOCH["B"] / (2.2 - EPOCH["E"] - EPOCH["A"] / sizes[1:] ** EPOCH["alpha"])) ** (1 / EPOCH["beta"])
    assert np.isnan(curves[0].D[0])
    # Near its floor a loss says little of D: 1e-16 of the loss is 1e-16 · 2.2 / (beta B/D^beta) / beta of D.
    assert curves[0].D[1:] == pytest.approx(expected, rel=1e-11)
    assert curves[0].loss[1:] == pytest.approx(2.2, rel=1e-14)
    assert np.isnan(curves[1].D).all()
    assert np.isnan(curves[1].loss).all()


def test_of_two_crossings_the_first_counts() -> None:
    # Catches: bisection over the whole range, which may end at the second. Beyond the critical data size loss grows.
    (curve,) = scaling.iso_loss(SUN, 2.75, 1e9, law="fp_quantization", E=2, M=1, B=128)
    assert curve.D[0] < scaling.critical_data_size(SUN, 1e9, 2, 1, 128)
    assert floating(SUN, 1e9, curve.D[0], 2, 1, 128) == pytest.approx(2.75, rel=1e-13)
    assert floating(SUN, 1e9, curve.D[0] * 0.99, 2, 1, 128) > 2.75


def test_curves_along_budgets() -> None:
    sizes = np.geomspace(1e8, 1e12, 7)
    for curve, budget in zip(scaling.iso_flop(EPOCH, [1e20, 1e22], sizes), (1e20, 1e22), strict=True):
        assert curve.level == budget
        assert pytest.approx(budget, rel=1e-14) == curve.N * curve.D * 6
        assert curve.loss == pytest.approx(chinchilla(EPOCH, curve.N, curve.D), rel=1e-14)
        assert (curve.loss >= scaling.compute_optimal(EPOCH, budget).loss).all()
    with pytest.raises(ValueError, match="params has arrays"):
        scaling.iso_flop({name: np.array([value]) for name, value in EPOCH.items()}, 1e20, sizes)
    with pytest.raises(ValueError, match=r"D is \(2, 1\)"):
        scaling.iso_loss(EPOCH, 2.2, 1e9, D=(2, 1))
