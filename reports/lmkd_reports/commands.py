"""``pytest-lmkd report``: writes the reports of runs again, from their records."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lmkd_core.base.errors import EXIT_OK
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.masking import Masker
from lmkd_core.records.reading import Reading
from lmkd_core.records.reading import record_files
from lmkd_reports.export import commands as export_commands
from lmkd_reports.gate import commands as gate_commands
from lmkd_reports.ingest import commands as logs_commands
from lmkd_reports.presentation.browser import add_open
from lmkd_reports.presentation.browser import open_page
from lmkd_reports.write import analysis_of
from lmkd_reports.write import write_report

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


MOST_DEVICES = 40
"""Up to so many devices each has a section of its own on a page."""


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "report", help="write report.html and summary.txt of one or several runs", description=report.__doc__
    )
    _add_inputs(parser)
    _add_choices(parser)
    _add_differences(parser)
    parser.set_defaults(run=report)
    gate_commands.add_parsers(subparsers)
    export_commands.add_parsers(subparsers)
    logs_commands.add_parsers(subparsers)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "run_dirs", metavar="RUN", type=Path, nargs="*", help="results directory of a run; several: one page"
    )
    parser.add_argument(
        "--combine",
        action="store_true",
        help="take several runs of the same devices as one: the boots of all of them are the replicates",
    )
    parser.add_argument(
        "--history",
        metavar="DIR",
        type=Path,
        help="instead of RUN: a folder of results directories, one a build; the page shows what changed when",
    )
    parser.add_argument(
        "--parquet",
        metavar="DIR",
        type=Path,
        help="instead of RUN: a set that pytest-lmkd export RUN --parquet wrote, with any number of devices",
    )
    parser.add_argument(
        "--dask",
        metavar="SCHEDULER",
        nargs="?",
        const="",
        help="with --parquet: compute on the Dask cluster at this address (default: on this machine's CPUs)",
    )


def _add_choices(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--html",
        metavar="FILE",
        type=Path,
        help="write only the page, there (default: report.html and summary.txt in RUN, of several in the "
        "current folder; of a history DIR/history.html)",
    )
    add_open(parser)
    texts = parser.add_mutually_exclusive_group()
    for form, use in (("lkml", "a mail to a kernel list"), ("markdown", "a pull request")):
        texts.add_argument(
            f"--{form}",
            dest="form",
            action="store_const",
            const=form,
            help=f"only print the answer and its numbers, for {use}; writes no file",
        )
    parser.add_argument(
        "--device", metavar="NAME", action="append", default=[], help="only this device; can be repeated"
    )
    parser.add_argument(
        "--mask-serials",
        action="store_true",
        help="replace serials with device-1, …, in the data too",
    )


def _add_differences(parser: argparse.ArgumentParser) -> None:
    """Adds the options that say which differences are of interest."""
    parser.add_argument(
        "--detect",
        metavar="PCT",
        type=percentage,
        default=20.0,
        help="report how many blocks would detect a time difference of PCT (default: %(default)g percent)",
    )
    parser.add_argument(
        "--detect-kills",
        metavar="N",
        type=number,
        default=1.0,
        help="likewise for N kills per episode (default: %(default)g)",
    )
    parser.add_argument(
        "--equivalent",
        metavar="PCT",
        type=percentage,
        help="call arms equivalent whose times are shown to differ by less than PCT (default: as the run was "
        "asked for with --lmkd-equivalent, else 10 percent)",
    )


def percentage(text: str) -> float:
    """``20`` or ``20%``. Raises: ArgumentTypeError: it is no number above 0."""
    return number(text.removesuffix("%"))


def number(text: str) -> float:
    """Raises: ArgumentTypeError: it is no number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def report(options: argparse.Namespace) -> int:
    """Writes report.html and summary.txt of a run or several side by side, or the history of many builds.

    With --html FILE it writes only that page. With too many devices for one section per device, it counts
    and sorts them.
    """
    if sum(map(bool, (options.run_dirs, options.history, options.parquet))) != 1:
        raise UsageProblem(
            "name either results directories (RUN), or with --history DIR a folder of them, or with "
            "--parquet DIR an exported set"
        )
    if options.combine and len(options.run_dirs) < 2:
        raise UsageProblem("--combine takes several runs: name each results directory (RUN RUN ...)")
    if options.dask is not None and not options.parquet:
        raise UsageProblem("--dask reads an exported set: name it with --parquet DIR")
    reading = Reading(Masker() if options.mask_serials else None, tuple(options.device))
    if options.form:
        _print_text(options, reading)
        return EXIT_OK
    if options.history:
        from lmkd_reports.history.write import write_history  # noqa: PLC0415 - pandas and Altair take seconds

        page = write_history(options.history, options.html, reading)
    elif options.parquet or (not (options.device or options.combine) and is_fleet(options.run_dirs)):
        page = _report_fleet(options, reading.masker)
    else:
        page = _report_runs(options, reading)
    if options.open:
        open_page(page)
    return EXIT_OK


def is_fleet(run_dirs: Sequence[Path]) -> bool:
    """Whether there are too many devices for a section each."""
    return sum(len(record_files(folder)) for folder in run_dirs) > MOST_DEVICES


def _report_fleet(options: argparse.Namespace, masker: Masker | None) -> Path:
    from lmkd_reports.fleet import actions  # noqa: PLC0415 - as above

    if options.parquet:
        paths = actions.write_fleet_of_parquet(
            options.parquet,
            options.html,
            masker,
            options.dask,
            options.equivalent,
        )
    else:
        paths = actions.write_fleet(options.run_dirs, options.html, masker, options.equivalent)
    print(paths.text, end="")
    print(f"report: {paths.html}")
    return paths.html


def _print_text(options: argparse.Namespace, reading: Reading) -> None:
    """Prints a run in the form that was asked for."""
    if not options.run_dirs or options.html or options.open:
        raise UsageProblem(
            f"--{options.form} prints runs: name results directories (RUN), without --html and --open"
        )
    from lmkd_reports.presentation.lkml import render_lkml  # noqa: PLC0415 - as above
    from lmkd_reports.presentation.markdown import render_markdown  # noqa: PLC0415

    render = render_lkml if options.form == "lkml" else render_markdown
    analysis = analysis_of(
        options.run_dirs, reading, equivalent_pct=options.equivalent, joined=options.combine
    )
    print(render(analysis), end="")


def _report_runs(options: argparse.Namespace, reading: Reading) -> Path:
    from lmkd_reports.analysis.model import Detectable  # noqa: PLC0415 - as above

    paths = write_report(
        options.run_dirs,
        options.html,
        reading=reading,
        detectable=Detectable(1 + options.detect / 100, options.detect_kills),
        equivalent_pct=options.equivalent,
        joined=options.combine,
    )
    print(paths.text)
    print(f"report: {paths.html}")
    return paths.html
