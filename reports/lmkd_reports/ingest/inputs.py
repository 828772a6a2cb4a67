"""The inputs of ``pytest-lmkd ingest``: what was read of each, and how far reading has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

from lmkd_core.logs.reading import Account
from lmkd_core.logs.sources import Block
from lmkd_core.logs.sources import read_blocks
from lmkd_core.logs.sources import shown

MB = 1024**2
PROGRESS_FROM_BYTES = 256 * MB
"""Shorter logs are read within seconds, without a word."""

TERMINAL_S, OTHER_S = 0.5, 10.0
"""Time between two progress lines on a terminal, where each overwrites the last, and elsewhere."""


class Inputs:
    """Reads files, folders and standard input. ``unread`` are those of which nothing could be read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.problems: list[str] = []
        self.unread: list[str] = []
        self._paths = paths

    def blocks(self, account: Account) -> Iterator[Block]:
        """Yields the text of all inputs. ``account``: that of their reader, for the progress line.

        Raises:
            UsageProblem: an input cannot be opened.
        """
        progress = _Progress(account)
        for path in self._paths:
            has_text, known = False, len(self.problems)
            for block in read_blocks(path, self.problems):
                has_text = True
                progress.add(len(block.data))
                yield block
            if not has_text and len(self.problems) > known:
                self.unread.append(shown(path))
        progress.end()


class _Progress:
    """Writes to standard error how much text was read, and how many records it had."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._began = self._written = time.monotonic()
        self._bytes = 0
        self._is_terminal = sys.stderr.isatty()
        self._has_line = False

    def add(self, length_bytes: int) -> None:
        self._bytes += length_bytes
        now = time.monotonic()
        pause_s = TERMINAL_S if self._is_terminal else OTHER_S
        if self._bytes < PROGRESS_FROM_BYTES or now < self._written + pause_s:
            return
        self._written = now
        speed = self._bytes / MB / (now - self._began)
        records = sum(self._account.parsed.values())
        text = f"read {self._bytes / MB:,.0f} MB of text, {speed:.0f} MB/s, {records:,} records"
        print(
            f"\r{text}" if self._is_terminal else text, end="" if self._is_terminal else "\n", file=sys.stderr
        )
        self._has_line = self._is_terminal

    def end(self) -> None:
        if self._has_line:
            print(file=sys.stderr)
