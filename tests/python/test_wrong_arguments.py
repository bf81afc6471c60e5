"""Wrong arguments of hu.error, hu.allocate, hu.cost, hu.reconstruct and hu.methods: every error names the argument, its
value and what is allowed, and nothing comes back where numbers would be wrong."""

from __future__ import annotations

import fractions
import math
from collections.abc import Callable
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from halfulp import allocate, cost, methods, reconstruct
from halfulp._runs import choice, real

RNG = np.random.default_rng(0)
W = RNG.normal(size=(16, 24))
X = RNG.normal(size=(100, 16))
H = X.T @ X / len(X)
SEEN = reconstruct.Covariance().add(X)
SCHEME = "int3s/8:binary16"
NAN = float("nan")
HUGE = 10**400


def test_a_real_number_is_checked_in_one_way() -> None:
    for given in (2, 2.0, np.float32(2), np.int64(2), np.array(2.0), fractions.Fraction(2)):
        number = real("x", given, 0, 4)
        assert number == 2
        assert type(number) is float
    assert real("x", math.inf, infinite=True) == math.inf
    for given in ("2", None, True, np.True_, 2 + 0j, [2], np.array([2.0])):
        with pytest.raises(TypeError, match=r"x is .*, allowed: a number from 0 to 4"):
            real("x", given, 0, 4)
    for limits, allowed in (
        ({}, "a finite number$"),
        ({"infinite": True}, "a number$"),
        ({"least": 0}, "a finite number of 0 or more"),
        ({"least": 0, "above": True}, "a finite number above 0"),
        ({"least": 0, "most": 1}, "a number from 0 to 1"),
        ({"least": 0, "most": 1, "above": True}, "a number above 0, at most 1"),
    ):
        with pytest.raises(ValueError, match=f"x is nan, allowed: {allowed}"):
            real("x", NAN, **limits)
        with pytest.raises(ValueError, match=f"x is beyond float64, allowed: {allowed}"):
            real("x", HUGE, **limits)
    with pytest.raises(ValueError, match="x is 0, allowed: a finite number above 0"):
        real("x", 0, 0, above=True)
    with pytest.raises(ValueError, match="x is inf, allowed: a finite number of 0 or more"):
        real("x", math.inf, 0)


def test_a_choice_among_names_takes_texts_alone() -> None:
    assert choice("kind", "a", ("a", "b")) == "a"
    for wrong in ("c", None, 3, np.array(["a", "b"]), ["a"]):
        with pytest.raises(ValueError, match=r"kind is .*, allowed: 'a', 'b'"):
            choice("kind", wrong, ("a", "b"))


ERROR: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: hu.error.expected("mxfp4", sigma=HUGE), ValueError, "sigma is beyond float64"),
    (lambda: hu.error.expected("mxfp4", sigma=1e-300), ValueError, "sigma is 1e-300, allowed: 1e-100 to 1e100"),
    (lambda: hu.error.expected("mxfp4", sigma=1e300), ValueError, r"sigma is 1e\+300, allowed: 1e-100 to 1e100"),
    (lambda: hu.error.expected("mxfp4", entropy="no"), TypeError, "entropy is 'no', allowed: True or False"),
    (lambda: hu.error.expected("mxfp4", hu.error.empirical([1e300])), ValueError, r"x has an element 1e\+300, allowed"),
    (lambda: hu.error.student_t(2), ValueError, "nu is 2, allowed: 2.1 to 1e6"),
    (lambda: hu.error.octave("mxfp4", sigma="2"), TypeError, "sigma is '2', allowed: a finite number above 0"),
    (lambda: hu.error.mixture(3), TypeError, "parts is 3, allowed: pairs"),
    (lambda: hu.error.mixture([3]), TypeError, r"parts\[0\] is 3, allowed: a pair"),
    (lambda: hu.error.mixture([(1.0,)]), TypeError, r"parts\[0\] is \(1.0,\), allowed: a pair"),
    (lambda: hu.error.normal().pdf(None), TypeError, "x is a NoneType"),
    (lambda: hu.error.normal().cdf("a"), TypeError, "x is a str"),
    (lambda: hu.error.bennett([1.0, NAN]), ValueError, r"values\[1\] is nan, allowed: finite numbers"),
    (lambda: hu.error.bennett(["a", "b"]), TypeError, "values has dtype"),
    (lambda: hu.error.bennett(np.ma.array([1.0, 2.0])), TypeError, "values is a masked array"),
    (lambda: hu.error.entropy_coded_uniform(0), ValueError, "bits is 0, allowed: a number from 0.01 to 20"),
    (lambda: hu.error.absmax_levels(weighted="no"), TypeError, "weighted is 'no', allowed: True or False"),
    (lambda: hu.error.quantile_map([1e300, 1.0], 4), ValueError, r"x\[0\] is 1e\+300, allowed: finite numbers of"),
]

