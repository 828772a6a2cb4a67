"""Several devices at once: one worker process of pytest-xdist for each, bound to it by its environment.

The process that the user started holds no device. It writes ``run.json``, shows what the workers have to
say, and makes the report; each worker goes on with that run, as ``--lmkd-resume`` does, for its device
alone. A worker that dies is replaced by one for the same device, which makes the missing trials.

Not by ``--dist=loadgroup``: under pytest 9.2 pytest-xdist 3.8 ignores its groups without a word
(pytest-dev/pytest-xdist#1386), and two workers would drive one device.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote
from urllib.parse import unquote

import pytest
from xdist.scheduler import EachScheduling

from lmkd_core.base.errors import EXIT_NO_DEVICE
from lmkd_core.base.names import file_name
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.progress_link import ProgressReceiver
from pytest_lmkd.run.progress_link import ProgressSender
from pytest_lmkd.run.terminal import TerminalLine

if TYPE_CHECKING:
    from pytest_lmkd.devices.source import DeviceSource

DEVICE_VARIABLE = "PYTEST_LMKD_DEVICE"
"""Number and percent-encoded SPEC of a worker's device; xdist hands it on to the worker's replacement."""

SHARE = "lmkd"
"""Under this name xdist tells a worker of the run (workerinput), and us of its device (workeroutput)."""

REPLACEMENTS_EACH = 3


def _environment(number: int, source: DeviceSource) -> str:
    """A worker's execnet specification, in which ``//`` separates."""
    device = f"{number}:{quote(source.spec, safe='')}"
    return f"popen//id=dev-{file_name(source.name)}//env:{DEVICE_VARIABLE}={device}"


class Worker:
    """What this process is when it is a worker: which device of the run it has, and its options."""

    def __init__(self, config: pytest.Config) -> None:
        shared: dict[str, str] = config.workerinput[SHARE]  # type: ignore[attr-defined]  # xdist adds it
        number, _, spec = os.environ[DEVICE_VARIABLE].partition(":")
        config.option.lmkd_results, config.option.lmkd_resume = None, shared["results"]
        self.number = int(number)
        self.options = replace(Options.of(config), specs=(unquote(spec),), html=None)
        progress = Path(shared["progress"])
        self.folder = progress.parent
        """Private to the user and shared by the run's processes for as long as it lasts."""
        self.told = ProgressSender(progress)
        self._config = config

    def device_is_unusable(self, reason: str) -> None:
        """Tells the process that the user started."""
        self._config.workeroutput[SHARE] = reason  # type: ignore[attr-defined]  # xdist adds it


def may_distribute(config: pytest.Config, devices: int) -> bool:
    """Whether that many devices get a process each."""
    option = config.option
    alone = option.collectonly or option.usepdb or not config.pluginmanager.hasplugin("xdist")
    return devices > 1 and not alone


def distribute(config: pytest.Config, options: Options, sources: Sequence[DeviceSource]) -> None:
    """Has xdist start a worker for each device; to be called before it looks at its own options."""
    config.option.dist = "each"
    config.option.tx = [_environment(number, source) for number, source in enumerate(sources)]
    if config.option.maxworkerrestart is None:
        config.option.maxworkerrestart = str(REPLACEMENTS_EACH * len(sources))
    config.pluginmanager.register(Controller(config, options, len(sources)), "lmkd-workers")


class Controller:
    """The hooks of the process that the user started."""

    def __init__(self, config: pytest.Config, options: Options, devices: int) -> None:
        self._options = options
        self._devices = devices
        self._unusable: list[str] = []
        self._session: pytest.Session | None = None
        terminal = TerminalLine(config)
        self._receiver = ProgressReceiver(terminal)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist has no type for it
        node.workerinput[SHARE] = {
            "results": str(self._options.results.absolute()),
            "progress": str(self._receiver.path),
        }

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> EachScheduling:  # noqa: ANN401
        return EachDevice(config, log, self._session)

    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401
        reason = getattr(node, "workeroutput", {}).get(SHARE)
        if reason:
            self._unusable.append(reason)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self._unusable) == self._devices:
            session.exitstatus = EXIT_NO_DEVICE

    def pytest_unconfigure(self) -> None:
        self._receiver.close()


class EachDevice(EachScheduling):  # type: ignore[misc]  # xdist is untyped for us
    """xdist's own, but for the number of tests: it takes one worker's for that of all (``[300%]``)."""

    def __init__(self, config: pytest.Config, log: Any, session: pytest.Session | None) -> None:  # noqa: ANN401
        super().__init__(config, log)
        self._session = session

    def schedule(self) -> None:
        if self._session is not None:
            self._session.testscollected = sum(map(len, self.node2collection.values()))
        super().schedule()
