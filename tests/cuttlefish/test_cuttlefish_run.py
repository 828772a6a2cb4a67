"""Runs a suite on a stand-in Cuttlefish: real pytest, real adb server, real kills."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from workshop import Workshop

pytestmark = pytest.mark.virtual_device

STRATUM = "test_memory_comes_back and undisturbed-64MB-1t"


def pytest_run(workshop: Workshop, checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest with the workshop's host in place of this one, and with its launchers on PATH."""
    here = os.fspath(Path(__file__).parent)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", os.fspath(checkout / "suites" / "reclaim"), "-k", STRATUM),
            *("-p", "stand_in_host", "-p", "no:cacheprovider", "--lmkd-results", "out", *words),
        ],
        cwd=workshop.folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH")))),
            "PATH": f"{workshop.program('cvd').parent}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def records(workshop: Workshop) -> list[dict]:
    return [json.loads(line) for line in (workshop.folder / "out/records/cuttlefish-1.jsonl").open()]


def test_one_block_is_measured_on_an_instance_of_our_own(workshop: Workshop, checkout: Path) -> None:
    kernel = workshop.folder / "bzImage"
    kernel.write_bytes(b"an image")
    done = pytest_run(
        workshop,
        checkout,
        *("--lmkd-device", "cuttlefish", "--lmkd-blocks", "1", "--lmkd-seed", "3"),
        *("--lmkd-cuttlefish", f"adb_base_port={workshop.base_port}"),
        *("--lmkd-cuttlefish", f"kernel={kernel}", "--lmkd-cuttlefish", "memory_mb=2048"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    kinds = [record["type"] for record in records(workshop) if not record.get("warmup")]
    assert (kinds.count("device"), kinds.count("trial")) == (1, 3)
    assert all(record["valid"] for record in records(workshop) if record["type"] == "trial")
    (device,) = (record for record in records(workshop) if record["type"] == "device")
    assert device["facts"]["kernel_image_sha256"] == {
        "value": hashlib.sha256(b"an image").hexdigest(),
        "source": f"kernel={kernel}",
        "reason": "",
    }
    assert "initramfs_sha256" not in device["facts"]  # the launcher's own, which we do not know
    assert device["facts"]["host_cpus"]["value"] == os.cpu_count()
    assert "cuttlefish-1: Virtual device booted successfully" in done.stdout
    create, *others = workshop.commands()
    assert {f"--kernel_path={kernel}", "--memory_mb=2048", "--base_instance_num=1"} <= set(create)
    assert [words[2] for words in others] == ["stop", "remove"]
    assert workshop.running() == []


def test_a_launcher_that_fails_ends_the_run_with_exit_code_3(workshop: Workshop, checkout: Path) -> None:
    workshop.let_it("fails")
    port = ("--lmkd-cuttlefish", f"adb_base_port={workshop.base_port}")
    done = pytest_run(workshop, checkout, "--lmkd-device", "cuttlefish", *port)
    assert done.returncode == 3
    assert "cuttlefish-1 did not start, its launcher ended with 255:" in done.stdout
    assert "Unable to read boot.img" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_an_impossible_setting_ends_the_run_with_exit_code_2(workshop: Workshop, checkout: Path) -> None:
    done = pytest_run(
        workshop, checkout, "--lmkd-device", "cuttlefish", "--lmkd-cuttlefish", "memory_mb=lots"
    )
    assert done.returncode == 2
    assert "--lmkd-cuttlefish memory_mb takes a whole number from 512" in done.stdout + done.stderr
    assert workshop.commands() == []


def test_settings_for_no_cuttlefish_end_the_run_with_exit_code_2(workshop: Workshop, checkout: Path) -> None:
    done = pytest_run(workshop, checkout, "--lmkd-device", "virtual", "--lmkd-cuttlefish", "cpus=2")
    assert done.returncode == 2
    assert "--lmkd-cuttlefish is given, but no --lmkd-device is cuttlefish" in done.stdout + done.stderr


def test_two_instances_are_measured_by_a_process_each(workshop: Workshop, checkout: Path) -> None:
    done = pytest_run(
        workshop,
        checkout,
        *("--lmkd-device", "cuttlefish", "--lmkd-device", "cuttlefish:2", "--lmkd-blocks", "1"),
        *("--lmkd-cuttlefish", f"adb_base_port={workshop.base_port}"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folder = workshop.folder / "out" / "records"
    assert {path.name for path in folder.iterdir()} == {"cuttlefish-1.jsonl", "cuttlefish-2.jsonl"}
    assert sorted(workshop.verbs()) == ["create", "create", "remove", "remove", "stop", "stop"]
    assert workshop.running() == []


def test_doctor_starts_one_and_stops_it(workshop: Workshop) -> None:
    script = "import sys, stand_in_host, pytest_lmkd.cli as cli; sys.exit(cli.main(sys.argv[1:]))"
    settings = (f"launcher={workshop.program('cvd')}", f"adb_base_port={workshop.base_port}")
    words = ["doctor", "cuttlefish", *(word for text in settings for word in ("--cuttlefish", text))]
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env={**os.environ, "PYTHONPATH": os.fspath(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cuttlefish-1, agent x86_64 ")
    assert "cuttlefish-1: VIRTUAL_DEVICE_BOOT_STARTED" in done.stderr
    assert workshop.verbs() == ["create", "stop", "remove"]
    assert workshop.running() == []