ROWS = [[9.0, 4.0, 1.0], [7.0, 2.0]], [[2.0, 4.0, 8.0], [3.0, 6.0]]
EVEN = [[1.0, 0.5], [1.0, 0.2]]
SIZE = {"size": [[1, 2], [3, 4]]}
LAYERS = {"a": W.astype(np.float32), "b": W[:8].astype(np.float32)}
CONFIGURATIONS = allocate.lq_lora_configurations()


def assigned(**other: Any) -> Any:
    return allocate.assign(**{"weights": LAYERS, "schemes": "mxfp4 mxfp8_e4m3", "bits_per_element": 6, **other})


ALLOCATE: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: allocate.choose(*ROWS, HUGE), ValueError, "budget is beyond float64, allowed: a number"),
    (lambda: allocate.choose(*ROWS, np.array([11.0])), TypeError, r"budget is array\(\[11.\]\), allowed: a number"),
    (lambda: allocate.choose(*ROWS, 11, ties=3), TypeError, "ties is 3, allowed: a list of groups"),
    (lambda: allocate.choose(*ROWS, 11, ties=[0]), TypeError, r"ties\[0\] is 0, allowed: a list of layers"),
    (lambda: allocate.choose(*ROWS, 11, fixed=[0]), TypeError, "fixed is a list, allowed: a mapping"),
    (lambda: allocate.front(*ROWS)["a"], TypeError, "point is 'a', allowed: an integer from -4 to 3"),
    (lambda: allocate.front(*ROWS)[1.0], TypeError, "point is 1.0, allowed: an integer"),
    (lambda: allocate.omega([1.0], [3.0], [[1.0, 2.0], [3.0]]), ValueError, "squared_errors is a list with rows"),
    (lambda: allocate.hawq_limit(np.zeros((2, 0)), 0.5), ValueError, r"resource has shape \(2, 0\), allowed"),
    (lambda: allocate.hawq_limit(np.zeros((0, 2)), 0.5), ValueError, r"resource has shape \(0, 2\), allowed"),
    (lambda: allocate.hawq_v3([1.0, 2.0], EVEN, {}, {}), ValueError, "resources is empty"),
    (lambda: allocate.hawq_v3([1.0, 2.0], EVEN, SIZE, {"size": 1}), ValueError, r"budgets\['size'\] is 1, allowed: at"),
    (
        lambda: allocate.hawq_v3([1.0, 2.0], EVEN, {"size": [[1, 2]]}, {"size": 5}),
        ValueError,
        r"resources\['size'\] has 1 layers, allowed: 2",
    ),
    (lambda: allocate.hawq_v3([1.0, 2.0], EVEN, [1], [2]), TypeError, "resources is a list, allowed: a mapping"),
    (
        lambda: allocate.lq_lora(EVEN, SIZE["size"], 5, chunks=2),
        ValueError,
        "budget is 5, allowed: at least 6, as",
    ),
    (lambda: allocate.lq_lora_storage([3], [1]), TypeError, r"configurations\[0\] is 1, allowed"),
    (lambda: allocate.lq_lora_storage([3], None), TypeError, "configurations is a NoneType"),
    (
        lambda: allocate.snip(EVEN, EVEN, [1, 1], 0.5, weights=3),
        ValueError,
        "weights is 3, allowed: two finite",
    ),
    (lambda: allocate.water_filling([1.0], NAN), ValueError, "bits is nan, allowed: a finite number of 0 or more"),
    (
        lambda: allocate.water_filling([1.0, 2.0], 1, [1.0]),
        ValueError,
        "counts has 1 numbers, allowed: 2, as var",
    ),
    (lambda: assigned(weights={"a": np.full((4, 32), NAN)}), ValueError, r"weights\['a'\] holds NaN or infinity"),
    (lambda: assigned(weights={"a": np.full((4, 32), 1e200)}), ValueError, r"weights\['a'\] has squared errors beyond"),
    (lambda: assigned(sensitivities={"a": "x"}), TypeError, r"sensitivities\['a'\] has dtype"),
    (lambda: assigned(sensitivities=[1]), TypeError, "sensitivities is a list, allowed: a mapping"),
    (lambda: assigned(ties="ab"), TypeError, "ties is 'ab', allowed: a list of groups"),
    (lambda: assigned(ties=["ab"]), TypeError, r"ties\[0\] is 'ab', allowed: a list of layers"),
    (lambda: assigned(fixed=[1]), TypeError, "fixed is a list, allowed: a mapping"),
    (lambda: allocate.table(LAYERS, "mxfp4").named([0, 9]), ValueError, r"choices\[1\] is 9, allowed: 0 to 0"),
    (lambda: allocate.table(LAYERS, "mxfp4").named(["a", 0]), TypeError, r"choices\[0\] is 'a', allowed: an integer"),
    (lambda: allocate.sweep_table(3), TypeError, "results is a int, allowed: a table that hu.sweep gave"),
]

