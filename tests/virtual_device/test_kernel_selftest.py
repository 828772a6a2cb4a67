"""The kernel's own selftest of process_mrelease(2) passes with every personality: a check from outside.

It is built from the source package that the kernel is built from; nothing of it is ours.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from booted import Device
from own_devices import PATIENCE_S

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_virtual.kernel import TARBALL

pytestmark = pytest.mark.virtual_device

SELFTESTS = "tools/testing/selftests"
WANTED = ("mm/mrelease_test.c", "mm/vm_util.h", "kselftest.h")
REMOTE = "/tmp/mrelease_test"

PAGE_SIZE_HOLDER = "unsigned int __page_size;\n"
"""vm_util.h keeps the page size in a variable of vm_util.c, of which nothing else is needed."""


@pytest.fixture(scope="module")
def selftest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selftest")
    unpack = ["tar", "--extract", "--file", str(TARBALL), "--directory", str(folder), "--strip-components=1"]
    names = [f"{TARBALL.name.removesuffix('.tar.xz')}/{SELFTESTS}/{name}" for name in WANTED]
    subprocess.run([*unpack, *names], check=True)
    source = folder / SELFTESTS / "mm"
    (source / "page_size.c").write_text(PAGE_SIZE_HOLDER)
    program = folder / "mrelease_test"
    sources = [str(source / name) for name in ("mrelease_test.c", "page_size.c")]
    subprocess.run(["gcc", "-static", "-o", str(program), *sources], check=True)
    return program


@pytest.mark.parametrize("personality", lmkd_virtual.PERSONALITIES)
def test_the_kernels_own_selftest_passes(device: Device, selftest: Path) -> None:
    device.transport.push(selftest, REMOTE, 0o755, Deadline(PATIENCE_S))
    done = device.run(REMOTE)
    said = done.stdout.decode()
    assert done.exit_code == 0, said
    assert "ok 1 Success reaping a child" in said
    assert "# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:0 error:0" in said
