"""Runs commands on a device and transfers files, each call within a deadline; see ``protocol.Transport``."""

from pytest_lmkd.transport.adb import AdbTransport
from pytest_lmkd.transport.endpoint import TcpEndpoint
from pytest_lmkd.transport.endpoint import UnixEndpoint
from pytest_lmkd.transport.private_server import PrivateAdbServer
from pytest_lmkd.transport.protocol import Completed
from pytest_lmkd.transport.protocol import LineStream
from pytest_lmkd.transport.protocol import RemoteFile
from pytest_lmkd.transport.protocol import Transport
from pytest_lmkd.transport.server import AdbServer

__all__ = [
    "AdbServer",
    "AdbTransport",
    "Completed",
    "LineStream",
    "PrivateAdbServer",
    "RemoteFile",
    "TcpEndpoint",
    "Transport",
    "UnixEndpoint",
]
