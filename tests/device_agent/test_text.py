"""The agent's formatter prints the same text as libc, for every directive that the agent uses."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from sanitized import build_sanitized

pytestmark = pytest.mark.compiler

DIRECTIVE = re.compile(r"%(\.?\d*(?:ll|l|z)?[a-zA-Z%])")


def test_it_writes_what_libc_writes(checkout: Path) -> None:
    source = checkout / "device_agent" / "lib"
    cases = [Path(__file__).with_name("text_cases.c"), source / "text.c"]
    done = subprocess.run(
        [build_sanitized("text_cases", cases, [source])], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_agent_uses_no_directive_that_is_not_tried(checkout: Path) -> None:
    tried = set(DIRECTIVE.findall(Path(__file__).with_name("text_cases.c").read_text()))
    for source in (checkout / "device_agent").rglob("*.c"):
        if source.name == "text.c":
            continue
        used = {re.sub(r"\d+", "N", directive) for directive in directives(source.read_text())}
        assert used <= {re.sub(r"\d+", "N", directive) for directive in tried}, source


def directives(text: str) -> list[str]:
    """The directives in string constants outside of comments."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
    return [
        directive
        for string in re.findall(r'"((?:[^"\\]|\\.)*)"', code)
        for directive in DIRECTIVE.findall(string)
    ]
