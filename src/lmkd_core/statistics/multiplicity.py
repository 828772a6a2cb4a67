"""Correction of p-values for the number of tests."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns the adjusted p-values in the given order.

    Rejecting those of at most 0.05 errs, in any of them, with a probability of at most 5 %. S. Holm,
    Scandinavian Journal of Statistics 6, 1979, 65-70: the smallest p is multiplied by the number of tests,
    the next by one less, and so on; none may be smaller than the one before. Valid for any dependence.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
