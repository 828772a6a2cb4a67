"""A variant of process_mrelease(2): what a kernel of it must answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_lmkd.conformance.answers import ANSWERS
from pytest_lmkd.conformance.answers import RACES
from pytest_lmkd.conformance.answers import allowed_answers

QUESTIONS = (*ANSWERS, *RACES)
"""All cases with their flags."""


@dataclass(frozen=True, slots=True)
class Variant:
    """``answers``: by case and flags, those that root may get; a case without any is not asked."""

    name: str
    answers: Mapping[tuple[str, int], tuple[str, ...]]


def known_variant(name: str) -> Variant:
    """The variant of our table with that name."""
    return Variant(name, {(case, flags): allowed_answers(case, flags, name) for case, flags in QUESTIONS})
