"""Names beside points, where they cover nothing."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from halfulp.plots._figure import literal


class Lettering(NamedTuple):
    """size: in points. distances: from the point to the name, in points, to try in turn; directions: the same."""

    size: float
    weight: str
    distances: tuple[float, ...]
    directions: tuple[tuple[float, float], ...]


_NEAR = 12  # points; a name further away gets a line to its point
# How much of a name's extent lies before its anchor, for a direction to the left or down, none, to the right or up.
_BEFORE = {-1: -1.0, 0: -0.5, 1: 0.0}


class Placer:
    """Puts names beside points where they cover no point, no step of the front, not the legend and no other name. In
    pixels: the layout has to be final."""

    def __init__(self, figure: Any, axes: Any, data: np.ndarray) -> None:
        self._axes = axes
        self._data = data
        self._renderer = figure.canvas.get_renderer()
        self._pixel = figure.dpi / 72  # a point (1/72 inch) in pixels
        self._points: np.ndarray = axes.transData.transform(data)
        half = 3.2 * self._pixel  # of a marker
        # Names keep off both lists, a line from a point to its name off the first: it may cross front and bound.
        self._taken = [(x - half, y - half, x + half, y + half) for x, y in self._points]
        self._taken.append(tuple(axes.get_legend().get_window_extent(self._renderer).extents))
        self._lines: list[tuple[float, float, float, float]] = []
        self._inside = tuple(axes.get_window_extent(self._renderer).extents)

    def avoid_steps(self, front: list[int]) -> None:
        """Keeps the lines free that join these points, each at its own height up to the next."""
        for (x0, y0), (x1, y1) in itertools.pairwise(self._points[front]):
            self._lines += [
                (min(x0, x1), y0 - 1, max(x0, x1), y0 + 1),
                (x1 - 1, min(y0, y1), x1 + 1, max(y0, y1)),
            ]

    def avoid_line(self, ends: np.ndarray) -> None:
        """Keeps a straight line free, and what is written along it: a chain of small boxes from end to end, in data."""
        if not len(ends):
            return
        start, end = self._axes.transData.transform(ends)
        half = 4 * self._pixel
        for x, y in np.linspace(start, end, 2 + int(np.hypot(*(end - start)) / half)):
            self._lines.append((x - half, y - half, x + half, y + half))

    def place(self, index: int, name: str, how: Lettering, colour: str) -> bool:
        """Tries places further and further out. A name that finds none is not written (False): the table has it."""
        text = self._axes.annotate(
            literal(name),
            self._data[index],
            textcoords="offset points",
            xytext=(0, 0),
            annotation_clip=False,
            fontsize=how.size,
            fontweight=how.weight,
            color=colour,
            zorder=6,
        )
        extent = text.get_window_extent(self._renderer)
        x, y = self._points[index]
        for distance in how.distances:
            for dx, dy in how.directions:
                left = x + dx * distance * self._pixel + _BEFORE[int(np.sign(dx))] * extent.width
                low = y + dy * distance * self._pixel + _BEFORE[int(np.sign(dy))] * extent.height
                room = (left, low, left + extent.width, low + extent.height)
                end = np.array([x + dx * distance * self._pixel, y + dy * distance * self._pixel])
                steps = self._steps_to(index, end) if distance > _NEAR else []
                if self._is_free(room) and not any(self._is_covered(step) for step in steps):
                    text.set_position(((left - x) / self._pixel, (low - y) / self._pixel))
                    self._taken.append(room)
                    if steps:
                        self._taken += [(*(step - 1), *(step + 1)) for step in steps]
                        self._lead(index, end, colour)
                    return True
        text.remove()
        return False

    def _steps_to(self, index: int, end: np.ndarray) -> list[np.ndarray]:
        """Places on the line from a point to its name, but for those at the point itself, where others may lie."""
        start = self._points[index]
        length = float(np.hypot(*(end - start)))
        beside = _NEAR / 2 * self._pixel
        return [start + (end - start) * (at / length) for at in np.arange(beside, length, self._pixel)]

    def _is_covered(self, place: np.ndarray) -> bool:
        x, y = place
        return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in self._taken)

    def _lead(self, index: int, to: np.ndarray, colour: str) -> None:
        """A thin line from a point to its name."""
        ends = np.stack([self._data[index], self._axes.transData.inverted().transform(to)])
        self._axes.plot(*ends.T, color=colour, linewidth=0.6, zorder=2.2, scalex=False, scaley=False, label="_lead")

    def _is_free(self, room: tuple[float, float, float, float]) -> bool:
        left, low, right, high = room
        inside = self._inside
        if left < inside[0] or low < inside[1] or right > inside[2] or high > inside[3]:
            return False
        boxes = itertools.chain(self._taken, self._lines)
        return all(right <= x0 or left >= x1 or high <= y0 or low >= y1 for x0, y0, x1, y1 in boxes)
