"""lmkd's settings by property: a flag over the build over AOSP's default, whatever else getprop prints."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from stand_in_shell import StandInShell

from lmkd_core.records.schema import Fact
from pytest_lmkd.lmkd.settings import DEFAULTS
from pytest_lmkd.lmkd.settings import parse_properties
from pytest_lmkd.lmkd.settings import read_settings


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a stand-in `getprop` prints."""
    text = tmp_path / "properties"
    program = tmp_path / "getprop"
    program.write_text(f"#!/bin/sh\ncat {text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return text


def settings_of(listed: Path, text: str) -> dict[str, Fact]:
    listed.write_text(text)
    return read_settings(StandInShell())  # type: ignore[arg-type]  # a stand-in


def test_a_flag_comes_before_the_build_and_that_before_the_default(listed: Path) -> None:
    facts = settings_of(
        listed,
        "[persist.device_config.lmkd_native.kill_timeout_ms]: [50]\n"
        "[ro.lmk.kill_timeout_ms]: [200]\n"
        "[ro.lmk.kill_heaviest_task]: [true]\n"
        "[ro.lmk.psi_partial_stall_ms]: []\n",
    )
    assert facts["lmkd_kill_timeout_ms"] == Fact(50, "persist.device_config.lmkd_native.kill_timeout_ms")
    assert facts["lmkd_kill_heaviest_task"] == Fact(1, "ro.lmk.kill_heaviest_task")
    assert facts["lmkd_psi_partial_stall_ms"].source == "AOSP's default"
    assert facts["lmkd_psi_complete_stall_ms"] == Fact(700, "AOSP's default")
    assert facts.keys() == {f"lmkd_{name}" for name in DEFAULTS}


@pytest.mark.parametrize("value", ["ten", "1e3", "٣", "9" * 30, "<script>", "1 2"])
def test_a_value_that_is_not_a_number_is_reported_and_not_used(listed: Path, value: str) -> None:
    fact = settings_of(listed, f"[ro.lmk.kill_timeout_ms]: [{value}]\n")["lmkd_kill_timeout_ms"]
    assert fact.value is None
    assert fact.source == "ro.lmk.kill_timeout_ms"
    assert fact.reason == f"not a number: {value[:40]}"


def test_lines_that_are_no_property_are_left_out() -> None:
    text = "[a.b]: [1]\n[two]: [lines\nmore]\n]]: [[\n[" + "x" * 500 + "]: [1]\n\0\n[c]: []\n"
    assert parse_properties(text) == {"a.b": "1", "c": ""}
