"""The impossible gains in the controls of a run: what the page's alarm says, for the run's exit status."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lmkd_core.records.reading import record_files

IS_CONTROL = b'"regime":"control"'


def control_alarms(run_dir: Path) -> list[tuple[str, str]]:
    """Each device of the run with an impossible gain in its controls, and a sentence about it.

    It reads all records of the results directory, so it says the same after a resumed run, and for a run
    with a process per device. Analyses the controls only, as ``analyse`` does for the page.

    Raises:
        UsageProblem: there is no run in ``run_dir``.
    """
    if not any(IS_CONTROL in path.read_bytes() for path in record_files(run_dir)):
        return []
    from lmkd_reports.analysis.analyse import analyse  # noqa: PLC0415 - pandas takes a second
    from lmkd_reports.analysis.frames import load_run  # noqa: PLC0415
    from lmkd_reports.presentation.controls import control_gains  # noqa: PLC0415
    from lmkd_reports.presentation.controls import pressure_control_gains  # noqa: PLC0415
    from lmkd_reports.presentation.wording import FALSE_GAIN  # noqa: PLC0415

    run = load_run(run_dir)
    controls = replace(
        run,
        trials=run.trials[run.trials["regime"] == "control"],
        planned=run.planned[run.planned["regime"] == "control"],
        episodes=tuple(episode for episode in run.episodes if episode.regime == "control"),
    )
    gains = [
        (device.name, [*control_gains(device), *pressure_control_gains(device)])
        for device in analyse(controls).devices
    ]
    return [
        (name, f"{FALSE_GAIN}: {'; '.join(clauses)}. Do not trust this run")
        for name, clauses in gains
        if clauses
    ]
