"""Shows progress while pytest captures: one line rewritten on a terminal, spaced lines in a log."""

from __future__ import annotations

import time

import pytest

LOG_INTERVAL_S = 5.0
"""Shortest time between two progress lines where they cannot be rewritten."""


class TerminalLine:
    """``show`` may be called at any time, also from within a test."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._shown_at_s = float("-inf")

    def show(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None:
            return
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if capture is None:
            self._write(reporter, text)
            return
        with capture.global_and_fixture_disabled():
            self._write(reporter, text)

    def _write(self, reporter: pytest.TerminalReporter, text: str) -> None:
        now_s = time.monotonic()
        if reporter.isatty:
            reporter.rewrite(text, erase=True)
        elif now_s - self._shown_at_s >= LOG_INTERVAL_S:
            reporter.ensure_newline()
            reporter.write_line(text)
            self._shown_at_s = now_s
