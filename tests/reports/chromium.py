"""Drives a headless Chromium over its DevTools pipe (no port), and observes its pages.

The browser reads commands on file descriptor 3 and writes answers and events on 4, each a JSON
object that ends with a NUL byte (chrome-devtools-protocol, ``--remote-debugging-pipe``).
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

LAUNCHER = """
import fcntl, os, sys
read_fd, write_fd = (fcntl.fcntl(int(word), fcntl.F_DUPFD, 10) for word in sys.argv[1:3])
os.dup2(read_fd, 3)
os.dup2(write_fd, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the ends of the pipe on the file descriptors that Chromium uses."""

LAYOUTS = [(width, dark) for width in (390, 1280) for dark in (False, True)]
"""The widths in pixels and the colour schemes in which every page is checked."""

ANSWER_S = 60.0
"""A browser that has not answered for this long hangs: a limit, not a measurement."""


@dataclass
class Observed:
    """The requests and errors of a page while it was loaded."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Browser:
    """One page in one browser; made by ``running``."""

    def __init__(self, commands: int, events: int) -> None:
        self._commands = commands
        self._events = events
        self._unread = b""
        self._next_id = 0
        self._session = ""
        self._observed = Observed()
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self._call(f"{domain}.enable")

    def open(self, page: Path, width: int = 1280, *, dark: bool = False, scripts: bool = True) -> Observed:
        """Loads ``page`` to its end and returns every request and error that it caused."""
        self._observed = Observed()
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._call("Page.navigate", url=page.as_uri())
        self._wait_for("Page.loadEventFired")
        self._call("Page.captureScreenshot")  # then everything on the page has been requested
        return self._observed

    def evaluate(self, expression: str) -> Any:
        """Returns the value of a JavaScript expression in the page; a promise is awaited."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, path: Path) -> None:
        """Writes a picture of the page from top to bottom to ``path``."""
        size = self._call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._next_id += 1
        message: dict[str, Any] = {"id": self._next_id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._next_id:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def _wait_for(self, event: str) -> None:
        while self._read().get("method") != event:
            pass

    def _read(self) -> dict[str, Any]:
        """The next message; events are noted on the way."""
        end_s = time.monotonic() + ANSWER_S
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._events], [], [], max(0.0, end_s - time.monotonic()))
            chunk = os.read(self._events, 1 << 20) if ready else b""
            assert chunk, "chromium hung up" if ready else f"chromium was silent for {ANSWER_S} s"
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, params: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self._observed.requests.append(params["request"]["url"])
        elif event == "Log.entryAdded" and params["entry"]["level"] == "error":
            self._observed.errors.append(params["entry"]["text"])
        elif event == "Runtime.exceptionThrown":
            self._observed.errors.append(params["exceptionDetails"]["text"])
        elif event == "Runtime.consoleAPICalled" and params["type"] == "error":
            self._observed.errors.append(str(params["args"]))


@contextmanager
def running(program: str, profile: Path) -> Iterator[Browser]:
    """A browser with ``profile`` as its user data, ended with its children on leaving."""
    command_read, command_write = os.pipe()
    event_read, event_write = os.pipe()
    chromium = [program, *FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER, str(command_read), str(event_write), *chromium],
        pass_fds=(command_read, event_write),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(command_read)
    os.close(event_write)
    try:
        yield Browser(command_write, event_read)
    finally:
        os.close(command_write)
        os.close(event_read)
        os.killpg(process.pid, signal.SIGKILL)  # the browser's own session, with its children
        process.wait()


def check_page(browser: Browser, page: Path, width: int, *, dark: bool) -> None:
    """Checks that ``page`` requests nothing else, logs no error, fits the width and follows the scheme."""
    observed = browser.open(page, width, dark=dark)
    assert observed.errors == []
    assert [url for url in observed.requests if not url.startswith("data:")] == [page.as_uri()]
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)"
    )
