"""The rules of the house that a program can check: style, types, lengths, and nothing of this machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lmkd_core.base.toolchain import SOURCES


def run(*words: str, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing(checkout: Path) -> None:
    run("ruff", "check", ".", cwd=checkout)


def test_everything_is_formatted(checkout: Path) -> None:
    run("ruff", "format", "--check", ".", cwd=checkout)


def test_mypy_strict_finds_nothing(checkout: Path) -> None:
    run("mypy", cwd=checkout)


@pytest.mark.parametrize(
    "program", ["lmkd-agent", "lmkd-pressure", "lmkd-conformance", "lmkd-client", "lmkd-apps"]
)
def test_what_runs_on_the_device_knows_nothing_of_the_host(program: str, checkout: Path) -> None:
    trees = [checkout / tree for tree in SOURCES[program]]
    for path in (path for tree in trees for path in tree.rglob("*.[ch]")):
        for name in re.findall(r'#include "([^"]+)"', path.read_text()):
            assert any((folder / name).is_file() for folder in (path.parent, *trees)), path


def code_files(checkout: Path) -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout
    for name in listed.splitlines():
        if Path(name).suffix in {".py", ".c", ".h"} and (checkout / name).is_file():
            yield checkout / name


def test_every_file_says_in_its_first_lines_what_it_is(checkout: Path) -> None:
    for path in code_files(checkout):
        text = path.read_text()
        assert text.startswith(('"""', "//", "/*")) or not text.strip(), path


def functions(checkout: Path) -> Iterator[tuple[str, int]]:
    for tree in ("src", "reports", "virtual_device", "apk-workloads"):
        for path in (checkout / tree).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{path}:{node.name}", (node.end_lineno or 0) - node.lineno + 1


def test_functions_are_short(checkout: Path) -> None:
    lengths = dict(functions(checkout))
    assert sorted(lengths.values())[len(lengths) // 2] <= 10
    assert not {name: length for name, length in lengths.items() if length > 60}


def test_nothing_names_the_machine_it_was_made_on(checkout: Path) -> None:
    machine = re.compile(
        "/" + "root/|/" + r"work/|/home/\w+/|https?://[a-z.]*(?:deb" + "ian|py" + r"pi|npm)\w*\."
    )
    listed = subprocess.run(
        ["git", "ls-files"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout
    for name in listed.splitlines():
        path = checkout / name
        if path.suffix in {".png", ".svg"} or not path.is_file():
            continue
        found = machine.search(path.read_text(errors="replace"))
        assert found is None, f"{name}: {found}"


def test_no_two_test_files_share_a_name(checkout: Path) -> None:
    """Modules outside packages are told by their name alone: pytest would collect only one of each."""
    names = [path.name for path in (checkout / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
