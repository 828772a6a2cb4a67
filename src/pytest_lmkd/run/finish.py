"""The end of a run: its report, if there is anything to report."""

from __future__ import annotations

from lmkd_core.records.directory import ResultStore
from lmkd_core.records.directory import recorded_bytes
from lmkd_reports import ReportPaths
from lmkd_reports import write_report
from pytest_lmkd.run.options import Options


def finish_run(options: Options, before_bytes: int) -> ReportPaths | None:
    """Writes the report of the results folder, and a copy to ``--lmkd-html``; None without measurements.

    ``before_bytes``: ``recorded_bytes`` at the start. If nothing was added, the folder is another run's, or
    the tests were only listed: its report stays as it is.
    """
    if not (options.results / "run.json").exists() or recorded_bytes(options.results) == before_bytes:
        return None
    if not ResultStore(options.results, resume=True).has_measurements:
        return None
    paths = write_report(options.results)
    if options.html is not None:
        options.html.write_bytes(paths.html.read_bytes())
    return paths
