"""For other projects' tests: is every bit of what a device, kernel or library produced right, and if not, why not?

:func:`assert_bitexact` is for conversions, :func:`assert_arithmetic` for arithmetic. The rest are strategies of
hypothesis (``pip install hypothesis``): numbers, codes and formats near the places where conversions go wrong.
``halfulp.testing.plugin`` is a plugin of pytest, which finds it by itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halfulp.testing.asserting import assert_arithmetic, assert_bitexact
    from halfulp.testing.strategies import arrays, between, codes, formats, projections, values

__all__ = [
    "arrays",
    "assert_arithmetic",
    "assert_bitexact",
    "between",
    "codes",
    "formats",
    "projections",
    "values",
]

if not TYPE_CHECKING:  # nothing is loaded before it is asked for: hypothesis is not in the base install
    _ASSERTIONS = ("assert_arithmetic", "assert_bitexact")

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module 'halfulp.testing' has no attribute {name!r}")
        home = import_module(f"halfulp.testing.{'asserting' if name in _ASSERTIONS else 'strategies'}")
        found = globals()[name] = getattr(home, name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
