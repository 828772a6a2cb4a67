"""Progress in a log: the plan at once, then a line now and then, about fifty in a whole run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_lmkd.run.messages import DevicePlan
from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Update
from pytest_lmkd.run.terminal import UserTerminal

PLAN = DevicePlan("phone", trials=96, episodes=0, others=0, boots=1)


class Log:
    """A run whose output goes to a file; ``now_s`` is the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, total_s: float) -> None:
        self.lines: list[str] = []
        self.now_s = 0.0
        self._total_s = total_s
        reporter = SimpleNamespace(ensure_newline=lambda: None, write_line=self.lines.append)
        plugins = {"terminalreporter": reporter}
        config: Any = SimpleNamespace(pluginmanager=SimpleNamespace(get_plugin=plugins.get))
        monkeypatch.setattr("pytest_lmkd.run.terminal.time", SimpleNamespace(monotonic=lambda: self.now_s))
        self.terminal = UserTerminal(config)
        self.terminal.show(Plan(0, 0, total_s, (PLAN,)))

    def run(self, blocks: int) -> None:
        """Tells of that many blocks, evenly over the whole time."""
        for block in range(blocks):
            self.now_s = self._total_s * block / blocks
            left_s = self._total_s - self.now_s
            self.terminal.show(Update(0, 0, left_s, "phone", f"block {block}", blocks - block, 0))


def test_the_plan_comes_first_and_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(monkeypatch, total_s=600)
    assert log.lines == ["plan: 96 trials: about 10 min"]


@pytest.mark.parametrize(("total_s", "lines"), [(100, 20), (1000, 50), (36_000, 600)])
def test_lines_are_five_seconds_to_a_minute_apart_and_about_fifty(
    monkeypatch: pytest.MonkeyPatch, total_s: float, lines: int
) -> None:
    log = Log(monkeypatch, total_s)
    log.run(blocks=int(total_s))
    assert len(log.lines) - 1 == lines


def test_a_run_of_few_blocks_has_a_line_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log(monkeypatch, total_s=600)
    log.run(blocks=4)
    assert log.lines[1:] == [
        "phone  block 0  10 min left: 4 trials",
        "phone  block 1  8 min left: 3 trials",
        "phone  block 2  5 min left: 2 trials",
        "phone  block 3  2 min left: 1 trial",
    ]
