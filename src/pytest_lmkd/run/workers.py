"""Several devices at once: one worker process of pytest-xdist for each, bound to it by its environment.

The process that the user started has no device. It writes ``run.json``, shows the workers' messages, and
writes the report. Each worker continues that run for its device, as ``--lmkd-resume`` does. A worker that
dies is replaced by one for the same device, which runs the missing trials.

``--dist=loadgroup`` does not serve: under pytest 9.2 pytest-xdist 3.8 silently ignores its groups
(pytest-dev/pytest-xdist#1386), and two workers would drive one device.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote
from urllib.parse import unquote

import msgspec
import pytest
from xdist.scheduler import EachScheduling

from lmkd_core.base.errors import EXIT_NO_DEVICE
from lmkd_core.base.names import file_name
from lmkd_core.timing.size import Size
from pytest_lmkd.run.host_turn import turns
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.progress_link import ProgressReceiver
from pytest_lmkd.run.progress_link import ProgressSender
from pytest_lmkd.run.terminal import open_terminal

if TYPE_CHECKING:
    from pytest_lmkd.devices.source import DeviceSource

DEVICE_VARIABLE = "PYTEST_LMKD_DEVICE"
"""Number and percent-encoded SPEC of a worker's device; xdist passes it on to a replacement."""

WORKER_KEY = "lmkd"
"""The key of our entries in xdist's ``workerinput`` and ``workeroutput``."""

REPLACEMENTS_EACH = 3


def _environment(number: int, source: DeviceSource) -> str:
    """A worker's execnet specification; ``//`` separates its parts."""
    device = f"{number}:{quote(source.spec, safe='')}"
    return f"popen//id=dev-{file_name(source.name)}//env:{DEVICE_VARIABLE}={device}"


class Worker:
    """This process as a worker: its device's number in the run, and its options."""

    def __init__(self, config: pytest.Config) -> None:
        shared: dict[str, Any] = config.workerinput[WORKER_KEY]  # type: ignore[attr-defined]  # xdist adds it
        number, _, spec = os.environ[DEVICE_VARIABLE].partition(":")
        option = config.option
        option.lmkd_results = option.lmkd_budget = option.lmkd_label = (
            None  # those of the run, in its run.json
        )
        option.lmkd_resume = shared["results"]
        self.number = int(number)
        self.options = replace(Options.of(config), specs=(unquote(spec),), html=None)
        progress = Path(shared["progress"])
        self.folder = progress.parent
        """Private to the user, and shared by the run's processes until its end."""
        self.listener = ProgressSender(progress)
        self._config = config
        self.rounds = int(shared["rounds"])
        """How many devices take turns with this one, itself included."""
        self.is_new_run = bool(shared["is_new"])

    def agree(self, choose: Callable[[], tuple[Size, list[str]]]) -> tuple[Size, list[str]]:
        """The size that the first worker of the run chose, with lines for that one's user only."""
        path = self.folder / "size.json"
        with (self.folder / "size.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return msgspec.json.decode(path.read_bytes(), type=Size), []
            size, lines = choose()
            path.write_bytes(msgspec.json.encode(size))
            return size, lines

    def device_is_unusable(self, reason: str) -> None:
        """Reports to the process that the user started that this worker's device cannot be used."""
        self._config.workeroutput[WORKER_KEY] = reason  # type: ignore[attr-defined]  # xdist adds it


def may_distribute(config: pytest.Config, devices: int) -> bool:
    """Whether each of that many devices gets a process."""
    option = config.option
    alone = option.collectonly or option.usepdb or not config.pluginmanager.hasplugin("xdist")
    return devices > 1 and not alone


def distribute(config: pytest.Config, options: Options, sources: Sequence[DeviceSource]) -> None:
    """Makes xdist start a worker per device. Call it before xdist reads its own options."""
    config.option.dist = "each"
    config.option.tx = [_environment(number, source) for number, source in enumerate(sources)]
    if config.option.maxworkerrestart is None:
        config.option.maxworkerrestart = str(REPLACEMENTS_EACH * len(sources))
    config.pluginmanager.register(Controller(config, options, sources), "lmkd-workers")


class Controller:
    """The hooks in the process that the user started."""

    def __init__(self, config: pytest.Config, options: Options, sources: Sequence[DeviceSource]) -> None:
        self._options = options
        self._devices = devices = len(sources)
        self._rounds = -(-sum(source.runs_here for source in sources) // turns()) or 1
        self._unusable: list[str] = []
        self._session: pytest.Session | None = None
        self._terminal = open_terminal(config, devices)
        self._receiver = ProgressReceiver(self._terminal)

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist has no type for it
        node.workerinput[WORKER_KEY] = {
            "results": str(self._options.results.absolute()),
            "progress": str(self._receiver.path),
            "rounds": self._rounds,
            "is_new": self._options.resumed is None,
        }

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> EachScheduling:  # noqa: ANN401
        return EachDevice(config, log, self._session)

    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401
        reason = getattr(node, "workeroutput", {}).get(WORKER_KEY)
        if reason:
            self._unusable.append(reason)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self._unusable) == self._devices:
            session.exitstatus = EXIT_NO_DEVICE

    def pytest_unconfigure(self) -> None:
        self._receiver.close()


class EachDevice(EachScheduling):  # type: ignore[misc]  # xdist is untyped for us
    """xdist's scheduler with the right number of tests: xdist counts one worker's only (``[300%]``)."""

    def __init__(self, config: pytest.Config, log: Any, session: pytest.Session | None) -> None:  # noqa: ANN401
        super().__init__(config, log)
        self._session = session

    def schedule(self) -> None:
        if self._session is not None:
            self._session.testscollected = sum(map(len, self.node2collection.values()))
        super().schedule()
