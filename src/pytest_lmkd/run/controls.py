"""Fails a run whose controls show an impossible gain, after its last test.

Only then all controls of all devices are recorded: by this process, by the workers, and by an earlier run
that this one resumed. The report and this check so judge the same records, by the same function.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from lmkd_reports import control_alarms

CHECK = "controls"
"""The name of the check among the failures, with the device: ``controls[virtual]``."""


def fail_on_false_gains(session: pytest.Session, results: Path) -> None:
    """Adds a failed test for each device with an impossible gain, so that pytest and JUnit XML report it."""
    if session.config.option.collectonly or not (results / "run.json").exists():
        return
    for device, sentence in control_alarms(results):
        name = f"{CHECK}[{device}]"
        session.testscollected += 1  # pytest's progress counts up to it
        report = pytest.TestReport(
            nodeid=name,
            location=(CHECK, None, name),
            keywords={},
            outcome="failed",
            longrepr=sentence,
            when="call",
        )
        session.config.hook.pytest_runtest_logreport(report=report)
