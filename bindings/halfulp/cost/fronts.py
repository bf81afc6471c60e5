"""Points that no other beats in error and in any number of costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp.allocate._problem import vector


def front(errors: Any, *costs: Any) -> np.ndarray:
    """Indices of the points that no other point beats: at most as much in the error and in every cost, and less in one.

    errors, costs: one axis each, equally long; less is better. Of points equal in everything the first counts; NaN is
    never on the front. Returns places, ascending by the first cost, then by error. O(n²) for two costs and more, O(n
    log n) for one.
    """
    error = vector("errors", errors)
    if not costs:
        raise TypeError("front() takes the errors and one array of costs or more")
    columns = [vector(f"costs[{i}]", cost, len(error), "as errors has") for i, cost in enumerate(costs)] + [error]
    points = np.stack(columns, axis=1) if len(error) else np.empty((0, len(columns)))
    order = np.lexsort(tuple(reversed(columns)))  # stable: by the first cost, then the others, then the error
    order = order[~np.isnan(points[order]).any(axis=1)]
    kept: list[int] = []
    least = np.inf
    for place in order:
        # What comes before in this order can beat a point, what comes after cannot.
        if len(columns) == 2:
            beaten = bool(kept) and points[place, 1] >= least
        else:
            beaten = bool(kept) and bool((points[kept] <= points[place]).all(axis=1).any())
        if not beaten:
            kept.append(int(place))
            least = points[place, -1]
    return np.array(kept, dtype=np.intp)
