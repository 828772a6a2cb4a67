"""Runs of several boots: joined into one, and compared boot by boot."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from identities import identified
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from two_runs import episodes_of
from two_runs import trials_of
from two_runs import write

from lmkd_core.base.errors import UsageProblem
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.analysis.joined import join_runs
from pytest_lmkd.cli import main

BLOCKS = 4


def one_boot(boot: str, shift: float, base_ms: float = 20.0) -> list[object]:
    """A boot in which all of an arm's times are longer by ``shift``."""
    rng = np.random.default_rng(zlib.crc32(boot.encode()))
    times_ms = base_ms * np.exp(shift + rng.normal(0, 0.05, BLOCKS))
    return trials_of([float(time_ms) for time_ms in times_ms], boot_id=boot)


def in_boots(folder: Path, shifts: Sequence[float], base_ms: float = 20.0) -> Path:
    """A run with a boot for each of ``shifts``; blocks are numbered on."""
    trials = [
        msgspec.structs.replace(trial, block=trial.block + BLOCKS * number)
        for number, shift in enumerate(shifts)
        for trial in one_boot(f"{folder.name}-{number}", shift, base_ms)
    ]
    return write(folder, trials)


def named(folder: Path, run_id: str) -> Path:
    """The run under a name of its own."""
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"run_id": run_id}))
    return folder


@pytest.mark.parametrize(("field", "other"), [("hold_ms", 300), ("victim_kb", 4096)])
def test_runs_with_other_holds_or_sizes_are_not_joined(tmp_path: Path, field: str, other: int) -> None:
    first = write(tmp_path / "first", trials_of([10, 11]))
    second = write(tmp_path / "second", trials_of([10, 11], **{field: other}))
    runs = [load_run(named(folder, folder.name)) for folder in (first, second)]
    with pytest.raises(UsageProblem, match=rf"nobody-holds on .* has {field} \d+ in .* and {other} in "):
        join_runs(runs)


def test_joined_runs_keep_every_block_in_its_run_and_boot(tmp_path: Path) -> None:
    first = write(tmp_path / "first", trials_of([10, 11, 12], boot_id="a"), episodes_of([1, 2], boot_id="a"))
    second = write(tmp_path / "second", trials_of([20, 21], boot_id="b"), episodes_of([3], boot_id="b"))
    run = join_runs([load_run(named(folder, folder.name)) for folder in (first, second)])
    assert list(run.trials["block"]) == [0, 1, 2, 3, 4]
    assert list(run.trials["boot_id"]) == ["a", "a", "a", "b", "b"]
    assert [(episode.block, episode.boot_id) for episode in run.episodes] == [(0, "a"), (1, "a"), (3, "b")]


def test_runs_of_different_kernels_are_not_joined(tmp_path: Path) -> None:
    folders = []
    for release in ("6.12.1", "6.12.2"):
        device = msgspec.structs.replace(synthetic_device("phone"), kernel_release=release)
        run = SyntheticRun(synthetic_info(["phone"], blocks=1), [device])
        run.trials = trials_of([10.0], device="phone")
        folders.append(named(run.write(tmp_path / release), release))
    with pytest.raises(UsageProblem, match=r"phone has kernel_release 6\.12\.1 in .* and 6\.12\.2 in"):
        join_runs([load_run(folder) for folder in folders])


def test_runs_of_two_builds_of_one_kernel_are_not_joined(tmp_path: Path) -> None:
    folders = []
    for build in (1, 2):
        device = identified(synthetic_device("phone"), build)
        run = SyntheticRun(synthetic_info(["phone"], blocks=1), [device])
        run.trials = trials_of([10.0], device="phone")
        folders.append(named(run.write(tmp_path / str(build)), str(build)))
    with pytest.raises(UsageProblem, match=r"phone has kernel_image_sha256 \w{64} in .* and \w{64} in"):
        join_runs([load_run(folder) for folder in folders])


def test_runs_of_different_arms_are_not_joined(tmp_path: Path) -> None:
    first, second = (
        load_run(named(write(tmp_path / name, trials_of([10.0])), name)) for name in ("first", "second")
    )
    other = replace(second, info=msgspec.structs.replace(second.info, arms=("kill",)))
    with pytest.raises(UsageProblem, match="only if their arms are the same"):
        join_runs([first, other])


