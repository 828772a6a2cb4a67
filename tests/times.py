"""Where the time of a test run goes: by folder and by harness, printed at its end.

A harness is what makes a test costly; the test's marker names it (pyproject.toml). A test without one is
plain Python. `make test` runs pytest twice: with ``--times FILE`` both add to one table.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

HARNESS = "harness"
"""The property of a test's report that names its harness."""


class Times:
    """Seconds and numbers of tests, by folder and by harness, of this run and those before it in ``file``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        kept = json.loads(file.read_text()) if file.exists() else {"seconds": {}, "tests": {}}
        self._seconds: Counter[str] = Counter(kept["seconds"])
        self._tests: Counter[str] = Counter(kept["tests"])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called for each phase of a test: a shared fixture counts for the test that makes it."""
        folder = report.nodeid.partition("::")[0].rpartition("/")[0]
        harness = dict(report.user_properties)[HARNESS]
        for row in (f"folder\t{folder}", f"harness\t{harness}", "\tall"):
            self._seconds[row] += report.duration
            self._tests[row] += report.when == "call" or (report.when == "setup" and report.skipped)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({"seconds": self._seconds, "tests": self._tests}))
        terminalreporter.section("where the time goes")
        for kind in ("folder", "harness", ""):
            rows = [row for row in self._seconds if row.startswith(f"{kind}\t")]
            for row in sorted(rows, key=self._seconds.__getitem__, reverse=True):
                name = row.partition("\t")[2]
                terminalreporter.write_line(
                    f"{self._seconds[row]:8.1f} s {self._tests[row]:5d} tests  {name}"
                )
            terminalreporter.write_line("")
