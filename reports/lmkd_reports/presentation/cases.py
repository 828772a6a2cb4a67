"""Conformance cases in words, for the page and for the text."""

from __future__ import annotations

from lmkd_core.records.case import CaseRecord
from lmkd_reports.analysis.cases import ONLY_KILL
from lmkd_reports.analysis.cases import Conformance
from lmkd_reports.analysis.cases import counts_of
from lmkd_reports.format import units

WAYS = {ONLY_KILL: "kill", 0: "kill+mrelease", 1: "reap-kill"}
"""By flags: the way of killing in cases about the effects of a kill on others."""

MEANINGS = {
    "race": "what came of the race between the target's exit and the call",
    "robust-futex": "rounds in which a waiter was not told that the owner of a robust mutex had died",
    "pattern-to-pipe": "what the target had been writing to a pipe; empty: rounds without a byte",
    "pattern-to-file": "what the target had been writing to a file; empty: rounds without a byte",
}


def way(case: CaseRecord) -> str:
    """The action on the target: a way of killing, or a call with these flags."""
    if case.suite == "integrity" and case.flags in WAYS:
        return WAYS[case.flags]
    if case.suite == "shared-mm":
        return "the kernel's OOM killer"
    return f"flags {case.flags if case.flags < 10 else hex(case.flags)}"


def counted(answer: str) -> str:
    """``4 of 20 lost`` for ``rounds=20 lost=4``; an answer of another kind as it is."""
    counts = counts_of(answer)
    rounds = counts.get("rounds")
    if rounds is None:
        return answer
    return ", ".join(_count(key, number, rounds) for key, number in counts.items() if key != "rounds")


def _count(key: str, number: int, rounds: int) -> str:
    return units.count(number, "wrong byte") if key == "wrong" else f"{number} of {rounds} {key}"


def meaning(case: CaseRecord) -> str:
    """The meaning of the count; empty for a case unknown to this version."""
    return MEANINGS.get(case.case, "")


def legend(case: CaseRecord) -> str:
    """A line with the meaning of the count; empty for a case unknown to this version."""
    return f"{case.case}: {meaning(case)}." if meaning(case) else ""


def headline(conformance: Conformance) -> str:
    """For example ``variant stock: all 37 answers are right``."""
    variant = " and ".join(conformance.variants)
    judged = len(conformance.failed) + len(conformance.passed)
    parts = []
    if judged:
        parts.append(_verdict(len(conformance.failed), judged))
    if conformance.broken:
        parts.append(f"an impossible result was counted in {units.count(len(conformance.broken), 'case')}")
    return f"variant {variant}: {', '.join(parts) or 'counted only'}"


def _verdict(failed: int, judged: int) -> str:
    if judged == 1:
        return "the answer is wrong" if failed else "the answer is right"
    if not failed:
        return f"all {judged} answers are right"
    return f"{failed} of {judged} answers {'is' if failed == 1 else 'are'} wrong"
