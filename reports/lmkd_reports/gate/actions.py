"""What the commands of two runs do, once it is clear what is asked for."""

from __future__ import annotations

import argparse

from lmkd_core.base.errors import EXIT_CHECK_FAILED
from lmkd_core.base.errors import EXIT_OK
from lmkd_reports.gate.checks import Gate
from lmkd_reports.gate.checks import gate_runs
from lmkd_reports.gate.comparison import compare_runs
from lmkd_reports.gate.document import comparison_json
from lmkd_reports.gate.document import gate_json
from lmkd_reports.gate.junit import write_junit
from lmkd_reports.gate.limits import parse_limits
from lmkd_reports.gate.runs import Selection
from lmkd_reports.gate.runs import load
from lmkd_reports.gate.text import comparison_text
from lmkd_reports.gate.text import gate_text


def compare(options: argparse.Namespace) -> int:
    """Prints how the candidate compares. Raises: UsageProblem: the runs have nothing in common."""
    comparison = compare_runs(
        load(options.base),
        load(options.candidate),
        options.pair_devices,
        Selection(tuple(options.arm), tuple(options.scenario)),
        options.confidence,
    )
    print(comparison_json(comparison) if options.json else comparison_text(comparison), end="")
    return EXIT_OK


def gate(options: argparse.Namespace) -> int:
    """Prints what came of every check. Raises: UsageProblem: a limit is none, or nothing can be checked."""
    result = _gate(options)
    if options.junit:
        write_junit(options.junit, result, require_data=options.require_data)
    render = gate_json if options.json else gate_text
    print(render(result, require_data=options.require_data), end="")
    return EXIT_CHECK_FAILED if result.fails(require_data=options.require_data) else EXIT_OK


def _gate(options: argparse.Namespace) -> Gate:
    limits = parse_limits(options.max_worse)
    metrics = tuple(limit.metric.name for limit in limits)
    return gate_runs(
        load(options.base),
        load(options.candidate),
        limits,
        options.pair_devices,
        Selection(tuple(options.arm), tuple(options.scenario), metrics),
        options.confidence,
        together=options.together,
    )
