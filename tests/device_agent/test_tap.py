"""``lmkd-conformance --tap``: judges this machine's kernel by itself, and says so in KTAP."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ktap import Result
from ktap import read_ktap
from processes import ends
from sanitized import WARNINGS
from sanitized import sanitized_program

from lmkd_core.base.toolchain import SOURCES
from lmkd_core.base.toolchain import ZIG_TARGETS
from lmkd_core.base.toolchain import source_files
from lmkd_core.base.toolchain import static_program
from pytest_lmkd.conformance.answers import ALL
from pytest_lmkd.conformance.answers import NEEDS_ROOT
from pytest_lmkd.conformance.answers import RISKY
from pytest_lmkd.conformance.program import PROGRAM
from pytest_lmkd.conformance.variant import QUESTIONS

pytestmark = [pytest.mark.compiler, pytest.mark.host_kernel]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")

PASS, FAIL, SKIP = 0, 1, 4
"""The exit codes of kselftest (tools/testing/selftests/kselftest.h)."""

NOBODY = 65534


SHARING = {"sharer", "sharer-gone", "dying-sharer", "zombie-sharer", "vfork", "sharer-of-other-user"}
"""Cases with two processes in one address space, which ASan cannot follow."""


@pytest.fixture(scope="module")
def program() -> Path:
    path = static_program(PROGRAM, "x86_64", print)
    status, output = run_tap(path)
    if status == SKIP:
        pytest.skip(output)
    return path


def run_tap(program: Path, *options: str, user: int | None = None) -> tuple[int, str]:
    """The exit status and the output; nothing may go to stderr."""
    done = subprocess.run(
        [program, "--tap", *options], capture_output=True, text=True, user=user, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_this_kernel_passes(program: Path) -> None:
    status, output = run_tap(program)
    results = read_ktap(output)
    assert status == PASS
    assert list(results) == [f"{case}-{flags:#x}" for case, flags in QUESTIONS]
    assert all(result.is_ok for result in results.values()), output
    assert results["bad-fd-0x0"].skipped == ""


def test_the_sanitizers_find_nothing(checkout: Path) -> None:
    results = read_ktap(run_tap(sanitized_program(PROGRAM, checkout))[1])
    failed = {name.rpartition("-")[0]: result for name, result in results.items() if not result.is_ok}
    assert failed.keys() <= SHARING, failed


def test_what_puts_the_machine_at_risk_is_skipped_with_its_reason(program: Path) -> None:
    results = read_ktap(run_tap(program)[1])
    for case, risk in RISKY.items():
        assert results[f"{case}-0x0"].skipped == f"only with --risky: {risk}"


def test_a_kernel_is_held_to_the_variant_that_it_ought_to_be(program: Path) -> None:
    statuses = {variant: run_tap(program, "--variant", variant)[0] for variant in ALL}
    assert sorted(statuses.values()) == [PASS, FAIL, FAIL, FAIL]
    described = read_ktap(run_tap(program)[1])["bad-fd-0x0"].explained[0]
    detected = described.rpartition(" ")[2]
    assert statuses[detected] == PASS


@pytest.fixture
def for_all(program: Path) -> Iterator[Path]:
    """The program in a folder that every user may enter."""
    folder = Path(subprocess.check_output(["mktemp", "-d", "-p", "/var/tmp"], text=True).strip())
    folder.chmod(0o755)
    yield Path(shutil.copy(program, folder))
    shutil.rmtree(folder)


@needs_root
def test_without_root_the_rest_passes(for_all: Path) -> None:
    status, output = run_tap(for_all, user=NOBODY)
    results = read_ktap(output)
    assert status == PASS
    assert all(result.is_ok for result in results.values()), output
    for case in NEEDS_ROOT.keys() - RISKY.keys():
        assert results[f"{case}-0x0"].skipped == f"root is missing: {NEEDS_ROOT[case]}"
    assert results["live-0x0"].skipped == ""


@pytest.mark.skipif(shutil.which("prove") is None, reason="prove is not installed (Debian package perl)")
def test_perls_harness_reads_it(program: Path) -> None:
    done = subprocess.run(
        ["prove", "-e", "", str(program), "::", "--tap"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tests={len(QUESTIONS)}," in done.stdout


def altered(checkout: Path, folder: Path, *changes: tuple[str, str, str]) -> Path:
    """The program with changed sources: in each file, a text replaced by another."""
    trees = [shutil.copytree(checkout / tree, folder / tree) for tree in SOURCES[PROGRAM]]
    for name, text, other in changes:
        source = folder / "device_agent" / name
        assert source.read_text().count(text) == 1, (name, text)
        source.write_text(source.read_text().replace(text, other))
    sources = [str(source) for tree in trees for source in source_files(tree, "*.c")]
    includes = [f"-I{tree}" for tree in trees]
    subprocess.run(["gcc", *WARNINGS, "-pthread", *includes, "-o", folder / PROGRAM, *sources], check=True)
    return folder / PROGRAM


@pytest.fixture(scope="module")
def failures(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Result]]:
    """A kernel that answers otherwise than required, a case that cannot run, and one that never ends."""
    program = altered(
        checkout,
        tmp_path_factory.mktemp("altered"),
        ("lib/sys.h", "pidfd, flags);", "pidfd, pidfd == -1 && flags == 2 ? 0 : flags);"),
        ("conformance/basic.c", "let_go(&target);", 'flags == 0 ? die("let go") : let_go(&target);'),
        ("conformance/sharing.c", "let_go(&sharer);", "flags == 0 ? pause() : 0;\n\tlet_go(&sharer);"),
        ("conformance/sharing.c", '#include "case.h"', '#include <unistd.h>\n#include "case.h"'),
        ("conformance/apart.c", "LIMIT_S = 30", "LIMIT_S = 1"),
    )
    status, output = run_tap(program)
    assert all(map(ends, pids_of(program)))
    return status, read_ktap(output)


def pids_of(program: Path) -> Iterator[int]:
    """The processes of the program; those of a case that failed may still be dying."""
    for link in Path("/proc").glob("[0-9]*/exe"):
        with suppress(OSError):  # it has ended, or is a kernel thread
            if link.readlink() == program:
                yield int(link.parent.name)


def test_another_answer_fails_and_is_shown_beside_the_required_one(
    failures: tuple[int, dict[str, Result]],
) -> None:
    status, results = failures
    assert status == FAIL
    assert not results["bad-fd-0x2"].is_ok
    required, answered = results["bad-fd-0x2"].explained
    assert required.endswith(": ret=EINVAL")
    assert answered == "answered: ret=EBADF"


def test_a_case_that_could_not_run_fails_with_the_reason(failures: tuple[int, dict[str, Result]]) -> None:
    result = failures[1]["zombie-0x0"]
    assert not result.is_ok
    assert result.explained[-1].startswith("the case could not run (exit status 1): let go: ")


def test_a_case_that_hangs_fails_and_the_others_still_run(failures: tuple[int, dict[str, Result]]) -> None:
    results = failures[1]
    failed = [name for name, result in results.items() if not result.is_ok]
    assert failed == ["bad-fd-0x2", "zombie-0x0", "sharer-gone-0x0"]
    assert results["sharer-gone-0x0"].explained[-1].startswith("the case did not end")
    assert len(results) == len(QUESTIONS)


def test_a_kernel_without_the_call_is_skipped_as_a_whole(checkout: Path, tmp_path: Path) -> None:
    program = altered(checkout, tmp_path, ("lib/sys.h", "SYS_process_mrelease, pidfd", "9999, pidfd"))
    assert run_tap(program) == (
        SKIP,
        "KTAP version 1\n1..0 # SKIP the kernel answers ENOSYS to process_mrelease(-1, 0)\n",
    )


def test_the_command_of_the_page_builds_it(checkout: Path, tmp_path: Path) -> None:
    page = (checkout / "docs" / "conformance.md").read_text()
    command = "gcc " + page.partition("\ngcc ")[2].partition("\n./lmkd-conformance --tap\n")[0]
    (tmp_path / "device_agent").symlink_to(checkout / "device_agent")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    assert run_tap(tmp_path / PROGRAM)[0] == PASS


@pytest.mark.parametrize(
    "words",
    [
        ["--tap", "--other"],
        ["--tap", "--variant"],
        ["--tap", "--variant", "v9"],
        ["--risky"],
        ["no-such-case", "0"],
        [],
    ],
)
def test_wrong_usage(program: Path, words: list[str]) -> None:
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--tap [--risky] [--variant NAME]" in done.stderr


@pytest.mark.parametrize("abi", ZIG_TARGETS)
def test_it_stays_small(abi: str) -> None:
    assert static_program(PROGRAM, abi, print).stat().st_size <= 96 * 1024
