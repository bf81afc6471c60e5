"""From weights and schemes to tables of costs and sizes, and from these to a scheme for every layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp import _core
from halfulp._arrays import carried
from halfulp._quantize import fake_quantize
from halfulp._runs import integer
from halfulp._scheme import Scheme, expand_schemes
from halfulp.allocate._problem import array_of, groups_of, mapping_of, number
from halfulp.allocate.choosing import Allocation, choose
from halfulp.allocate.fronts import Front, front
from halfulp.sweeping.measures import MODEL, stored_bits, stored_planes

if TYPE_CHECKING:
    import pandas

NamedTies = Iterable[Sequence[str]] | None


@dataclass(frozen=True, eq=False)
class Table:
    """For each layer what every choice costs and how many bits it takes. `choose` and `front` take layers by name."""

    names: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    """The schemes of each layer, as text."""
    costs: tuple[np.ndarray, ...]
    """Squared error of each, times sensitivity."""
    sizes: tuple[np.ndarray, ...]
    """Bits of each, scales counted."""
    elements: tuple[int, ...]

    @property
    def total_elements(self) -> int:
        return sum(self.elements)

    def choose(
        self,
        bits_per_element: float,
        *,
        ties: NamedTies = None,
        fixed: Mapping[str, str] | None = None,
        limit: int = _core.knapsack_limit,
    ) -> Assignment:
        """The choice of least total cost with at most so many bits per element on average. ties: groups of names that
        choose alike; fixed: name -> scheme."""
        budget = number("bits_per_element", bits_per_element) * self.total_elements
        try:
            found = choose(self.costs, self.sizes, budget, ties=self._ties(ties), fixed=self._fixed(fixed), limit=limit)
        except ValueError as error:
            least = self._least(self._ties(ties), self._fixed(fixed))
            if least is None or budget >= least:
                raise
            raise ValueError(
                f"bits_per_element is {bits_per_element}, allowed: at least {least / self.total_elements}"
            ) from error
        return Assignment(self.named(found.choices), found.size / self.total_elements, found.cost, found, self)

    def front(
        self,
        *,
        ties: NamedTies = None,
        fixed: Mapping[str, str] | None = None,
        supported: bool = False,
        limit: int = _core.front_limit,
    ) -> Front:
        """The front of total bits and total cost; ``named`` turns its choices into schemes."""
        tied, kept = self._ties(ties), self._fixed(fixed)
        return front(self.costs, self.sizes, ties=tied, fixed=kept, supported=supported, limit=limit)

    def named(self, choices: Any) -> dict[str, str]:
        """Choices by place as a mapping from layer to scheme."""
        if len(choices) != len(self.names):
            raise ValueError(f"choices has {len(choices)} layers, allowed: {len(self.names)}")
        return {
            name: texts[integer(f"choices[{i}]", c, 0, len(texts) - 1)]
            for i, (name, texts, c) in enumerate(zip(self.names, self.choices, choices, strict=True))
        }

    def _least(self, ties: list[list[int]], fixed: dict[int, int]) -> float | None:
        try:
            return choose(self.sizes, self.sizes, np.inf, ties=ties, fixed=fixed).size
        except ValueError:
            return None

    def _place(self, argument: str, name: Any) -> int:
        if name not in self.names:
            raise ValueError(
                f"{argument} names {name!r}, allowed: {', '.join(self.names[:8])}{' ...'[: 4 * (len(self.names) > 8)]}"
            )
        return self.names.index(name)

    def _ties(self, ties: NamedTies) -> list[list[int]]:
        return [[self._place("ties", name) for name in tie] for tie in groups_of(ties)]

    def _fixed(self, fixed: Mapping[str, str] | None) -> dict[int, int]:
        out = {}
        for name, text in mapping_of("fixed", fixed, "layers to schemes").items():
            place = self._place("fixed", name)
            wanted = str(text)
            if wanted not in self.choices[place]:
                raise ValueError(f"fixed[{name!r}] is {wanted!r}, allowed: {', '.join(self.choices[place])}")
            out[place] = self.choices[place].index(wanted)
        return out


@dataclass(frozen=True, eq=False)
class Assignment:
    """A scheme for every layer."""

    schemes: dict[str, str]
    bits_per_element: float
    """Bits of all layers, scales counted, over all elements: at most what was asked for."""
    cost: float
    """Sum of squared errors, times sensitivities."""
    allocation: Allocation
    """With the certificate: budget, bounds, and whether the choice is proved to be best."""
    table: Table


def table(
    weights: Any,
    schemes: Any,
    sensitivities: Mapping[str, Any] | None = None,
    *,
    axis: int | None = None,
    **options: Any,
) -> Table:
    """What every scheme costs every layer, by quantizing it: Σ h (w − ŵ)² and the stored bits.

    weights: name -> array of floats. schemes: a text with braces, or a list, as of ``hu.sweep``. sensitivities: name ->
    h, one number for the layer (HAWQ's average trace), or an array of its shape (a Fisher information or a diagonal of
    a Hessian); 1 for layers that are not named. axis and further options (channel_axis, rounding, rng …) go to
    ``hu.fake_quantize``. Sizes count every scale of this very array, those of shorter last groups too. Returns a Table.
    """
    if not isinstance(weights, Mapping):
        raise TypeError(f"weights is a {type(weights).__name__}, allowed: a mapping from names to arrays")
    if not weights:
        raise ValueError("weights is empty, allowed: one array or more")
    chosen = [s for s in expand_schemes(schemes) if _is_real(s)]
    given = mapping_of("sensitivities", sensitivities, "names of weights to numbers or arrays")
    unknown = set(given) - set(weights)
    if unknown:
        raise ValueError(f"sensitivities names {sorted(unknown)}, allowed: names of weights")
    texts = tuple(str(s) for s in chosen)
    costs, sizes, elements = [], [], []
    for name, weight in weights.items():
        x = carried(f"weights[{name!r}]", weight)
        if x.data.size == 0 or not x.shape:
            raise ValueError(
                f"weights[{name!r}] has shape {x.shape}, allowed: one axis or more, and an element or more"
            )
        exact = x.widened.astype(np.float64)
        if not np.isfinite(exact).all():
            raise ValueError(f"weights[{name!r}] holds NaN or infinity, allowed: finite numbers")
        h = _sensitivity(name, given.get(name, 1.0), x.shape)
        errors = []
        for s in chosen:
            left = carried("values", fake_quantize(weight, s, axis=axis, **options)).widened
            with np.errstate(over="ignore"):
                errors.append(float(np.sum(h * np.square(exact - left))))
            if not np.isfinite(errors[-1]):
                raise ValueError(
                    f"weights[{name!r}] has squared errors beyond float64 under {s}, allowed: smaller numbers"
                )
        costs.append(np.array(errors))
        channel_axis = options.get("channel_axis") or 0
        planes = [stored_planes(s, x.shape, -1 if axis is None else axis, channel_axis) for s in chosen]
        sizes.append(np.array([float(stored_bits(p)) for p in planes]))
        elements.append(x.data.size)
    names = tuple(str(name) for name in weights)
    return Table(names, (texts,) * len(names), tuple(costs), tuple(sizes), tuple(elements))


def _is_real(scheme: Any) -> bool:
    if not isinstance(scheme, Scheme):
        raise TypeError(f"scheme is {str(scheme)!r}, allowed here: schemes of real numbers")
    return True


def _sensitivity(name: str, h: Any, shape: tuple[int, ...]) -> Any:
    label = f"sensitivities[{name!r}]"
    array = array_of(label, h)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{label} has dtype {array.dtype}, allowed: a number, or real numbers of the shape {shape}")
    array = array.astype(np.float64)
    if array.shape not in ((), shape):
        raise ValueError(f"{label} has shape {array.shape}, allowed: a number, or the shape {shape}")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError(f"{label} holds {array.min()}, allowed: finite numbers, 0 or more")
    return array


def sweep_table(
    results: pandas.DataFrame, *, cost: str = "squared_error", sensitivities: Mapping[str, float] | None = None
) -> Table:
    """What a sweep's table (``hu.sweep``) says of every matrix and scheme, ready to choose from.

    cost: the column to be least in sum; less is better. sensitivities: matrix -> what its costs are multiplied by, 1
    for those not named. Where the sweep had several roundings, a choice is "scheme rounding". Raises ValueError for a
    column that is not there, for pairs that failed, and for a pair that stands there twice.
    """
    if not hasattr(results, "columns"):
        raise TypeError(f"results is a {type(results).__name__}, allowed: a table that hu.sweep gave")
    weighing = mapping_of("sensitivities", sensitivities, "matrices to numbers")
    for column in ("matrix", "scheme", "rounding", "elements", "bits_per_element", cost):
        if column not in results.columns:
            raise ValueError(f"the table has no column {column!r}, allowed: a table that hu.sweep gave")
    rows = results[results["matrix"] != MODEL]
    several = rows["rounding"].nunique() > 1
    found: dict[str, dict[str, tuple[float, float]]] = {}
    elements: dict[str, int] = {}
    columns = ("matrix", "scheme", "rounding", "elements", "bits_per_element", cost)
    for matrix, scheme, rounding, count, bits, value in zip(*(rows[c] for c in columns), strict=True):
        label = f"{scheme} {rounding}" if several else str(scheme)
        of = found.setdefault(str(matrix), {})
        if label in of:
            raise ValueError(f"the table has {label!r} of {matrix!r} twice, allowed: each pair once")
        if not np.isfinite(value):
            raise ValueError(f"{cost} of {label!r} of {matrix!r} is {value}, allowed: finite numbers")
        h = weighing.get(str(matrix), 1.0)
        of[label] = (_sensitivity(str(matrix), h, ()) * float(value), float(round(bits * count)))
        elements[str(matrix)] = int(count)
    if not found:
        raise ValueError("the table has no rows of matrices, allowed: one or more")
    return Table(
        tuple(found),
        tuple(tuple(of) for of in found.values()),
        tuple(np.array([float(c) for c, _ in of.values()]) for of in found.values()),
        tuple(np.array([s for _, s in of.values()]) for of in found.values()),
        tuple(elements.values()),
    )


def assign(
    weights: Any,
    schemes: Any,
    bits_per_element: float,
    *,
    sensitivities: Mapping[str, Any] | None = None,
    ties: NamedTies = None,
    fixed: Mapping[str, str] | None = None,
    axis: int | None = None,
    **options: Any,
) -> Assignment:
    """From weights to a scheme for every layer: the least sum of squared errors (times sensitivities) with at most so
    many bits per element on average, scales counted. The arguments are those of ``table`` and ``Table.choose``."""
    of = table(weights, schemes, sensitivities, axis=axis, **options)
    return of.choose(bits_per_element, ties=ties, fixed=fixed)
