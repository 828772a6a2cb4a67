"""Arms by name, and what a device must be able to do to run them."""

from __future__ import annotations

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.arms import DEFAULT_ARMS
from lmkd_core.records.arms import AgentArm
from lmkd_core.records.arms import agent_arm
from lmkd_core.records.arms import full_name
from lmkd_core.records.arms import missing
from lmkd_core.records.arms import needs_of_arm
from lmkd_core.records.arms import parse_arms
from lmkd_core.records.arms import with_arm
from lmkd_core.records.schema import Fact
from lmkd_core.scenarios.reclaim import SCENARIOS
from lmkd_core.scenarios.reclaim import arms_in


def test_arms_keep_the_order_in_which_they_are_named() -> None:
    assert parse_arms("reap-kill, kill") == ("reap-kill", "kill")


def test_the_default_compares_the_flag_with_what_lmkd_does_today() -> None:
    assert DEFAULT_ARMS == ("kill+mrelease@lmkd", "reap-kill", "kill")
    assert [full_name(arm) for arm in DEFAULT_ARMS] == [
        "lmkd today (kill+mrelease@lmkd)",
        "with REAP_KILL (reap-kill)",
        "SIGKILL only (kill)",
    ]


@pytest.mark.parametrize(
    ("arm", "sentence"),
    [
        ("reap-kill", "with REAP_KILL"),
        ("kill+mrelease@lmkd", "with lmkd today"),
        ("kill#2", "with SIGKILL only, again"),
        ("kill+mrelease@1ms", "with kill+mrelease@1ms"),
    ],
)
def test_an_arm_in_a_sentence(arm: str, sentence: str) -> None:
    assert with_arm(arm) == sentence


@pytest.mark.parametrize(
    ("asked", "measured"),
    [
        (DEFAULT_ARMS, [*DEFAULT_ARMS, "kill+mrelease"]),
        (("kill", "reap-kill-emulated"), ["kill", "reap-kill-emulated", "kill+mrelease"]),
        (("kill+mrelease", "reap-kill"), ["kill+mrelease", "reap-kill"]),
        (("kill",), ["kill"]),
    ],
)
def test_a_control_also_measures_the_two_calls_back_to_back(asked: list[str], measured: list[str]) -> None:
    control = SCENARIOS["open-proc-files"].stratum("reclaim", 64, 1)
    assert arms_in(control, asked) == measured
    held = SCENARIOS["held-by-vm-readv"].stratum("reclaim", 64, 1)
    assert arms_in(held, asked) == list(asked)


def test_an_unknown_arm_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UsageProblem, match=r"unknown arm 'shoot': the arms are kill, kill\+mrelease, "):
        parse_arms("kill,shoot")


@pytest.mark.parametrize("text", ["", ",", "kill,kill"])
def test_no_arm_or_one_twice_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="at least one arm, and none twice"):
        parse_arms(text)


@pytest.mark.parametrize(
    ("name", "agents"),
    [
        ("kill+mrelease", AgentArm("kill+mrelease")),
        ("kill+mrelease@lmkd", AgentArm("kill+mrelease@lmkd")),
        ("kill+mrelease@200us", AgentArm("kill+mrelease", 200)),
        ("kill+mrelease@1ms", AgentArm("kill+mrelease", 1000)),
    ],
)
def test_a_delay_is_part_of_the_arms_name(name: str, agents: AgentArm) -> None:
    assert parse_arms(name) == (name,)
    assert agent_arm(name) == agents


@pytest.mark.parametrize(
    "name", ["kill+mrelease@0us", "kill+mrelease@1s", "kill+mrelease@", "kill@1ms", "kill+mrelease@-1ms"]
)
def test_a_delay_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageProblem, match="unknown arm"):
        parse_arms(name)


def test_a_delay_beyond_a_second_is_refused() -> None:
    with pytest.raises(UsageProblem, match="longer than a second"):
        parse_arms("kill+mrelease@1001ms")


def test_an_arm_needs_what_the_agent_found_out_of_it() -> None:
    assert needs_of_arm("kill+mrelease@1ms") == ("arm:kill+mrelease",)


def test_what_is_missing_is_told_with_the_agents_reason() -> None:
    facts = {
        "reap_kill": Fact(value=False, source="x", reason="the kernel answers EINVAL"),
        "root": Fact(True, "x"),
    }
    assert missing(("root",), facts) == ""
    assert missing(("root", "reap_kill"), facts) == "reap_kill is missing: the kernel answers EINVAL"
    assert missing(("psi",), facts) == "the agent knows nothing of psi"
