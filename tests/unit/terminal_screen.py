"""A terminal's screen: as much of it as our progress bar and pytest use."""

from __future__ import annotations

import re

TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])")


class Screen:
    """Lines of text and a cursor; writing beyond the last column wraps."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._lines: list[list[str]] = [[]]
        self._row = self._column = 0

    @property
    def lines(self) -> list[str]:
        """The lines, without the blanks at their ends."""
        return ["".join(line).rstrip() for line in self._lines]

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column, from 0."""
        return self._row, self._column

    def feed(self, text: str) -> None:
        for number, command, control, letter in TOKEN.findall(text):
            if command:
                self._command(command, number)
            elif control:
                self._row, self._column = self._row + (control == "\n"), 0
                self._lines += [[] for _ in range(self._row + 1 - len(self._lines))]
            else:
                self._put(letter)

    def _put(self, letter: str) -> None:
        if self._column == self._columns:
            self.feed("\n")
        line = self._lines[self._row]
        line += " " * (self._column + 1 - len(line))
        line[self._column] = letter
        self._column += 1

    def _command(self, command: str, number: str) -> None:
        count = int(number) if number.isdecimal() else 1
        match command:
            case "A":
                self._row = max(0, self._row - count)
            case "C":
                self._column = min(self._columns - 1, self._column + count)
            case "K":
                self._lines[self._row] = []
            case "m" | "h" | "l":  # colours, and whether the cursor is shown
                pass
            case _:
                raise ValueError(f"this screen does not know {command}")
