"""The arms as the host knows them: their names, and what a device must be able to do to run one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_lmkd.errors import UsageProblem
from pytest_lmkd.wire import Fact


@dataclass(frozen=True, slots=True)
class Arm:
    """``needs`` are facts of the agent's probe that must be true."""

    name: str
    meaning: str
    needs: tuple[str, ...] = ()


ARMS = {
    arm.name: arm
    for arm in (
        Arm("kill", "SIGKILL only"),
        Arm("kill+mrelease", "SIGKILL, then process_mrelease(pidfd, 0)", ("process_mrelease",)),
        Arm("reap-kill", "process_mrelease(pidfd, PROCESS_MRELEASE_REAP_KILL)", ("reap_kill",)),
    )
}

DEFAULT_ARMS = ("kill", "kill+mrelease", "reap-kill")

STALL_NEEDS: dict[str, tuple[str, ...]] = {"none": (), "holder": ("userfaultfd",)}
"""What a device needs for each stall that the agent knows."""

MEASURING_NEEDS = ("root", "memcg")
"""What every trial needs: a memory cgroup for the victim, made by root."""


def parse_arms(text: str) -> tuple[str, ...]:
    """The arms of ``--lmkd-arms A,B``: known, at least one, none twice.

    Raises:
        UsageProblem: with the names that exist.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in ARMS]
    if unknown:
        raise UsageProblem(f"unknown arm {unknown[0]!r}: the arms are {', '.join(ARMS)}")
    if not names or len(set(names)) != len(names):
        raise UsageProblem(f"--lmkd-arms {text!r} must name at least one arm, and none twice")
    return names


def missing(needs: tuple[str, ...], facts: Mapping[str, Fact]) -> str:
    """Why ``needs`` are not met, in one sentence; empty when they are."""
    for name in needs:
        fact = facts.get(name)
        if fact is None:
            return f"the agent knows nothing of {name}"
        if not fact.value:
            return f"{name} is missing: {fact.reason}"
    return ""
