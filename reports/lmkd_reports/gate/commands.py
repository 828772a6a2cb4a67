"""``pytest-lmkd compare`` and ``pytest-lmkd gate``: two runs, for example of two kernels, side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lmkd_core.base.errors import EXIT_CHECK_FAILED
from lmkd_core.base.errors import EXIT_OK
from lmkd_reports.presentation.browser import add_open
from lmkd_reports.presentation.browser import check_open
from lmkd_reports.presentation.browser import open_page

if TYPE_CHECKING:
    from lmkd_reports.gate.checks import Gate

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

LIMIT_HELP = (
    "how much worse the candidate may be: a percentage for times (reclaim_90:10%%), kills per episode "
    "(kills_total:0.5), or percentage points (esrch:5pp); can be repeated, once per metric"
)
EXITS = (
    "Exit status: 0 no check failed, 1 one did, no check had enough data, or a --require option was not met, "
    "2 wrong usage. Inconclusive checks do not fail unless --require-within is given."
)
LOWEST_PERCENT = 50


def add_parsers(subparsers: Subparsers) -> None:
    comparing = _add_parser(subparsers, "compare", "compare two runs", compare)
    comparing.add_argument("--html", metavar="FILE", type=Path, help="also write the comparison as a page")
    add_open(comparing)
    parser = _add_parser(subparsers, "gate", "fail if one run is worse than another", gate)
    parser.epilog = EXITS
    parser.add_argument(
        "--max-worse", metavar="METRIC:LIMIT", action="append", required=True, help=LIMIT_HELP
    )
    parser.add_argument(
        "--require-data", action="store_true", help="also fail if a metric has not enough data"
    )
    parser.add_argument(
        "--require-within",
        action="store_true",
        help="also fail unless every check is shown to be within its limit (not worse by more)",
    )
    parser.add_argument(
        "--together",
        action="store_true",
        help="limit the false failures of all checks together (Holm's procedure), not of each alone",
    )
    parser.add_argument(
        "--junit", metavar="FILE", type=Path, help="write JUnit XML to FILE, one testcase per check"
    )


def _add_parser(subparsers: Subparsers, name: str, short: str, run: object) -> argparse.ArgumentParser:
    """A command on two runs, with the options that both have."""
    parser = subparsers.add_parser(name, help=short, description=run.__doc__)
    parser.add_argument(
        "base",
        metavar="BASE",
        type=Path,
        nargs="+",
        help="results directory of the run to compare with; several runs of the same devices count as one",
    )
    parser.add_argument("candidate", metavar="CANDIDATE", type=Path, help="results directory of the new run")
    parser.add_argument(
        "--pair-devices",
        metavar="BASEDEV=CANDDEV",
        action="append",
        default=[],
        help="compare these two devices (default: the only device of each run, else equal names); "
        "can be repeated",
    )
    for option, what in (("--arm", "arm"), ("--scenario", "scenario")):
        parser.add_argument(
            option,
            metavar=what[0].upper(),
            action="append",
            default=[],
            help=f"only this {what}; can be repeated",
        )
    parser.add_argument(
        "--confidence",
        metavar="PCT",
        type=confidence,
        default=0.95,
        help="confidence of each interval, in percent (default 95)",
    )
    parser.add_argument(
        "--to-baseline",
        action="store_true",
        help="compare each arm's ratio (or difference) to the baseline arm of its own run, block by block: "
        "cancels what another host or day does to all arms alike",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--all",
        dest="everything",
        action="store_true",
        help="list everything, not only what changed or may be beyond a limit; JSON and JUnit always do",
    )
    parser.set_defaults(run=run)
    return parser


def confidence(text: str) -> float:
    """A percentage as a share. Raises: ArgumentTypeError: it is none."""
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not LOWEST_PERCENT <= percent < 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from {LOWEST_PERCENT} to below 100")
    return percent / 100


def compare(options: argparse.Namespace) -> int:
    """Compares CANDIDATE with BASE: every metric of every arm that both runs measured."""
    from lmkd_reports.gate import document  # noqa: PLC0415 - pandas and scipy take two seconds to load
    from lmkd_reports.gate import text  # noqa: PLC0415 - as above
    from lmkd_reports.gate.comparison import compare_runs  # noqa: PLC0415 - as above
    from lmkd_reports.gate.runs import Selection  # noqa: PLC0415 - as above
    from lmkd_reports.gate.runs import load  # noqa: PLC0415 - as above

    check_open(options)
    comparison = compare_runs(
        load(options.base, to_baseline=options.to_baseline),
        load([options.candidate], to_baseline=options.to_baseline),
        options.pair_devices,
        Selection(tuple(options.arm), tuple(options.scenario)),
        options.confidence,
    )
    if options.html:
        from lmkd_reports.gate.page import comparison_page  # noqa: PLC0415 - as above
        from lmkd_reports.presentation.pages import write_page  # noqa: PLC0415 - as above

        write_page(options.html, comparison_page(comparison))
        if options.open:
            open_page(options.html)
    if options.json:
        print(document.comparison_json(comparison), end="")
    else:
        print(text.comparison_text(comparison, everything=options.everything), end="")
    return EXIT_OK


def gate(options: argparse.Namespace) -> int:
    """Fails (exit status 1) if CANDIDATE is shown to be worse than BASE by more than a limit."""
    from lmkd_reports.gate import document  # noqa: PLC0415 - as above
    from lmkd_reports.gate import text  # noqa: PLC0415 - as above
    from lmkd_reports.gate.junit import write_junit  # noqa: PLC0415 - as above

    result = _gate(options)
    if options.junit:
        write_junit(options.junit, result)
    if options.json:
        print(document.gate_json(result), end="")
    else:
        print(text.gate_text(result, everything=options.everything), end="")
    return EXIT_CHECK_FAILED if result.fails else EXIT_OK


def _gate(options: argparse.Namespace) -> Gate:
    from lmkd_reports.gate.checks import gate_runs  # noqa: PLC0415 - as above
    from lmkd_reports.gate.limits import parse_limits  # noqa: PLC0415 - as above
    from lmkd_reports.gate.runs import Selection  # noqa: PLC0415 - as above
    from lmkd_reports.gate.runs import load  # noqa: PLC0415 - as above

    base, candidate = (
        load(folders, to_baseline=options.to_baseline) for folders in (options.base, [options.candidate])
    )
    limits = parse_limits(options.max_worse, base.metrics)
    metrics = tuple(limit.metric.name for limit in limits)
    return gate_runs(
        base,
        candidate,
        limits,
        options.pair_devices,
        Selection(tuple(options.arm), tuple(options.scenario), metrics),
        options.confidence,
        together=options.together,
        require_data=options.require_data,
        require_within=options.require_within,
    )
