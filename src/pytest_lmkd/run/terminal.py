"""Shows a run to the user: a bar at the foot of a terminal, spaced lines in a log."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Update
from pytest_lmkd.run.view import RunView

if TYPE_CHECKING:
    from pytest_lmkd.run.bar import Bar

LINES = 50
"""Lines of progress in the log of a whole run, about."""
SHORTEST_S, LONGEST_S = 5.0, 60.0
"""The time between two of them."""


class UserTerminal:
    """A ``Listener``, to be called at any time, also from within a test; ``processes``: those of the run."""

    def __init__(self, config: pytest.Config, processes: int = 1) -> None:
        self._config = config
        self._view = RunView(processes)
        self._shown_at_s: dict[int, float] = {}
        self._bar: Bar | None = None

    def say(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if reporter is None:
            return
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(text)
        self._show_again()

    def show(self, message: Plan | Update) -> None:
        now_s = time.monotonic()
        plan = self._view.hear(message, now_s)
        if plan:
            self.say(plan)
        if self._bar is not None:
            self._bar.show()
        elif isinstance(message, Update) and self._is_due(message.process, now_s):
            self._shown_at_s[message.process] = now_s
            self.say(self._view.line(now_s))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """While tests run, progress is a bar, if the output is a terminal that can show one."""
        self._bar = self._open_bar()
        try:
            return (yield)
        finally:
            if self._bar is not None:
                self._bar.close()
            self._bar = None

    def _open_bar(self) -> Bar | None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not reporter.isatty or self._config.option.capture == "no":
            return None
        from pytest_lmkd.run.bar import open_bar  # noqa: PLC0415 - rich is for terminals only

        return open_bar(reporter, self._view)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logstart(self) -> None:
        self._show_again()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self) -> None:
        self._show_again()

    def _show_again(self) -> None:
        """After a line of pytest, which took the bar away."""
        if self._bar is not None:
            self._bar.show()

    def _is_due(self, process: int, now_s: float) -> bool:
        interval_s = min(max(self._view.total_s(now_s) / LINES, SHORTEST_S), LONGEST_S)
        return now_s - self._shown_at_s.get(process, float("-inf")) >= interval_s


def open_terminal(config: pytest.Config, processes: int = 1) -> UserTerminal:
    """The terminal of this run, which hears when pytest writes."""
    terminal = UserTerminal(config, processes)
    config.pluginmanager.register(terminal, "lmkd-terminal")
    return terminal