COST: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: cost.storage((3, 32), "mxfp4", axis=5), ValueError, r"axis is 5, allowed: -2 to 1 for an array of shape"),
    (lambda: cost.storage((3, 32), "mxfp4", axis="a"), TypeError, "axis is 'a', allowed: an integer or None"),
    (lambda: cost.storage((3, 32), "mxfp4", channel_axis=7), ValueError, "channel_axis is 7, allowed: -2 to 1"),
    (lambda: cost.storage((2**40, 2**40), "mxfp4"), ValueError, r"shapes is \(1099511627776, .*, allowed: fewer than"),
    (lambda: cost.storage({"a": (3, 5)}, "pm1_pmi/tensor:binary32"), ValueError, r"shapes\['a'\] is \(3, 5\), allowed"),
    (lambda: cost.mac("int8", "int8", 4, accumulator_bits="a"), TypeError, "accumulator_bits is 'a', allowed: an int"),
    (lambda: cost.bops("a", 2, 3), TypeError, "macs has dtype"),
    (lambda: cost.bops(None, 2, 3), TypeError, "macs has dtype"),
    (
        lambda: cost.bops([1, 2], [1, 2, 3], 4),
        ValueError,
        r"the shapes of macs \(2,\), weight_bits \(3,\), .* do",
    ),
    (lambda: cost.speedup(1e308, 8, reference_bits=1e-308), ValueError, "reference_bits is 1e-308, allowed: a number"),
    (lambda: cost.front([1.0, 2.0], [1.0]), ValueError, r"costs\[0\] has 1 numbers, allowed: 2, as errors has"),
]


def with_moments(cross: Any, reference: Any) -> Any:
    return reconstruct.saes_svd(W, H, 4, cross_moment=cross, reference_moment=reference)


