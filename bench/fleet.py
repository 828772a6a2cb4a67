"""How long a report over a fleet takes, and how much memory: a million kills on 1,000 synthetic devices.

    .venv/bin/python bench/fleet.py [--devices 1000] [--folder DIR]

Makes a run of that size (about 1 GB), then runs `pytest-lmkd report` and the same over the Parquet set, with
pandas and on Dask, each as a user would, and prints wall time, peak memory of all its processes together, and
whether all three give the same rows.
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
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        run = make_run(folder / "run", options.devices)
        parquet = folder / "parquet"
        report = ("report", str(run), "--html", str(folder / "json" / "report.html"))
        told("report RUN", report)
        told("export --parquet", ("export", str(run), "--parquet", "--to", str(parquet)))
        of_set = ("report", "--parquet", str(parquet), "--html")
        told("report --parquet", (*of_set, str(folder / "pandas" / "report.html")))
        told("report --parquet --dask", (*of_set, str(folder / "dask" / "report.html"), "--dask"))
        rows = [folder / name / "fleet-kills.csv" for name in ("json", "pandas", "dask")]
        same = all(filecmp.cmp(rows[0], one, shallow=False) for one in rows[1:])
        print(f"all three give the same rows: {'yes' if same else 'NO'}")


def make_run(folder: Path, devices: int) -> Path:
    """Half of the devices lose up to three kills an episode to late memory; the least is ten kills."""
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
            )
            for scenario in SCENARIOS
            for block in range(BLOCKS)
            for arm in ARMS
        ]
        device = synthetic_device(name, model=f"Synthetic phone {number % 7}")
        device = msgspec.structs.replace(device, personality=None)
        (folder / "records" / f"{name}.jsonl").write_bytes(encode_lines([device, *records]))
    least = devices * len(SCENARIOS) * BLOCKS * len(ARMS) * KILLS
    print(f"{devices} devices, at least {least:,} kills in {folder}")
    return folder


def told(what: str, words: tuple[str, ...]) -> None:
    start = time.monotonic()
    command = [sys.executable, "-m", "pytest_lmkd.cli", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak_kb = [0]
    watch = threading.Thread(target=watch_memory, args=(process, peak_kb))
    watch.start()
    code = process.wait()
    watch.join()
    took_s, peak_mb = time.monotonic() - start, peak_kb[0] / 1024
    print(f"{what:<26} {took_s:6.1f} s  {peak_mb:7.0f} MB at most, exit status {code}")


def watch_memory(process: subprocess.Popen[bytes], peak_kb: list[int]) -> None:
    """Proportional set size of the process and all below it, as often as ``POLL_S`` allows."""
    while process.poll() is None:
        peak_kb[0] = max(peak_kb[0], sum(map(pss_kb, family(process.pid))))
        try:
            process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            continue


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        below = [int(child) for child in children.read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(one for child in below for one in family(child))]


def pss_kb(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
