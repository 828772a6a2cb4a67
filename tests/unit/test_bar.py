"""The progress bar on a terminal, beside what pytest writes there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from terminal_screen import Screen

from pytest_lmkd.run.bar import Bar
from pytest_lmkd.run.bar import open_bar
from pytest_lmkd.run.messages import DevicePlan
from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Update
from pytest_lmkd.run.view import RunView

COLUMNS = 80
COLOUR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|38;[0-9;]*)m")
FILE = "suites/reclaim/test_reclaim.py "


class Terminal:
    """A pseudo-terminal with pytest's writer on it; ``screen`` is what its user sees."""

    def __init__(self, columns: int) -> None:
        self._ours, theirs = pty.openpty()
        self._content = b""
        os.set_blocking(self._ours, False)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.file = open(theirs, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - closed by close
        self.columns = columns
        self.reporter: Any = SimpleNamespace(_tw=SimpleNamespace(_file=self.file), hasmarkup=True)

    def write(self, text: str) -> None:
        """As pytest writes."""
        self.reporter._tw._file.write(text)
        self.reporter._tw._file.flush()

    @property
    def screen(self) -> Screen:
        """All that was written so far."""
        screen = Screen(self.columns)
        screen.feed(self.text.replace("\r\n", "\n"))
        return screen

    @property
    def text(self) -> str:
        """The same, with its escape sequences."""
        with suppress(BlockingIOError):
            while part := os.read(self._ours, 65536):
                self._content += part
        return self._content.decode()

    def close(self) -> None:
        self.file.close()
        os.close(self._ours)


@pytest.fixture(params=[COLUMNS, 40])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal(request.param)
    yield terminal
    terminal.close()


def view() -> RunView:
    """A run of one device, after its first block."""
    view = RunView()
    view.hear(Plan(0, 0, 60.0, (DevicePlan("phone", 12, 0, 0, 1),)), 0.0)
    view.hear(Update(0, 0, 50.0, "phone", "undisturbed-64MB-1t  block 1/4", 9, 0), 10.0)
    return view


def opened(terminal: Terminal) -> Bar:
    bar = open_bar(terminal.reporter, view())
    assert bar is not None
    return bar


def test_the_bar_stands_below_pytests_line(terminal: Terminal) -> None:
    bar = opened(terminal)
    terminal.write(FILE)
    bar.show()
    name, drawn = terminal.screen.lines[:2]
    assert name == FILE.rstrip()
    assert "%" in drawn
    assert "9 trials" in drawn
    assert len(drawn) < terminal.columns
    bar.close()


def test_dots_follow_the_name_of_the_file_and_nothing_of_the_bar_is_left(terminal: Terminal) -> None:
    bar = opened(terminal)
    terminal.write(FILE)
    for _ in range(3):
        bar.show()
        bar.show()
        terminal.write("\x1b[32m.\x1b[0m")
    bar.show()
    bar.close()
    assert [line for line in terminal.screen.lines if line] == [FILE + "..."]
    assert terminal.screen.cursor == (0, len(FILE) + 3)


def test_whole_lines_stand_above_the_bar(terminal: Terminal) -> None:
    bar = opened(terminal)
    terminal.write("collected 1 item\n\n")
    bar.show()
    terminal.write("starting phone\n")
    bar.show()
    lines = terminal.screen.lines
    assert lines[:3] == ["collected 1 item", "", "starting phone"]
    assert "9 trials" in lines[3]
    bar.close()


def test_a_line_longer_than_the_terminal_is_continued_at_its_end(terminal: Terminal) -> None:
    bar = opened(terminal)
    long = "x" * (terminal.columns + 7)
    terminal.write(long)
    bar.show()
    terminal.write("!")
    bar.close()
    assert "".join(terminal.screen.lines) == long + "!"


def test_after_its_end_the_bar_is_never_drawn_again(terminal: Terminal) -> None:
    bar = opened(terminal)
    bar.close()
    bar.show()
    assert terminal.screen.lines == [""]


def test_without_markup_the_bar_has_no_colour(terminal: Terminal) -> None:
    terminal.reporter.hasmarkup = False
    bar = opened(terminal)
    bar.show()
    assert "9 trials" in terminal.text
    assert not COLOUR.search(terminal.text)
    bar.close()


def test_a_terminal_that_cannot_move_its_cursor_gets_no_bar(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert open_bar(terminal.reporter, view()) is None
    terminal.write(FILE)
    assert terminal.screen.lines == [FILE.rstrip()]
