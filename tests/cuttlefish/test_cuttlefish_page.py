"""Tests that docs/cuttlefish.md names only existing commands, options and settings."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from pytest_lmkd.cli import build_parser
from pytest_lmkd.devices.cuttlefish.settings import PARSERS


@pytest.fixture
def page(checkout: Path) -> str:
    return (checkout / "docs" / "cuttlefish.md").read_text()


def test_every_setting_is_explained(page: str) -> None:
    assert set(re.findall(r"^\| `(\w+)=", page, re.MULTILINE)) == set(PARSERS)


def test_every_pytest_lmkd_command_parses(page: str) -> None:
    lines = page.replace("\\\n", " ").splitlines()
    commands = [
        line.partition("pytest-lmkd ")[2].partition("`")[0] for line in lines if "bin/pytest-lmkd " in line
    ]
    assert len(commands) >= 4
    for command in commands:
        build_parser().parse_args(shlex.split(command))


def test_every_option_is_known_to_pytest(page: str, pytestconfig: pytest.Config) -> None:
    known = {
        name for group in pytestconfig._parser._groups for option in group.options for name in option.names()
    }
    named = set(re.findall(r"--lmkd-[a-z-]+", page))
    assert named
    assert named <= known


def test_the_script_parses(page: str) -> None:
    (script,) = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    subprocess.run(["sh", "-n"], input=script, text=True, check=True, env=dict(os.environ))
    for key in re.findall(r"--lmkd-cuttlefish \"?(\w+)=", script):
        assert key in PARSERS
