"""Several tests at once: which of their results can be trusted together."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p-value adjusted, in their order; those of at most 0.05 are a family that errs in 5 % at most.

    S. Holm, Scandinavian Journal of Statistics 6, 1979, 65-70: the smallest p times the number of tests, the
    next times one less, and so on, none smaller than the one before it. Holds for any dependence.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted
