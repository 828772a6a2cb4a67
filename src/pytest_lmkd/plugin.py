"""The pytest plugin: hooks and options only; ``session.LmkdSession`` does the work."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_lmkd import fixtures
from pytest_lmkd.design import Stratum
from pytest_lmkd.errors import LmkdError
from pytest_lmkd.errors import UsageProblem
from pytest_lmkd.fixtures import SESSION
from pytest_lmkd.options import Options
from pytest_lmkd.options import add_options
from pytest_lmkd.pressure.stratum import PressureStratum
from pytest_lmkd.terminal import TerminalLine

REPORT = pytest.StashKey[Path]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(fixtures, "lmkd-fixtures")
    if not config.getoption("--lmkd-device"):
        return
    from pytest_lmkd.session import LmkdSession  # noqa: PLC0415 - takes a second; only runs with a device pay

    try:
        options = Options.of(config)
        if hasattr(config, "workerinput") or config.getoption("numprocesses", None):
            raise UsageProblem("--lmkd-device cannot be used with -n: two workers would drive one device")
        terminal = TerminalLine(config)
        config.stash[SESSION] = LmkdSession(options, terminal.say, terminal.progress)
    except LmkdError as error:
        _give_up(error)
    if config.option.xmlpath is None and not config.option.collectonly:
        config.option.xmlpath = str(options.results / "junit.xml")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lmkd_device" not in metafunc.fixturenames:
        return
    if SESSION not in metafunc.config.stash:
        _give_up(
            UsageProblem(f"{metafunc.definition.nodeid} needs a device: name one, e.g. --lmkd-device virtual")
        )
    names = metafunc.config.stash[SESSION].device_names
    metafunc.parametrize("lmkd_device", names, indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Writes the plan and attaches the devices, once all tests are known and wanted."""
    if session.config.option.collectonly or not any(map(_device_of, session.items)):
        return
    wanted = _wanted(session.items)
    lmkd = session.config.stash[SESSION]
    try:
        lmkd.plan(wanted)
        lmkd.open_devices()
    except LmkdError as error:
        _give_up(error)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    lmkd = session.config.stash.get(SESSION, None)
    try:
        return (yield)
    finally:
        report = lmkd.close() if lmkd else None
        if report:
            session.config.stash[REPORT] = report.html


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash.get(REPORT, None)
    if report is None:
        return
    terminalreporter.section("pytest-lmkd")
    terminalreporter.write((config.stash[SESSION].store.folder / "summary.txt").read_text())
    terminalreporter.write_line(f"\nreport: {report}")


def _device_of(item: pytest.Item) -> str:
    """The device that the test is repeated for; empty for one that needs none."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("lmkd_device", "")) if callspec else ""


def _wanted(items: list[pytest.Item]) -> list[tuple[str, Stratum | PressureStratum]]:
    """The (device, stratum) pairs that tests are parametrised with."""
    wanted = []
    for item in filter(_device_of, items):
        params = item.callspec.params  # type: ignore[attr-defined]  # those with a device have one
        strata = [value for value in params.values() if isinstance(value, (Stratum, PressureStratum))]
        wanted += [(_device_of(item), stratum) for stratum in strata]
    return wanted


def _give_up(error: LmkdError) -> NoReturn:
    pytest.exit(str(error), returncode=error.exit_code)
