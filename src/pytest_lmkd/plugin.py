"""The pytest plugin: hooks and options only; ``session.LmkdSession`` and ``workers`` do the work."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING
from typing import NoReturn

import pytest

from lmkd_core.base.errors import LmkdError
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import recorded_bytes
from pytest_lmkd import fixtures
from pytest_lmkd import hooks
from pytest_lmkd.run.names import add_names
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.options import add_options
from pytest_lmkd.run.stash import SESSION
from pytest_lmkd.run.summary_text import write_summary

if TYPE_CHECKING:  # loading these takes a second, which only runs with a device pay
    from lmkd_reports import ReportPaths
    from pytest_lmkd.run.workload import WantedTest

NO_DEVICE = "no-device"
NEEDS_DEVICE = "needs a device: name one, e.g. --lmkd-device virtual"

OPTIONS = pytest.StashKey[Options]()
BEFORE_BYTES = pytest.StashKey[int]()
"""The size of the results folder's records at the start."""
REPORT: pytest.StashKey[ReportPaths] = pytest.StashKey()


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(fixtures, "lmkd-fixtures")
    try:
        add_names(config)
    except LmkdError as error:
        _give_up(error)
    if not config.getoption("--lmkd-device"):
        return
    from pytest_lmkd.run.start import start_run  # noqa: PLC0415 - takes a second
    from pytest_lmkd.run.start import start_worker  # noqa: PLC0415

    try:
        if hasattr(config, "workerinput"):
            start_worker(config)
        else:
            options = start_run(config)
            config.stash[BEFORE_BYTES] = recorded_bytes(options.results)
            config.stash[OPTIONS] = options
    except LmkdError as error:
        _give_up(error)


@pytest.hookimpl(wrapper=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Generator[None, None, None]:
    """Repeats tests for each device and boot; in their ids, the device stands first and the boot last."""
    session = metafunc.config.stash.get(SESSION, None)
    if "lmkd_device" in metafunc.fixturenames:
        names = session.device_names if session else [NO_DEVICE]
        metafunc.parametrize("lmkd_device", names, indirect=True, scope="session")
    yield
    if "lmkd_boot" in metafunc.fixturenames and session and session.options.boots > 1:
        boots = range(session.options.boots)
        digits = len(str(len(boots)))  # so that -k selects one boot
        ids = [f"boot{boot + 1:0{digits}}" for boot in boots]
        metafunc.parametrize("lmkd_boot", boots, indirect=True, ids=ids)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Boots are the outer loop: each device's tests of boot 1 run first, then each device's of boot 2.

    With ``--lmkd-budget``, boots that do not fit into it are left out. Without ``--lmkd-device``, tests
    beside ours run as ever, and ours are skipped.
    """
    items.sort(key=_boot_of)
    _fit_budget(config, items)
    if SESSION not in config.stash:
        for item in filter(_device_of, items):
            item.add_marker(pytest.mark.skip(reason=NEEDS_DEVICE))


def _fit_budget(config: pytest.Config, items: list[pytest.Item]) -> None:
    lmkd = config.stash.get(SESSION, None)
    if lmkd is None or not lmkd.is_to_fit or not (tests := _wanted(items)):
        return
    try:
        boots = lmkd.fit_budget(tests)
    except LmkdError as error:
        _give_up(error)
    items[:] = [item for item in items if _boot_of(item) < boots]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Attaches the devices before the tests; fails the run after them if its controls show a gain."""
    _begin(session)
    result = yield
    if OPTIONS in session.config.stash:
        from pytest_lmkd.run.controls import fail_on_false_gains  # noqa: PLC0415 - takes a second

        fail_on_false_gains(session, session.config.stash[OPTIONS].results)
    return result


def _begin(session: pytest.Session) -> None:
    """Writes the plan and attaches the devices, once all tests are known and wanted."""
    if session.config.option.collectonly or not any(map(_device_of, session.items)):
        return
    if SESSION not in session.config.stash:
        if all(map(_device_of, session.items)):
            _give_up(UsageProblem(f"{session.items[0].nodeid} {NEEDS_DEVICE}"))
        return
    wanted = _wanted(session.items)
    lmkd = session.config.stash[SESSION]
    try:
        lmkd.plan(wanted)
        lmkd.open_devices()
    except LmkdError as error:
        _give_up(error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Times each test on a device, for the time left of the run."""
    started_s = time.monotonic()
    result = yield
    if SESSION in item.config.stash:
        for test in _wanted([item]):
            item.config.stash[SESSION].ended(test, time.monotonic() - started_s)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    stash = session.config.stash
    try:
        return (yield)
    finally:
        if SESSION in stash:
            stash[SESSION].close()
        if OPTIONS in stash:
            from pytest_lmkd.run.finish import finish_run  # noqa: PLC0415 - takes a second

            report = finish_run(stash[OPTIONS], stash[BEFORE_BYTES])
            if report is not None:
                stash[REPORT] = report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    report = config.stash.get(REPORT, None)
    if report is None:
        return
    terminalreporter.section("pytest-lmkd")
    write_summary(terminalreporter, report.text)
    terminalreporter.write_line(f"\nreport: {report.html}")
    if report.answer:
        terminalreporter.write_line("")
        write_summary(terminalreporter, report.answer)


def _device_of(item: pytest.Item) -> str:
    """The device that the test is repeated for; empty for one that needs none."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("lmkd_device", "")) if callspec else ""


def _boot_of(item: pytest.Item) -> int:
    """The boot in which the test runs, counted from 0: the first one, unless it is repeated for each."""
    callspec = getattr(item, "callspec", None)
    return int(callspec.params.get("lmkd_boot", 0)) if callspec else 0


def _wanted(items: list[pytest.Item]) -> list[WantedTest]:
    """The tests that run on a device; strata are among their parameters."""
    from pytest_lmkd.run.workload import WantedTest  # noqa: PLC0415 - takes a second

    return [
        WantedTest(
            device,
            item.name.replace(f"{device}-", "").replace(f"[{device}]", ""),
            tuple(item.callspec.params.values()),  # type: ignore[attr-defined]  # it has one, with the device
            _boot_of(item),
        )
        for item in items
        if (device := _device_of(item))
    ]


def _give_up(error: LmkdError) -> NoReturn:
    pytest.exit(str(error), returncode=error.exit_code)
