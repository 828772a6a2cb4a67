"""Tests the app's calls into Java in a real JVM, which checks them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lmkd_apks.library import include_flags

pytestmark = pytest.mark.compiler

PROGRAM = Path(__file__).parent / "jni_in_a_jvm.c"


@pytest.fixture
def jvm() -> Path:
    """The library of the JVM whose keytool the build uses."""
    keytool = shutil.which("keytool")
    assert keytool is not None
    return Path(keytool).resolve().parent.parent / "lib/server/libjvm.so"


def test_a_real_jvm_understands_the_app(jvm: Path, checkout: Path, tmp_path: Path) -> None:
    native = checkout / "apk-workloads/native"
    (tmp_path / "jni.h").symlink_to(native / "bionic/jni.h")
    words = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}", *include_flags()]
    program = tmp_path / "jni_in_a_jvm"
    subprocess.run(["gcc", *words, "-o", program, PROGRAM, native / "app/java.c"], check=True)
    done = subprocess.run([program, jvm], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    assert "WARNING" not in done.stdout, done.stdout
