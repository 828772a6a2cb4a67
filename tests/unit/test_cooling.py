"""Waiting for a device to cool, by Android's thermal status, from a stand-in `dumpsys`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from stand_in_shell import StandInShell

from pytest_lmkd.devices.cooling import await_cool


@pytest.fixture
def thermal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of thermal statuses, one per line: each query removes the first, except for the last one."""
    statuses = tmp_path / "statuses"
    dumpsys = tmp_path / "dumpsys"
    dumpsys.write_text(
        f"#!/bin/sh\necho 'IsStatusOverride: false'\necho \"Thermal Status: $(head -n 1 {statuses})\"\n"
        f'[ "$(wc -l < {statuses})" = 1 ] || sed -i 1d {statuses}\n'
    )
    dumpsys.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return statuses


def waits(most_s: int) -> list[str]:
    messages: list[str] = []
    await_cool(StandInShell(), "phone", messages.append, most_s, step_s=1)  # type: ignore[arg-type]  # a stand-in
    return messages


def test_a_cool_device_is_not_waited_for(thermal: Path) -> None:
    thermal.write_text("1\n")
    assert waits(3) == []


def test_the_wait_for_a_hot_device_is_reported(thermal: Path) -> None:
    thermal.write_text("3\n2\n1\n")
    assert waits(5) == ["phone: waited 2 s for it to cool"]


def test_the_wait_has_a_limit(thermal: Path) -> None:
    thermal.write_text("4\n")
    assert waits(1) == ["phone is still hot after 1 s (thermal status 4): continuing anyway"]


@pytest.mark.parametrize("answer", ["", "warm", "99999999999999999999"])
def test_nonsense_is_waited_for_no_longer_than_the_limit(thermal: Path, answer: str) -> None:
    thermal.write_text(f"{answer}\n")
    assert len(waits(1)) <= 1


def test_a_device_without_the_service_is_taken_as_cool() -> None:
    assert waits(1) == []
