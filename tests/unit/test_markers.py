"""What decides how a test is run: its markers, which a test with a costly fixture cannot lack."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from markers import COSTLY_FIXTURES
from markers import HARNESSES

SUITE = """
    import pytest
    @pytest.fixture
    def browser(): pass
    {mark}
    def test_it(browser): pass
"""
CONFTEST = """
    from markers import check_markers
    def pytest_collection_modifyitems(items):
        for item in items:
            check_markers(item)
"""


@pytest.mark.parametrize(
    ("mark", "code", "line"),
    [
        ("", pytest.ExitCode.USAGE_ERROR, "*test_it uses 'browser': mark it 'browser'*"),
        ("@pytest.mark.compiler", pytest.ExitCode.USAGE_ERROR, "*test_it uses 'browser': mark it*"),
        ("@pytest.mark.browser", pytest.ExitCode.OK, "*1 passed*"),
    ],
)
def test_a_costly_fixture_needs_its_marker(
    pytester: pytest.Pytester, mark: str, code: pytest.ExitCode, line: str
) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(SUITE.format(mark=mark))
    result = pytester.runpytest("-p", "no:lmkd", "-W", "ignore::pytest.PytestUnknownMarkWarning")
    assert result.ret == code
    (result.stderr if mark != "@pytest.mark.browser" else result.stdout).fnmatch_lines([line])


def test_every_harness_is_a_marker_that_is_explained(checkout: Path) -> None:
    settings = tomllib.loads((checkout / "pyproject.toml").read_text())
    names = {line.partition(":")[0] for line in settings["tool"]["pytest"]["ini_options"]["markers"]}
    assert {*HARNESSES, "measures"} == names
    assert set(COSTLY_FIXTURES.values()) <= set(HARNESSES)
    explained = (checkout / "docs" / "testing.md").read_text()
    assert all(f"`{name}`" in explained for name in names)


def test_the_fast_tests_are_those_of_no_harness(checkout: Path) -> None:
    (line,) = (
        line for line in (checkout / "Makefile").read_text().splitlines() if line.startswith("COSTLY :=")
    )
    assert set(line.partition(":= ")[2].split(" or ")) == set(HARNESSES)
