"""Time and memory of a report over a fleet: a million kills on 1,000 synthetic devices.

    .venv/bin/python bench/fleet.py [--devices 1000] [--boots 5] [--folder DIR]

Writes a run of that size (about 1 GB), with the blocks of each device in ``--boots`` boots. Then runs
`pytest-lmkd report` on it and on its Parquet set, with pandas and with Dask. Prints the wall time and the
peak memory of all processes of each command, and whether all three give the same rows.
"""

from __future__ import annotations

import argparse
import filecmp
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "reports"))

from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info

from lmkd_core.records.lines import encode_lines

SCENARIOS = ("held-beyond-burst", "held-within-burst", "starved-victims", "undisturbed", "background-noise")
ARMS = ("kill+mrelease@lmkd", "reap-kill")
BLOCKS = 10
KILLS = 10
POLL_S = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--boots", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        run = make_run(folder / "run", options.devices, options.boots)
        parquet = folder / "parquet"
        measure_command("report RUN", ("report", str(run), "--html", str(folder / "json" / "report.html")))
        measure_command("export --parquet", ("export", str(run), "--parquet", "--to", str(parquet)))
        report_set = ("report", "--parquet", str(parquet), "--html")
        measure_command("report --parquet", (*report_set, str(folder / "pandas" / "report.html")))
        measure_command(
            "report --parquet --dask", (*report_set, str(folder / "dask" / "report.html"), "--dask")
        )
        tables = [folder / name / "fleet-kills.csv" for name in ("json", "pandas", "dask")]
        same = all(filecmp.cmp(tables[0], table, shallow=False) for table in tables[1:])
        print(f"all three give the same rows: {'yes' if same else 'NO'}")


def make_run(folder: Path, devices: int, boots: int) -> Path:
    """Writes a run of ``devices`` devices in ``boots`` boots each, and returns its folder.

    Episodes have ten kills or more. With the first arm, half of the devices make up to three extra kills per
    episode.
    """
    rng = np.random.default_rng(20260301)
    names = [f"SERIAL{number:06}" for number in range(devices)]
    run = SyntheticRun(synthetic_info(names, ARMS, BLOCKS))
    (folder / "records").mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_bytes(msgspec.json.encode(run.info))
    (folder / "plan.jsonl").write_bytes(b"")
    episodes = {extra: synthetic_episode(KILLS, extra, apps_started=20, apps_alive=5) for extra in range(4)}
    for number, name in enumerate(names):
        gains = number % 2 == 0
        records = [
            msgspec.structs.replace(
                episodes[int(rng.integers(0, 4)) if gains and arm == ARMS[0] else int(rng.random() < 0.1)],
                device=name,
                scenario=scenario,
                arm=arm,
                block=block,
                boot_id=f"boot {block * boots // BLOCKS} of {name}",
            )
            for scenario in SCENARIOS
            for block in range(BLOCKS)
            for arm in ARMS
        ]
        device = synthetic_device(name, model=f"Synthetic phone {number % 7}")
        device = msgspec.structs.replace(device, personality=None)
        (folder / "records" / f"{name}.jsonl").write_bytes(encode_lines([device, *records]))
    fewest_kills = devices * len(SCENARIOS) * BLOCKS * len(ARMS) * KILLS
    print(f"{devices} devices, at least {fewest_kills:,} kills in {folder}")
    return folder


def measure_command(label: str, words: tuple[str, ...]) -> None:
    """Runs ``pytest-lmkd`` with ``words`` and prints its wall time, peak memory and exit status."""
    start = time.monotonic()
    command = [sys.executable, "-m", "pytest_lmkd.cli", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak_kb = [0]
    sampler = threading.Thread(target=sample_peak_memory, args=(process, peak_kb))
    sampler.start()
    exit_status = process.wait()
    sampler.join()
    elapsed_s, peak_mb = time.monotonic() - start, peak_kb[0] / 1024
    print(f"{label:<26} {elapsed_s:6.1f} s  {peak_mb:7.0f} MB at most, exit status {exit_status}")


def sample_peak_memory(process: subprocess.Popen[bytes], peak_kb: list[int]) -> None:
    """Keeps in ``peak_kb[0]`` the largest proportional set size of the process and its descendants.

    Samples every ``POLL_S`` until the process has ended.
    """
    while process.poll() is None:
        peak_kb[0] = max(peak_kb[0], sum(map(pss_kb, process_tree(process.pid))))
        try:
            process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            continue


def process_tree(pid: int) -> list[int]:
    """Returns ``pid`` and the pids of all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(descendant for child in children for descendant in process_tree(int(child)))]


def pss_kb(pid: int) -> int:
    """Returns the proportional set size of a process; 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
