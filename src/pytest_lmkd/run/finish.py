"""The end of a run: its report, if there is anything to report."""

from __future__ import annotations

from lmkd_core.records.directory import ResultStore
from lmkd_reports import ReportPaths
from lmkd_reports import write_report
from pytest_lmkd.run.options import Options


def finish_run(options: Options) -> ReportPaths | None:
    """Writes the report of the results folder, and a copy to ``--lmkd-html``; None without measurements."""
    if not (options.results / "run.json").exists():
        return None
    if not ResultStore(options.results, resume=True).has_measurements:
        return None
    paths = write_report(options.results)
    if options.html is not None:
        options.html.write_bytes(paths.html.read_bytes())
    return paths
