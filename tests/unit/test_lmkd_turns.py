"""The device's own lmkd sleeps during pressure episodes only, whatever other suites do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.directory import ResultStore
from lmkd_core.scenarios.pressure import PRESSURE
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.outcome import Outcome
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.pressure import experiment as module
from pytest_lmkd.pressure.experiment import PressureExperiment
from pytest_lmkd.run.device_run import DeviceRun

STRATUM = PRESSURE["undisturbed"]
RULES = Rules(blocks=1, seed=1)


@dataclass
class StandInDevice:
    name: str = "phone"
    boot_id: str = "boot"
    folder: str = "/folder"
    transport: object = None
    mem_total_kb: int = 1024 * 1024
    pressure_limit_kb: int = 0
    has_lmkd: bool = True
    attachments: int = 1


class StandInProgram:
    """A pressure program whose episodes are all invalid, which is enough here."""

    loaded = 0

    @classmethod
    def load(cls, *_: object) -> StandInProgram:
        cls.loaded += 1
        return cls()

    def run(self, *_: object) -> None:
        raise TrialInvalid("a stand-in")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """When lmkd was silenced and woken."""
    events: list[str] = []

    @contextmanager
    def quiet(*_: object) -> Iterator[None]:
        events.append("silent")
        yield
        events.append("awake")

    StandInProgram.loaded = 0
    monkeypatch.setattr(module, "QuietLmkd", quiet)
    monkeypatch.setattr(module, "Pressure", StandInProgram)
    monkeypatch.setattr(module, "state_around", lambda *_: nullcontext())
    return events


def pressure(device: StandInDevice, folder: Path) -> PressureExperiment:
    rules = RunRules(RULES, RULES)
    arms = ("kill", "reap-kill")
    context = DeviceContext(device, ResultStore(folder), "run", arms, arms, rules, print)  # type: ignore[arg-type]  # a stand-in
    return PressureExperiment(context)


def run_block(experiment: PressureExperiment) -> None:
    experiment.run(STRATUM, experiment.plan(STRATUM, 0, warmup=False), lambda record: None)


def test_it_sleeps_from_the_first_episode_to_the_end(log: list[str], tmp_path: Path) -> None:
    experiment = pressure(StandInDevice(), tmp_path)
    run_block(experiment)
    run_block(experiment)
    assert log == ["silent"]
    experiment.close()
    assert log == ["silent", "awake"]


def test_it_is_silenced_again_after_another_suite_attached_the_device(log: list[str], tmp_path: Path) -> None:
    device = StandInDevice()
    experiment = pressure(device, tmp_path)
    run_block(experiment)
    device.attachments += 1  # which restores lmkd's settings, and may have taken our program
    run_block(experiment)
    assert log[-1] == "silent"
    assert log.count("silent") == 2
    assert StandInProgram.loaded == 2


def test_it_is_awake_while_another_experiment_has_its_turn(log: list[str], tmp_path: Path) -> None:
    experiment = pressure(StandInDevice(), tmp_path)
    turns: list[str] = []

    def measure(stratum: str, *_: object) -> Outcome:
        turns.append(log[-1] if log else "awake")
        return Outcome()

    def press(stratum: str, *_: object) -> Outcome:
        run_block(experiment)
        return measure(stratum)

    source: Any = SimpleNamespace(name="phone")
    progress: Any = None  # no device is attached or restarted
    run = DeviceRun(source, ResultStore(tmp_path, resume=True), print, progress)
    run._loops = {  # type: ignore[dict-item]  # stand-ins
        "pressure": SimpleNamespace(measure=press, leave=experiment.leave),
        "apps": SimpleNamespace(measure=measure, leave=lambda: None),
    }
    for name in ("apps", "pressure", "pressure", "apps", "pressure"):
        run.measure(name, "a stratum")
    assert turns == ["awake", "silent", "silent", "awake", "silent"]
