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


def holm_of_testable(p_values: Sequence[float], least: Sequence[float], level: float) -> list[float]:
    """Returns p-values adjusted by ``holm``, not counting tests that cannot reach significance; theirs are 1.

    ``least`` is the smallest p that each test could give with its number of blocks. R. E. Tarone, Biometrics
    46, 1990, 515-522: such tests never reject, so they cost the others nothing.
    """
    count = next(
        count
        for count in range(1, len(p_values) + 2)
        if sum(smallest <= level / count for smallest in least) <= count
    )
    testable = [index for index, smallest in enumerate(least) if smallest <= level / count]
    adjusted = [1.0] * len(p_values)
    for index, p in zip(testable, holm([p_values[index] for index in testable]), strict=True):
        adjusted[index] = p
    return adjusted
