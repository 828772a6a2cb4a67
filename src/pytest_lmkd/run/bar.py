"""A progress bar below the line that pytest is writing, drawn by rich.

pytest writes the name of a test file, and then a dot for each test. The bar stands on the line below; before
pytest writes anything, the bar is erased, and the cursor goes back to where pytest left it.
"""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import suppress
from typing import Any
from typing import TextIO

from pytest import TerminalReporter
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn
from rich.progress import Progress
from rich.progress import ProgressColumn
from rich.progress import Task
from rich.table import Column
from rich.text import Text

from pytest_lmkd.run.view import RunView

STEPS = 1000
NARROWEST = 20
REFRESH_PER_S = 1
UP = "\x1b[A"
RIGHT = "\x1b[{columns}C"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Bar:
    """Shown and hidden from any thread; ``stream`` is the terminal, also while pytest captures the output."""

    def __init__(self, view: RunView, stream: TextIO, *, colour: bool) -> None:
        self._view = view
        self._stream = stream
        self._lock = threading.RLock()
        self._is_shown = False
        self._is_open = True
        self.console = Console(file=stream, force_terminal=True, no_color=not colour, highlight=False)
        self._progress = Progress(
            _Share(),
            BarColumn(bar_width=None, complete_style="cyan", table_column=Column(ratio=1, min_width=8)),
            _Place(view),
            _Rest(view),
            console=self.console,
            refresh_per_second=REFRESH_PER_S,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            expand=True,
        )
        self._task = self._progress.add_task("", total=STEPS)
        self._column = 0
        """Where the cursor stands in pytest's line."""

    def show(self) -> None:
        """Draws the bar as the run stands now."""
        with self._lock:
            if not self._is_open:
                return
            share = self._view.share_done(time.monotonic())
            self._progress.update(self._task, completed=STEPS * share, refresh=self._is_shown)
            if not self._is_shown:
                self.console.width = max(os.get_terminal_size(self._stream.fileno()).columns - 1, NARROWEST)
                self._write("\n" if self._column else "")
                self._progress.start()
                self._is_shown = True

    def hide(self) -> None:
        """Erases the bar, and puts the cursor where pytest left it."""
        with self._lock:
            if self._is_shown:
                self._is_shown = False
                self._progress.stop()
                column = self._column % (self.console.width + 1)
                if self._column:
                    self._write(UP + (RIGHT.format(columns=column) if column else ""))

    def write_beside(self, file: TextIO, text: str) -> int:
        """Erases the bar, and writes pytest's text to its file."""
        with self._lock:
            self.hide()
            plain = ESCAPES.sub("", text)
            start = "" if set("\r\n") & set(plain) else " " * self._column
            self._column = cell_len(re.split(r"[\r\n]", start + plain)[-1])
            written = file.write(text)
            file.flush()
            return written

    def close(self) -> None:
        """Erases the bar for good."""
        with self._lock:
            self.hide()
            self._is_open = False
            self._stream.close()

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class BesideBar:
    """A file that pytest writes to, on the terminal that the bar stands on."""

    def __init__(self, file: TextIO, bar: Bar) -> None:
        self._file = file
        self._bar = bar

    def write(self, text: str) -> int:
        return self._bar.write_beside(self._file, text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the file has
        return getattr(self._file, name)


def open_bar(reporter: TerminalReporter, view: RunView) -> Bar | None:
    """A bar on the reporter's terminal; None if that cannot move its cursor."""
    writer = reporter._tw
    with suppress(OSError, AttributeError):
        stream = open(os.dup(writer._file.fileno()), "w", encoding=writer._file.encoding, errors="replace")  # noqa: PTH123, SIM115 - closed with the bar
        bar = Bar(view, stream, colour=reporter.hasmarkup)
        if bar.console.is_dumb_terminal:
            bar.close()
            return None
        writer._file = BesideBar(writer._file, bar)
        return bar
    return None


class _Share(ProgressColumn):
    """The share of the time that is over."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.percentage:3.0f} %", style="cyan")


class _Place(ProgressColumn):
    """The device and what it does; cut where the terminal is narrow."""

    def __init__(self, view: RunView) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", ratio=2, min_width=8))
        self._view = view

    def render(self, task: Task) -> Text:
        return Text(self._view.where)


class _Rest(ProgressColumn):
    """The time left, and for what."""

    def __init__(self, view: RunView) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis", justify="right"))
        self._view = view

    def render(self, task: Task) -> Text:
        return Text(self._view.rest(time.monotonic()), style="bold")