RECONSTRUCT: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # Errors of the output by what is no second moment would be NaN or negative.
    (lambda: reconstruct.zeroquant_v2(W, None, 4, statistics=H * NAN), ValueError, r"statistics\[0, 0\] is nan"),
    (
        lambda: reconstruct.zeroquant_v2(W, None, 4, statistics=-H),
        ValueError,
        "statistics is not positive semidefinite",
    ),
    (lambda: reconstruct.zeroquant_v2(W, None, 4, statistics=np.triu(H)), ValueError, "statistics is not symmetric"),
    (lambda: reconstruct.loftq(W, SCHEME, 4, statistics=-H), ValueError, "statistics is not positive"),
    (lambda: reconstruct.int21(W, None, 4, statistics=-H), ValueError, "statistics is not positive"),
    (lambda: reconstruct.qera_exact(W, None, -np.eye(16), 4), ValueError, "eigenvalue is -1, allowed: 0 or more"),
    (lambda: reconstruct.qera_exact(W, None, SEEN, 4, ridge=1e308), ValueError, r"ridge is 1e\+308, allowed: a number"),
    (lambda: reconstruct.qera_exact(W, None, SEEN, 4, minimal_norm="no"), TypeError, "minimal_norm is 'no', allowed"),
    (lambda: reconstruct.asvd(W, None, 2 * np.ones(16), 4, alpha=1e6), ValueError, r"alpha is 1e\+06, allowed: such"),
    (
        lambda: reconstruct.qera_approx(W, None, np.full(16, 1e200), 4),
        ValueError,
        r"allowed: numbers from 0 to 1e",
    ),
    (lambda: reconstruct.within_budget(W, 3, 4), TypeError, "schemes is 3, allowed: texts or Schemes"),
    (lambda: with_moments(H * NAN, H), ValueError, r"cross_moment\[0, 0\] is nan, allowed: finite numbers"),
    (lambda: with_moments(100 * H, H), ValueError, "cross_moment and reference_moment do not go with statistics"),
    (lambda: with_moments(H, -H), ValueError, "cross_moment and reference_moment do not go with statistics"),
    (lambda: with_moments(H, np.triu(H)), ValueError, "reference_moment is not symmetric"),
    (
        lambda: reconstruct.Covariance().add(1e200 * X),
        ValueError,
        r"x holds .* in size, allowed: magnitudes of",
    ),
]

# Its rounding errors have one sign, so an eigenvalue of -12.5 for their sum makes the loss negative.
LEANING = np.where(np.arange(16)[:, None] % 8 == 0, 1.0, 0.4) * np.ones(3)

METHODS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # Losses by what is no second moment would be negative.
    (lambda: methods.nearest(W, SCHEME, -H), ValueError, r"h\[\d+, \d+\] is .*, allowed: a second moment, 0 or more"),
    (
        lambda: methods.nearest(W, SCHEME, np.triu(H)),
        ValueError,
        r"h\[.*\] is .* and its mirror .*, allowed: a sym",
    ),
    (
        lambda: methods.nearest(LEANING, SCHEME, 1.9 * np.eye(16) - 0.9),
        ValueError,
        "h gives a loss of -",
    ),
    (lambda: methods.awq(W, SCHEME, h=-H, x_mean=np.ones(16)), ValueError, "allowed: a second moment, 0 or more"),
    (lambda: methods.nearest(1e300 * W, SCHEME), ValueError, "w and h give a loss of inf, allowed: losses within"),
    (lambda: methods.gptq(1e300 * W, H, SCHEME), ValueError, "w and h give a loss of .*, allowed: losses within"),
    (lambda: methods.awq(W, SCHEME, 1e200 * X), ValueError, r"x holds .* in size, allowed: magnitudes whose squares"),
    (lambda: methods.awq(W, SCHEME, X, clip_grid=0), ValueError, "clip_grid is 0, allowed: 1 to 10000"),
    (lambda: methods.awq(W, SCHEME, X, max_shrink=2), ValueError, "max_shrink is 2, allowed: a number from 0 to 1"),
    (lambda: methods.walsh_hadamard(np.full(4, 2**62)), ValueError, "x has sums of 4 integers beyond int64"),
    (lambda: methods.walsh_hadamard([1e308, 1e308]), ValueError, "x has sums of 2 numbers beyond float64"),
    (lambda: methods.walsh_hadamard([[1, 2], [3]]), ValueError, "x is a list with rows of different lengths"),
    (lambda: methods.rotation(1, kind="block"), ValueError, "size is 1, allowed with kind='block'"),
    (lambda: methods.rotation(16, kind="hadamard", block=4), ValueError, "block is 4, allowed with kind='hadamard'"),
    (lambda: methods.power_of_two_scales([1.7e308]), ValueError, r"scales holds 1.7e\+308, allowed: such that"),
    (lambda: methods.power_of_two_scales([1.0], group=0), ValueError, "group is 0, allowed: 1 to"),
    (lambda: methods.equalize_chain(3), TypeError, "weights is 3, allowed: a list of arrays"),
    (lambda: methods.equalize_chain([W, W.T], 3), TypeError, "biases is 3, allowed: a list of arrays"),
    (lambda: methods.equalize_chain([W, W]), ValueError, r"weights\[1\] has shape \(16, 24\), allowed: \(24, out\)"),
    (
        lambda: methods.equalize_chain([W, W.T], [None, np.ones(3)]),
        ValueError,
        r"biases\[1\] has shape \(3,\)",
    ),
    (
        lambda: methods.Observer(per="channel").observe(X).ranges().apply(3.0, "int4s"),
        ValueError,
        r"x has shape \(\), allowed: \(..., channels\)",
    ),
    (lambda: methods.Observer(percentile=0), ValueError, "percentile is 0, allowed: a number above 0, at most 100"),
    (lambda: methods.adaptive_step(1e300 * X), ValueError, r"x holds .* in size, allowed: a largest magnitude from"),
    (
        lambda: methods.disassemble(W, np.ones(16), 0.5, power_of_two=1),
        TypeError,
        "power_of_two is 1, allowed: True",
    ),
    (lambda: methods.assemble(3, X, 1), TypeError, "start is a int, allowed: a Reassembly"),
    (lambda: methods.reassemble(W, X, SCHEME, thresholds=[1.0, 0.0]), ValueError, r"thresholds\[1\] is 0.0, allowed"),
]


