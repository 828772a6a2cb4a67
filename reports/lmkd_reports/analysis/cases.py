"""The conformance cases of one device: judged answers, and counted ones."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.records.case import CaseRecord

ONLY_KILL = 0x100
"""The flags that stand for a SIGKILL without ``process_mrelease``."""

LONGEST_NUMBER = 15
"""Digits up to which a count is one: far more than the program can count to."""


@dataclass(frozen=True, slots=True)
class Conformance:
    """``failed`` and ``passed`` are the cases whose answer is known beforehand; ``counted`` the others.

    ``variants`` are those that the kernel was found to be: more than one only if it changed in between.
    """

    variants: tuple[str, ...]
    failed: tuple[CaseRecord, ...]
    passed: tuple[CaseRecord, ...]
    counted: tuple[CaseRecord, ...]

    @property
    def broken(self) -> tuple[CaseRecord, ...]:
        """The counted cases with an impossible result."""
        return tuple(case for case in self.counted if is_broken(case))


def conformance_of(cases: Sequence[CaseRecord]) -> Conformance | None:
    """The results case by case; None if no case was run.

    A resumed run may repeat a case. It is listed again only if its answer changed.
    """
    distinct = _distinct(cases)
    if not distinct:
        return None
    return Conformance(
        variants=tuple(dict.fromkeys(case.variant for case in distinct)),
        failed=tuple(case for case in distinct if not case.passed),
        passed=tuple(case for case in distinct if case.passed and case.expected),
        counted=tuple(case for case in distinct if case.passed and not case.expected),
    )


def _distinct(cases: Sequence[CaseRecord]) -> list[CaseRecord]:
    distinct = {
        (case.suite, case.case, case.flags, case.variant, case.answer, case.expected, case.passed): case
        for case in cases
    }
    names = list(dict.fromkeys(case.case for case in cases))
    return sorted(distinct.values(), key=lambda case: names.index(case.case))


def counts_of(answer: str) -> Mapping[str, int]:
    """The numbers in ``rounds=20 lost=4``; empty for an answer that is not made of such words alone."""
    words = [word.partition("=") for word in answer.split()]
    if not all(value.isdecimal() and len(value) <= LONGEST_NUMBER for _, _, value in words):
        return {}
    return {key: int(value) for key, _, value in words}


def is_broken(case: CaseRecord) -> bool:
    """Whether a counted case read a byte that no process wrote, or lost a wake-up to SIGKILL alone."""
    counts = counts_of(case.answer)
    return counts.get("wrong", 0) > 0 or (case.flags == ONLY_KILL and counts.get("lost", 0) > 0)


def is_damage(case: CaseRecord) -> bool:
    """Whether a counted case lost a wake-up or a byte, by whichever way of killing."""
    counts = counts_of(case.answer)
    return counts.get("wrong", 0) > 0 or counts.get("lost", 0) > 0
