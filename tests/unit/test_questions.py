"""Facts from a device's shell, here this machine's: any output gives a value or a reason."""

from __future__ import annotations

import pytest
from stand_in_shell import StandInShell

from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.questions import VALUE_MAX_BYTES
from pytest_lmkd.devices.questions import Number
from pytest_lmkd.devices.questions import Question
from pytest_lmkd.devices.questions import YesOrNo
from pytest_lmkd.devices.questions import ask
from pytest_lmkd.devices.shell_facts import LINUX
from pytest_lmkd.devices.shell_facts import read_shell_facts


def answer_of(question: Question) -> Fact:
    return ask(StandInShell(), [question])["fact"]  # type: ignore[arg-type]  # a stand-in


@pytest.mark.parametrize(
    ("question", "value", "reason"),
    [
        (Question("fact", "echo a; echo b", "here"), "a b", ""),
        (Question("fact", "true", "here", "nothing there"), None, "nothing there"),
        (Question("fact", "cat /nonexistent", "here"), None, "cat: /nonexistent: No such file or directory"),
        (Question("fact", "no-such-command", "here"), None, "not found"),
        (Question("fact", "printf '%s' \"a'b\"", "here"), "a'b", ""),
        (Question("fact", "printf 'x\\037y\\036fact\\037z'", "here"), "xyfactz", ""),
        (Question("fact", "head -c 5000 /dev/zero | tr '\\0' x", "here"), "x" * VALUE_MAX_BYTES, ""),
        (Number("fact", "echo 42", "here"), 42, ""),
        (Number("fact", "echo -5", "here"), -5, ""),
        (Number("fact", "echo 4 2", "here"), None, "unexpected answer: 4 2"),
        (Number("fact", "echo ٤", "here"), None, "unexpected answer: ٤"),
        (YesOrNo("fact", "echo 0", "here"), False, ""),
        (YesOrNo("fact", "echo 2", "here"), True, ""),
    ],
)
def test_an_answer_is_a_value_or_a_reason(question: Question, value: object, reason: str) -> None:
    fact = answer_of(question)
    assert fact.value == value
    assert fact.source == "here"
    assert reason in fact.reason
    assert bool(fact.reason) == (value is None)


def test_a_machine_without_android_is_asked_for_what_linux_has() -> None:
    facts = read_shell_facts(StandInShell())  # type: ignore[arg-type]  # a stand-in
    assert set(facts) == {question.name for question in LINUX} | {"android", "arm:lmkd"}
    assert facts["android"].reason == "this is not Android"
    assert facts["uptime_s"].value
    assert all(fact.source for fact in facts.values())