def test_several_base_runs_are_compared_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bases = [
        named(in_boots(tmp_path / f"base{number}", [0.1 * number]), f"base{number}") for number in range(3)
    ]
    candidate = in_boots(tmp_path / "candidate", [0.0, 0.1, 0.2], base_ms=40)
    arguments = [*map(str, bases), str(candidate), "--json"]
    assert main(["compare", *arguments]) == 0
    (pair,) = json.loads(capsys.readouterr().out)["devices"]
    assert pair["boots"] == {"base": 3, "candidate": 3}
    entry = next(entry for entry in pair["comparisons"] if entry["metric"] == "reclaim_90")
    assert entry["interval"]["low"] < 2 < entry["interval"]["high"]


def test_a_slow_boot_is_no_slow_kernel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of one boot a side the blocks differ clearly; over boots the difference is within their scatter."""
    base = in_boots(tmp_path / "base", [0.0, 0.3, -0.3, 0.2, -0.2])
    one = in_boots(tmp_path / "one", [0.0])
    slow = in_boots(tmp_path / "slow", [0.3, 0.3, -0.2, 0.1, 0.0])
    several = main(["gate", str(base), str(slow), "--max-worse", "reclaim_90:10%"])
    assert "boots: 5 of the base, 5 of the candidate" in capsys.readouterr().out
    assert several == 0
    main(["compare", str(base), str(one)])
    assert "no interval includes the differences between boots" in " ".join(capsys.readouterr().out.split())


def test_a_slower_kernel_fails_over_boots(tmp_path: Path) -> None:
    base = in_boots(tmp_path / "base", [0.0, 0.1, -0.1, 0.05, -0.05])
    slow = in_boots(tmp_path / "slow", [0.0, 0.1, -0.1, 0.05, -0.05], base_ms=40)
    for more in ([], ["--together"]):
        assert main(["gate", str(base), str(slow), "--max-worse", "reclaim_90:10%", *more]) == 1


def test_a_drift_of_all_arms_cancels_out_over_boots(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both arms of the candidate take twice as long; relative to the baseline arm nothing changed."""

    def run(name: str, factor: float) -> Path:
        trials = [
            msgspec.structs.replace(trial, arm=arm, block=trial.block + BLOCKS * boot)
            for arm, base_ms in (("kill", 40.0), ("reap-kill", 20.0))
            for boot in range(4)
            for trial in one_boot(f"{name}-{boot}", 0.1 * boot, base_ms * factor)
        ]
        return write(tmp_path / name, trials)

    arguments = [str(run("base", 1)), str(run("candidate", 2)), "--max-worse", "reclaim_90:10%"]
    assert main(["gate", *arguments]) == 1
    assert main(["gate", *arguments, "--to-baseline"]) == 0
    assert "boots: 4 of the base, 4 of the candidate" in capsys.readouterr().out


def test_a_candidate_that_never_comes_back_fails_over_boots_too(tmp_path: Path) -> None:
    base = in_boots(tmp_path / "base", [0.0, 0.1, -0.1])
    never = [trial for boot in range(3) for trial in trials_of([None] * BLOCKS, boot_id=f"never-{boot}")]
    numbered = [msgspec.structs.replace(trial, block=number) for number, trial in enumerate(never)]
    candidate = write(tmp_path / "candidate", numbered)
    for more in ([], ["--together"]):
        assert main(["gate", str(base), str(candidate), "--max-worse", "reclaim_90:10%", *more]) == 1


def test_one_timeout_does_not_hide_a_slow_candidate(tmp_path: Path) -> None:
    base = in_boots(tmp_path / "base", [0.0, 0.1, -0.1, 0.0])
    late = [
        trial
        for boot, shift in enumerate([0.0, 0.1, -0.1, 0.0])
        for trial in one_boot(f"late-{boot}", shift, 200)
    ]
    late = [msgspec.structs.replace(trial, block=number) for number, trial in enumerate(late)]
    late[0] = msgspec.structs.replace(
        late[0], reclaim_50_ns=None, reclaim_90_ns=None, reclaim_99_ns=None, exit_ns=None
    )
    candidate = write(tmp_path / "late", late)
    assert main(["gate", str(base), str(candidate), "--max-worse", "reclaim_90:10%"]) == 1


def test_a_base_run_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    base = in_boots(tmp_path / "base", [0.0])
    assert main(["compare", str(base), str(base), str(in_boots(tmp_path / "new", [0.0]))]) == 2


def test_a_few_kb_of_memory_more_after_a_boot_do_not_matter(tmp_path: Path) -> None:
    runs = [load_run(named(in_boots(tmp_path / name, [0.0]), name)) for name in ("first", "second")]
    device = msgspec.structs.replace(runs[1].devices[0], mem_total_kb=runs[1].devices[0].mem_total_kb + 4)
    assert len(join_runs([runs[0], replace(runs[1], devices=(device,))]).trials) == 2 * BLOCKS
