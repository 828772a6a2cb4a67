"""The pages of the scenarios: each scenario has one, all are built alike, and the table names them all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lmkd_core.scenarios.reclaim import SCENARIOS

HEADINGS = [
    "What is held",
    "On a phone",
    "How it is made here",
    "What to expect",
    "How to read the numbers",
]

ROW = re.compile(
    r"^\| \[(?P<id>[a-z0-9-]+)\]\((?P<page>[^)]+)\) "
    r"\| (?P<letter>\w+) \| (?P<regime>\w+) \| (?P<expected>.+) \|$"
)
"""A line of the table in README.md."""

FACTS = re.compile(r"^Letter (?P<letter>[ABCD]|none), regime (?P<regime>\w+): ")
"""How the first sentence of a page begins."""


@pytest.fixture(scope="module")
def folder(checkout: Path) -> Path:
    return checkout / "docs" / "scenarios"


@pytest.fixture(scope="module")
def table(folder: Path) -> Mapping[str, re.Match[str]]:
    found = [ROW.match(line) for line in (folder / "README.md").read_text().splitlines()]
    rows = [row for row in found if row]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def pages(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in folder.glob("*.md") if path.name != "README.md"}


def test_each_scenario_has_its_page_and_each_page_its_scenario(folder: Path) -> None:
    assert set(pages(folder)) == set(SCENARIOS)


def test_the_table_names_them_all(table: Mapping[str, re.Match[str]]) -> None:
    assert set(table) == set(SCENARIOS)
    assert {name: row["page"] for name, row in table.items()} == {name: f"{name}.md" for name in table}


def test_the_table_tells_the_regime_in_which_they_run(table: Mapping[str, re.Match[str]]) -> None:
    assert {name: row["regime"] for name, row in table.items()} == {
        name: scenario.regime for name, scenario in SCENARIOS.items()
    }


def test_the_table_tells_the_expectation_that_reports_show(table: Mapping[str, re.Match[str]]) -> None:
    assert {name: row["expected"].replace("`", "") for name, row in table.items()} == {
        name: scenario.expectation for name, scenario in SCENARIOS.items()
    }


def test_pages_say_what_the_table_says(folder: Path, table: Mapping[str, re.Match[str]]) -> None:
    for name, text in pages(folder).items():
        facts = FACTS.match(text.splitlines()[2])
        assert facts, name
        assert facts.groupdict() == {key: table[name][key] for key in ("letter", "regime")}, name


def test_pages_are_built_alike(folder: Path) -> None:
    for name, text in pages(folder).items():
        assert text.startswith(f"# {name}\n\n"), name
        assert re.findall(r"^#+ (.*)$", text, re.MULTILINE) == [name, *HEADINGS], name


def test_pages_say_what_each_way_of_killing_is_expected_to_do(folder: Path) -> None:
    for name, text in pages(folder).items():
        expected = text.partition("## What to expect")[2].partition("## ")[0]
        for arm in ("`kill`", "`kill+mrelease`", "`reap-kill`"):
            assert re.search(rf"^\| [^|]*{re.escape(arm)}", expected, re.MULTILINE), (name, arm)


def test_pages_cite_the_kernel(folder: Path) -> None:
    for name, text in pages(folder).items():
        assert re.search(r"\b(mm|kernel|fs)/[a-z_/]+\.c\b", text), name


def test_links_lead_somewhere(folder: Path) -> None:
    for path in folder.glob("*.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            assert (folder / link).is_file(), (path.name, link)
