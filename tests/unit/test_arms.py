"""Arms by name, and what a device must be able to do to run them."""

from __future__ import annotations

import pytest

from pytest_lmkd.arms import missing
from pytest_lmkd.arms import parse_arms
from pytest_lmkd.errors import UsageProblem
from pytest_lmkd.wire import Fact


def test_arms_keep_the_order_in_which_they_are_named() -> None:
    assert parse_arms("reap-kill, kill") == ("reap-kill", "kill")


def test_an_unknown_arm_is_answered_with_those_that_exist() -> None:
    with pytest.raises(
        UsageProblem, match=r"unknown arm 'shoot': the arms are kill, kill\+mrelease, reap-kill"
    ):
        parse_arms("kill,shoot")


@pytest.mark.parametrize("text", ["", ",", "kill,kill"])
def test_no_arm_or_one_twice_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="at least one arm, and none twice"):
        parse_arms(text)


def test_what_is_missing_is_told_with_the_agents_reason() -> None:
    facts = {
        "reap_kill": Fact(value=False, source="x", reason="the kernel answers EINVAL"),
        "root": Fact(True, "x"),
    }
    assert missing(("root",), facts) == ""
    assert missing(("root", "reap_kill"), facts) == "reap_kill is missing: the kernel answers EINVAL"
    assert missing(("psi",), facts) == "the agent knows nothing of psi"
