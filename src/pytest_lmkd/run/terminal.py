"""Shows progress while pytest captures: one line rewritten on a terminal, spaced lines in a log."""

from __future__ import annotations

import time
from contextlib import nullcontext

import pytest

LOG_INTERVAL_S = 5.0
"""Shortest time between two progress lines where they cannot be rewritten."""


class TerminalLine:
    """``say`` and ``progress`` may be called at any time, also from within a test."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._progress_at_s = float("-inf")

    def say(self, text: str) -> None:
        """Shows a line that stays."""
        self._show(text, rewrite=False)

    def progress(self, text: str) -> None:
        """Shows a line that the next one replaces; in a log, only if the last one is some time ago."""
        if self._is_terminal():
            self._show(text, rewrite=True)
        elif time.monotonic() - self._progress_at_s >= LOG_INTERVAL_S:
            self._progress_at_s = time.monotonic()
            self._show(text, rewrite=False)

    def _is_terminal(self) -> bool:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        return reporter is not None and bool(reporter.isatty)

    def _show(self, text: str, *, rewrite: bool) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        capture = self._config.pluginmanager.get_plugin("capturemanager")
        if reporter is None:
            return
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            if rewrite:
                reporter.rewrite(text, erase=True)
            else:
                reporter.ensure_newline()
                reporter.write_line(text)
