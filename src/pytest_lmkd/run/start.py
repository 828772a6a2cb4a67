"""Starts a run: in this process for one device, with a worker process per device for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import ResultStore
from pytest_lmkd.devices.source import DeviceSource
from pytest_lmkd.devices.spec import parse_specs
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.run_info import run_info
from pytest_lmkd.run.session import LmkdSession
from pytest_lmkd.run.stash import SESSION
from pytest_lmkd.run.suites import suites_of
from pytest_lmkd.run.terminal import open_terminal
from pytest_lmkd.run.workers import Worker
from pytest_lmkd.run.workers import distribute
from pytest_lmkd.run.workers import may_distribute


def start_run(config: pytest.Config) -> Options:
    """Starts the run in the process that the user started.

    Raises:
        LmkdError: the command is wrong, or names no present device.
    """
    options = Options.of(config)
    if config.getoption("numprocesses", None):
        raise UsageProblem("--lmkd-device cannot be used with -n: each device has a process of its own")
    sources = _sources(options)
    options = with_usual_boots(options, sources)
    check_restarts(sources, options.boots)
    if may_distribute(config, len(sources)):
        store = ResultStore(options.results, resume=options.resumed is not None)
        if options.resumed is None:
            store.write_run(run_info(options, [source.name for source in sources]))
        distribute(config, options, sources)
    else:
        config.stash[SESSION] = LmkdSession(
            options, sources, suites_of(config, options), open_terminal(config)
        )
    if config.option.xmlpath is None and not config.option.collectonly:
        config.option.xmlpath = str(options.results / "junit.xml")
    return options


def start_worker(config: pytest.Config) -> None:
    """Starts the part of a worker: one device."""
    worker = Worker(config)
    sources = _sources(worker.options)
    suites = suites_of(config, worker.options)
    config.stash[SESSION] = LmkdSession(worker.options, sources, suites, worker.listener, worker)


def _sources(options: Options) -> list[DeviceSource]:
    return parse_specs(options.specs, options.cuttlefish, may_reboot=options.may_reboot)


def with_usual_boots(options: Options, sources: Sequence[DeviceSource]) -> Options:
    """The options with a number of boots: where none is given, the least of the devices' usual ones.

    Each boot takes a block at least; with fewer blocks the run keeps to one boot. With a budget it is the
    most boots that the run may have.
    """
    if options.boots:
        return options
    usual = min((source.usual_boots for source in sources), default=1)
    blocks = options.given if options.budget_s else options
    is_enough = all(n is None or n >= usual for n in (blocks.blocks, blocks.pressure_blocks))
    return replace(options, boots=usual if is_enough else 1)


def check_restarts(sources: Sequence[DeviceSource], boots: int) -> None:
    """Raises: UsageProblem: the run has several boots, and a device that it cannot restart."""
    reasons = {source.name: source.reason_no_restart() for source in sources} if boots > 1 else {}
    for name, reason in reasons.items():
        if reason:
            raise UsageProblem(f"{name} cannot be restarted for --lmkd-boots {boots}: {reason}")
