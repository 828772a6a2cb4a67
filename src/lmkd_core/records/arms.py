"""The arms as the host knows them: their names, and the facts a device needs to run one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.schema import Fact

DELAYED = re.compile(r"(?P<arm>kill\+mrelease)@(?P<delay>[1-9]\d{0,6})(?P<unit>us|ms)")
"""``kill+mrelease@200us``: process_mrelease that long after the kill."""

AGAIN = re.compile(r"(?P<arm>.+)#[2-9]")
"""``kill#2``: the arm ``kill`` once more, to be compared with itself (an A/A run)."""

MAX_DELAY_US = 1_000_000

ARM_NAME = re.compile(r"[a-z0-9][a-z0-9+-]*")
"""Names with @ and # have meanings of their own."""

ARMS = {
    "kill": "SIGKILL only",
    "kill+mrelease": "SIGKILL, then process_mrelease(pidfd, 0); @200us or @1ms: that much later",
    "kill+mrelease@lmkd": "SIGKILL, lmkd's other work, process_mrelease(pidfd, 0)",
    "reap-kill": "process_mrelease(pidfd, PROCESS_MRELEASE_REAP_KILL)",
    "reap-kill-emulated": "the flag's effect, on kernels without it",
    "lmkd": "the device's own lmkd, which suites/apps observes",
}
"""Name to meaning. The agent's probe reports whether a device can run one."""

TODAY = "kill+mrelease@lmkd"
"""What lmkd has done since Android 13 QPR1: the kill, its other work, and then process_mrelease."""

FLAG = "reap-kill"

BACK_TO_BACK = "kill+mrelease"
"""The two calls without a pause, as in early Android 13. In controls no other arm can gain over it."""

DEFAULT_ARMS = (TODAY, FLAG, "kill")
"""The baseline, the flag, and what both are needed for."""

PLAIN_NAMES = {
    TODAY: "lmkd today",
    FLAG: "with REAP_KILL",
    "kill": "SIGKILL only",
    BACK_TO_BACK: "lmkd of early Android 13",
    "reap-kill-emulated": "REAP_KILL emulated",
    "lmkd": "the device's lmkd",
}
"""What readers call an arm."""


@dataclass(frozen=True, slots=True)
class AgentArm:
    """An arm in the agent's language."""

    name: str
    delay_us: int = 0


def add_arm(name: str, meaning: str) -> None:
    """Adds an arm of a team's own agent.

    Raises:
        UsageProblem: another one has its name, or the name is none.
    """
    if not (isinstance(name, str) and isinstance(meaning, str) and ARM_NAME.fullmatch(name)):
        raise UsageProblem(
            f"{name!r}: {meaning!r} is no arm: give a name of a-z, 0-9, + and -, and a meaning"
        )
    if ARMS.setdefault(name, meaning) != meaning:
        raise UsageProblem(f"there is an arm named {name!r} already: choose another name")


def once(name: str) -> str:
    """The arm's name without the number of a repeated arm, as in ``kill#2``."""
    repeated = AGAIN.fullmatch(name)
    return repeated["arm"] if repeated else name


def plain_name(name: str) -> str:
    """What readers call the arm, for example ``lmkd today``; its own name if there is no other."""
    plain = PLAIN_NAMES.get(once(name), once(name))
    return plain if name == once(name) else f"{plain}, again"


def full_name(name: str) -> str:
    """``lmkd today (kill+mrelease@lmkd)``, or the arm's own name alone."""
    plain = plain_name(name)
    return plain if plain == name else f"{plain} ({name})"


def meaning_of(name: str) -> str:
    """What the arm does; empty where its plain name says it, or for an unknown arm."""
    does = ARMS.get(once(name), "")
    return "" if does == plain_name(name) else does


def with_arm(name: str) -> str:
    """``with lmkd today``, ``with REAP_KILL``: the arm in a sentence."""
    plain = plain_name(name)
    return plain if plain.startswith("with ") else f"with {plain}"


def kills_then_reaps(name: str) -> bool:
    """Whether the arm kills and calls process_mrelease afterwards, so that it may come too late."""
    return name.startswith(BACK_TO_BACK)


def kills_by_flag(name: str) -> bool:
    """Whether the arm kills by the flag, or by its emulation."""
    return name.startswith(FLAG)


def agent_arm(name: str) -> AgentArm:
    """The arm ``name`` in the agent's language."""
    name = once(name)
    delayed = DELAYED.fullmatch(name)
    if delayed is None:
        return AgentArm(name)
    return AgentArm(delayed["arm"], int(delayed["delay"]) * (1000 if delayed["unit"] == "ms" else 1))


def parse_arms(text: str, option: str = "--lmkd-arms") -> tuple[str, ...]:
    """The arms of ``--lmkd-arms A,B``, or of another ``option``: known, at least one, none twice.

    Raises:
        UsageProblem: with the names that exist.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if agent_arm(name).name not in ARMS]
    if unknown:
        raise UsageProblem(f"unknown arm {unknown[0]!r}: the arms are {', '.join(ARMS)}")
    if any(agent_arm(name).delay_us > MAX_DELAY_US for name in names):
        raise UsageProblem(f"{option} {text!r}: no delay may be longer than a second")
    if not names or len(set(names)) != len(names):
        raise UsageProblem(f"{option} {text!r} must name at least one arm, and none twice")
    return names


def needs_of_arm(name: str) -> tuple[str, ...]:
    """The facts that must be true for a device to run the arm."""
    return (f"arm:{agent_arm(name).name}",)


def missing(needs: tuple[str, ...], facts: Mapping[str, Fact]) -> str:
    """Why ``needs`` are not met, in one sentence; empty when they are."""
    for name in needs:
        fact = facts.get(name)
        if fact is None:
            return f"the agent knows nothing of {name}"
        if not fact.value:
            return f"{name.replace(':', ' ')} is missing: {fact.reason}"
    return ""
