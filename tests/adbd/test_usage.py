"""The daemon rejects wrong usage and protects its socket."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from daemon import PATIENCE_S
from daemon import Daemon

pytestmark = pytest.mark.compiler


def run(adbd: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([adbd, *words], capture_output=True, text=True, check=False, timeout=PATIENCE_S)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--listen",),
        ("--listen", "a", "--console", "b"),
        ("--port", "5555"),
        ("--listen", "a", "b"),
        ("--listen", "a", "--product", "new;features=all"),
    ],
)
def test_wrong_usage(adbd: Path, words: tuple[str, ...]) -> None:
    done = run(adbd, *words)
    assert done.returncode == 2
    assert "Usage: lmkd-adbd" in done.stderr


def test_a_folder_that_others_may_enter_is_refused(adbd: Path, folder: Path) -> None:
    folder.chmod(0o750)
    done = run(adbd, "--listen", folder / "device.sock")
    assert done.returncode == 1
    assert "must be yours and of mode 0700" in done.stderr
    folder.chmod(0o700)


def test_a_path_too_long_for_a_socket_is_refused(adbd: Path, folder: Path) -> None:
    done = run(adbd, "--listen", folder / ("x" * 120))
    assert done.returncode == 1
    assert "longer than the 107 bytes" in done.stderr


def test_a_console_that_is_not_there(adbd: Path, folder: Path) -> None:
    done = run(adbd, "--console", folder / "vport0p1")
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr


def test_a_second_daemon_on_the_same_socket_is_refused(adbd: Path, daemon: Daemon) -> None:
    done = run(adbd, "--listen", daemon.socket_path)
    assert done.returncode == 1
    assert "another daemon listens" in done.stderr


def test_the_socket_of_a_killed_daemon_is_taken_over(adbd: Path, folder: Path) -> None:
    first = Daemon(adbd, folder)
    first.process.kill()
    first.process.wait(PATIENCE_S)
    assert first.socket_path.exists()
    Daemon(adbd, folder).stop()


def test_the_socket_is_private(daemon: Daemon) -> None:
    assert daemon.socket_path.stat().st_mode & 0o777 == 0o600
