"""A gate's checks as JUnit XML, one testcase each, for a CI server."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from lmkd_core.base.errors import UsageProblem
from lmkd_reports.format.names import place_name
from lmkd_reports.format.plain import plain
from lmkd_reports.gate import words
from lmkd_reports.gate.checks import Check
from lmkd_reports.gate.checks import Gate
from lmkd_reports.gate.checks import Outcome
from lmkd_reports.gate.text import gate_text
from lmkd_reports.gate.text import problems


def write_junit(path: Path, gate: Gate) -> None:
    """Writes ``path``. Raises: UsageProblem: it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(junit_xml(gate))
    except OSError as error:
        raise UsageProblem(f"the file {path} cannot be written: {error.strerror}") from error


def junit_xml(gate: Gate) -> bytes:
    """One suite. Text is printable ASCII, as XML has no place for most control characters."""
    failing = gate.failing_outcomes
    counts = {
        "tests": str(len(gate.checks)),
        "failures": str(sum(check.outcome in failing for check in gate.checks)),
        "errors": "0",
        "skipped": str(sum(check.outcome not in {*failing, Outcome.PASSED} for check in gate.checks)),
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "pytest-lmkd gate", **counts})
    for check in gate.checks:
        _case(suite, check, is_failure=check.outcome in failing)
    ElementTree.SubElement(suite, "system-out").text = gate_text(gate, everything=True)
    unread = "\n".join(map(plain, problems(gate.comparison)))
    if unread:
        ElementTree.SubElement(suite, "system-err").text = unread
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _case(suite: ElementTree.Element, check: Check, *, is_failure: bool) -> None:
    compared = check.compared
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {
            "classname": plain(f"{compared.devices}: {place_name(compared.place)}"),
            "name": plain(f"{compared.arm}: {compared.metric.name}"),
            "time": "0",
        },
    )
    message = words.result(check)
    if is_failure:
        ElementTree.SubElement(case, "failure", {"message": message, "type": str(check.outcome)})
    elif check.outcome is Outcome.PASSED:
        ElementTree.SubElement(case, "system-out").text = message
    else:
        ElementTree.SubElement(case, "skipped", {"message": message})
