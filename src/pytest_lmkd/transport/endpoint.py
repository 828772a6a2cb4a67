"""The address of an adb server: a TCP port or a Unix socket."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base.errors import UsageProblem

DEFAULT_PORT = 5037

UNIX_PATH_MAX_BYTES = 107
"""``sizeof(sun_path) - 1`` on Linux, see unix(7)."""

_TCP_SPEC = re.compile(r"tcp:(?:(?P<host>\[[^]]+\]|[^:]+):)?(?P<port>[0-9]+)")


@dataclass(frozen=True, slots=True)
class TcpEndpoint:
    """An adb server on a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def is_on_this_machine(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def connect(self, timeout_s: float) -> socket.socket:
        """A connected socket. Raises: OSError."""
        return socket.create_connection((self.host, self.port), timeout=timeout_s)


@dataclass(frozen=True, slots=True)
class UnixEndpoint:
    """An adb server on a Unix socket."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def is_on_this_machine(self) -> bool:
        return True

    def connect(self, timeout_s: float) -> socket.socket:
        """A connected socket. Raises: OSError."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(timeout_s)
            connection.connect(str(self.path))
        except BaseException:
            connection.close()
            raise
        return connection


Endpoint = TcpEndpoint | UnixEndpoint


def check_unix_path(path: Path) -> Path:
    """``path`` itself, if it is short enough for a Unix socket.

    Raises:
        UsageProblem: it is longer than Linux allows.
    """
    length = len(os.fsencode(path))
    if length > UNIX_PATH_MAX_BYTES:
        raise UsageProblem(
            f"the path {path} has {length} bytes, but a Unix socket allows {UNIX_PATH_MAX_BYTES}: "
            "use a folder with a shorter path (set XDG_RUNTIME_DIR, XDG_CACHE_HOME or TMPDIR)"
        )
    return path


def endpoint_from_environment(environment: Mapping[str, str] = os.environ) -> Endpoint:
    """The user's adb server, from the variables that adb itself reads, in adb's order.

    ``ADB_SERVER_SOCKET`` (``tcp:[HOST:]PORT`` or ``localfilesystem:PATH``), else
    ``ANDROID_ADB_SERVER_ADDRESS`` and ``ANDROID_ADB_SERVER_PORT``, else 127.0.0.1:5037.

    Raises:
        UsageProblem: a variable has an invalid value.
    """
    spec = environment.get("ADB_SERVER_SOCKET", "")
    if spec:
        return _parse_socket_spec(spec)
    host = environment.get("ANDROID_ADB_SERVER_ADDRESS") or "127.0.0.1"
    port = environment.get("ANDROID_ADB_SERVER_PORT") or str(DEFAULT_PORT)
    return TcpEndpoint(host, parse_port(port, f"ANDROID_ADB_SERVER_PORT={port}"))


def parse_port(text: str, where: str) -> int:
    """The TCP port ``text``; error messages quote ``where``, the place it was given in.

    Raises:
        UsageProblem: it is not a number from 1 to 65535.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise UsageProblem(f"{where} is not a valid port: use a number from 1 to 65535")
    return int(text)


def _parse_socket_spec(spec: str) -> Endpoint:
    if spec.startswith("localfilesystem:"):
        return UnixEndpoint(check_unix_path(Path(spec.removeprefix("localfilesystem:"))))
    match = _TCP_SPEC.fullmatch(spec)
    if match is None:
        raise UsageProblem(f"ADB_SERVER_SOCKET={spec} is invalid: use tcp:HOST:PORT or localfilesystem:PATH")
    host = (match["host"] or "127.0.0.1").strip("[]")
    return TcpEndpoint(host, parse_port(match["port"], f"ADB_SERVER_SOCKET={spec}"))