@pytest.mark.parametrize(("call", "kind", "text"), [*ERROR, *ALLOCATE, *COST, *RECONSTRUCT, *METHODS])
def test_a_wrong_argument_is_named(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_densities_have_the_shape_of_their_places() -> None:
    for made in (hu.error.normal(), hu.error.uniform(), hu.error.student_t(5)):
        for function in (made.pdf, made.cdf):
            assert function(0.0).shape == ()
            assert function(np.zeros((2, 3)).T).shape == (3, 2)
            assert np.isnan(function([NAN, 0.0])).tolist() == [True, False]
            assert function(np.array([1], dtype=ml_dtypes.bfloat16)) == function([1.0])
            assert function(np.array([1])) == function([1.0])


def test_sixteen_bit_floats_are_numbers_in_tables() -> None:
    narrow = np.array([1.0, 2.0], dtype=ml_dtypes.bfloat16)
    assert allocate.water_filling(narrow, 1).total == allocate.water_filling([1.0, 2.0], 1).total
    assert cost.front(narrow, [1.0, 2.0]).tolist() == [0]
    assert cost.bops(narrow, 1, 1).tolist() == [1.0, 2.0]
    assert assigned(sensitivities={"a": np.ones((16, 24), dtype=ml_dtypes.bfloat16)}).cost == assigned().cost


def test_widths_may_be_numpy_s() -> None:
    assert cost.mac("int8", "int8", 4, accumulator_bits=np.int64(24)).accumulator_bits == 24
    assert cost.speedup(np.float32(4), np.float32(8)) == cost.speedup(4, 8)
    assert all(type(x) is float for x in cost.speedup(np.float32(4), 8).values())


def test_incoherence_does_not_depend_on_the_unit() -> None:
    wanted = methods.incoherence(W)
    for factor in (2.0**900, 2.0**-900):  # whose squares leave float64
        assert methods.incoherence(W * factor) == wanted


def test_a_whole_walsh_hadamard_transform_twice_is_n_times() -> None:
    # As large as it may be: sums on the way back are no larger than those at the ends.
    x = np.full(8, (2**63 - 1) // 8, dtype=np.int64)
    assert np.array_equal(methods.walsh_hadamard(methods.walsh_hadamard(x)), 8 * x)


@pytest.mark.parametrize("scheme", ["int4/64:binary16@zero_point", "nf4_64", "nf4_64_dq256", "pm1_pmi/64:binary32"])
@pytest.mark.parametrize("sigma", [1e-60, 1e40])
def test_expected_errors_stay_within_the_range_of_scales(scheme: str, sigma: float) -> None:
    with pytest.raises(ValueError, match=r"sigma makes a root mean square of 1e[-+]\d+, allowed for .*: such that its"):
        hu.error.expected(scheme, sigma=sigma)
