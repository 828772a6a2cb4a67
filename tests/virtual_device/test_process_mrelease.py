"""The kernel patch: what process_mrelease(2) answers under each personality, and what becomes of the target.

The cases are brought about by mrelease_cases/, run as root in the guest. Stock's column is upstream 6.12.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from booted import PATIENCE_S
from booted import Device

from pytest_lmkd.deadline import Deadline
from pytest_lmkd.toolchain import build_static

STOCK, V2, V3, EXIT_MM = "stock", "reap-kill-v2", "reap-kill-v3", "exit-mm"
ALL = (STOCK, V2, V3, EXIT_MM)
NO_FLAG = (STOCK, EXIT_MM)
REAP_KILL = (V2, V3)
NO_FALLBACK = (STOCK, V2, V3)

# (case, flags): {personalities: what the program says}
ANSWERS: dict[tuple[str, int], dict[tuple[str, ...], str]] = {
    ("bad-fd", 0): {ALL: "ret=EBADF"},
    ("bad-fd", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=EBADF"},
    ("bad-fd", 2): {ALL: "ret=EINVAL"},  # flags are looked at before the descriptor
    ("bad-fd", 0x80000001): {ALL: "ret=EINVAL"},
    ("gone", 0): {ALL: "ret=ESRCH"},
    ("gone", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=ESRCH"},
    ("kernel-thread", 0): {ALL: "ret=ESRCH"},
    ("kernel-thread", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=ESRCH"},
    ("init", 0): {ALL: "ret=EINVAL"},
    ("init", 1): {NO_FLAG: "ret=EINVAL", (V3,): "ret=EBUSY"},  # v2 reaps it, and the kernel panics
    ("live", 0): {ALL: "ret=EINVAL target=alive freed=no"},
    ("live", 1): {
        NO_FLAG: "ret=EINVAL target=alive freed=no",
        REAP_KILL: "ret=0 target=SIGKILL freed=yes",
    },
    ("live", 3): {ALL: "ret=EINVAL target=alive freed=no"},
    ("zombie", 0): {NO_FALLBACK: "ret=ESRCH target=exit 0", (EXIT_MM,): "ret=0 target=exit 0"},
    ("zombie", 1): {NO_FLAG: "ret=EINVAL target=exit 0", REAP_KILL: "ret=ESRCH target=exit 0"},
    ("dying", 0): {ALL: "ret=0 freed=yes"},
    ("dying", 1): {NO_FLAG: "ret=EINVAL freed=no", REAP_KILL: "ret=0 freed=yes"},
    ("sharer", 0): {ALL: "ret=EINVAL target=alive sharer=alive freed=no"},
    ("sharer", 1): {
        (*NO_FLAG, V2): "ret=EINVAL target=alive sharer=alive freed=no",
        (V3,): "ret=0 target=SIGKILL sharer=SIGKILL freed=yes",
    },
    ("sharer-gone", 0): {ALL: "ret=EINVAL target=alive"},
    ("sharer-gone", 1): {(*NO_FLAG, V2): "ret=EINVAL target=alive", (V3,): "ret=0 target=SIGKILL"},
    ("dying-sharer", 0): {ALL: "ret=EINVAL freed=no sharer=alive"},
    ("dying-sharer", 1): {
        (*NO_FLAG, V2): "ret=EINVAL freed=no sharer=alive",
        (V3,): "ret=0 freed=yes sharer=SIGKILL",
    },
    ("zombie-sharer", 0): {
        NO_FALLBACK: "ret=ESRCH freed=no sharer=alive",
        (EXIT_MM,): "ret=EINVAL freed=no sharer=alive",
    },
    ("zombie-sharer", 1): {
        NO_FLAG: "ret=EINVAL freed=no sharer=alive",
        REAP_KILL: "ret=ESRCH freed=no sharer=alive",
    },
    ("vfork", 0): {ALL: "ret=EINVAL child=alive target=alive"},
    ("vfork", 1): {
        NO_FLAG: "ret=EINVAL child=alive target=alive",
        (V2,): "ret=0 child=SIGBUS target=SIGKILL",  # the child's memory was taken from under it
        (V3,): "ret=0 child=SIGKILL target=SIGKILL",
    },
    ("other-user", 0): {ALL: "ret=EINVAL target=alive freed=no"},
    ("other-user", 1): {
        NO_FLAG: "ret=EINVAL target=alive freed=no",
        (V2,): "ret=EPERM target=alive freed=no",
        (V3,): "ret=EBUSY target=alive freed=no",
    },
    ("dying-other-user", 0): {ALL: "ret=0 freed=yes"},
    ("dying-other-user", 1): {
        NO_FLAG: "ret=EINVAL freed=no",
        (V2,): "ret=EPERM freed=no",
        (V3,): "ret=EBUSY freed=no",
    },
    ("sharer-of-other-user", 0): {ALL: "ret=EINVAL target=alive sharer=alive freed=no"},
    ("sharer-of-other-user", 1): {
        (*NO_FLAG, V2): "ret=EINVAL target=alive sharer=alive freed=no",
        (V3,): "ret=EBUSY target=SIGKILL sharer=alive freed=no",  # the kill that was sent stands
    },
    ("outside-pid-namespace", 0): {ALL: "ret=EINVAL target=alive freed=no"},
    ("outside-pid-namespace", 1): {
        NO_FLAG: "ret=EINVAL target=alive freed=no",
        (V2,): "ret=0 target=SIGKILL freed=yes",
        (V3,): "ret=EBUSY target=alive freed=no",
    },
    ("oom-reaped", 0): {ALL: "ret=0 freed=yes"},
    ("oom-reaped", 1): {NO_FLAG: "ret=EINVAL freed=yes", REAP_KILL: "ret=0 freed=yes"},
    ("coredump", 0): {ALL: "ret=EINVAL"},
    ("coredump", 1): {NO_FLAG: "ret=EINVAL", REAP_KILL: "ret=0"},
    ("holder-of-live", 0): {ALL: "ret=EINVAL freed=no target=alive"},
    ("holder-of-live", 1): {
        NO_FLAG: "ret=EINVAL freed=no target=alive",
        REAP_KILL: "ret=0 freed=yes target=SIGKILL",
    },
    ("holder-of-zombie", 0): {
        NO_FALLBACK: "before=no ret=ESRCH freed=no after=yes",
        (EXIT_MM,): "before=no ret=0 freed=yes after=yes",
    },
    ("holder-of-zombie", 1): {
        NO_FLAG: "before=no ret=EINVAL freed=no after=yes",
        REAP_KILL: "before=no ret=ESRCH freed=no after=yes",
    },
}

RACES = {
    (0, NO_FALLBACK): {"ok=seen ESRCH=seen", "ok=seen ESRCH=never", "ok=never ESRCH=seen"},
    (0, (EXIT_MM,)): {"ok=seen ESRCH=never"},
    (1, REAP_KILL): {"ok=seen ESRCH=seen", "ok=seen ESRCH=never", "ok=never ESRCH=seen"},
}


def rows() -> Iterator[object]:
    for (case, flags), columns in ANSWERS.items():
        for personalities, answer in columns.items():
            for personality in personalities:
                yield pytest.param(personality, case, flags, answer, id=f"{personality}-{case}-{flags:#x}")


def races() -> Iterator[object]:
    for (flags, personalities), answers in RACES.items():
        for personality in personalities:
            yield pytest.param(personality, flags, answers, id=f"{personality}-{flags}")


@pytest.fixture(scope="session")
def program(checkout: Path) -> Path:
    source = checkout / "tests" / "virtual_device" / "mrelease_cases"
    return build_static("mrelease-cases", source, "x86_64", print)


@pytest.fixture
def look(device: Device, program: Path) -> Iterator[object]:
    """Runs one case in the guest; afterwards the kernel must not have complained."""
    remote = "/data/local/tmp/mrelease-cases"
    deadline = Deadline(PATIENCE_S)
    if device.transport.stat(remote, deadline) is None:
        device.transport.push(program, remote, 0o755, deadline)

    def look_at(case: str, flags: int) -> str:
        return " ".join(device.output(f"{remote} {case} {flags:#x}").splitlines())

    yield look_at
    assert device.run("dmesg | grep -E 'BUG|Oops|WARNING|INFO: |Bad page|Bad rss'").stdout == b""


@pytest.mark.parametrize(("personality", "case", "flags", "answer"), list(rows()))
def test_answer(look, case: str, flags: int, answer: str) -> None:
    assert look(case, flags) == answer


@pytest.mark.parametrize(("personality", "flags", "answers"), list(races()))
def test_race_with_exit(look, flags: int, answers: set[str]) -> None:
    assert look("race", flags) in answers
