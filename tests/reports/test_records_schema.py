"""Tests the published JSON Schema: it matches the code, accepts every written line, and refuses others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from synthetic import SyntheticRun
from synthetic import synthetic_conformance
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from synthetic import synthetic_trial

from lmkd_core.records.device import Conditions
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.lines import decode_record
from lmkd_core.records.lines import encode_line
from lmkd_core.records.plan import plan_block
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_reports.export.schema import records_schema
from lmkd_reports.export.schema import schema_text

(EPISODE,) = plan_block(PlannedEpisode, PRESSURE["undisturbed"], "phone", ["kill"], block=0, seed=1)
RECORD = json.loads(encode_line(synthetic_trial()))


@pytest.fixture(scope="module")
def schema(checkout: Path) -> dict[str, Any]:
    """The published schema, not the one that the code makes."""
    published: dict[str, Any] = json.loads((checkout / "docs" / "records.schema.json").read_text())
    Draft202012Validator.check_schema(published)
    return published


def faults(schema: dict[str, Any], name: str, line: object) -> list[str]:
    part = {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
    return [error.message for error in Draft202012Validator(part).iter_errors(line)]


def test_it_is_that_of_the_code(checkout: Path) -> None:
    """When this fails: python -m lmkd_reports.export.schema > docs/records.schema.json."""
    assert (checkout / "docs" / "records.schema.json").read_text() == schema_text()


def lines(folder: Path) -> Iterator[tuple[str, str]]:
    """Yields the name of the schema of each line, and the line."""
    yield "run", (folder / "run.json").read_text()
    yield from (("plan-line", line) for line in (folder / "plan.jsonl").read_text().splitlines())
    for path in (folder / "records").iterdir():
        yield from (("record-line", line) for line in path.read_text().splitlines())


@pytest.mark.parametrize(
    "run", [synthetic_run(blocks=1), synthetic_pressure(blocks=1), synthetic_conformance()]
)
def test_every_line_of_a_run_fulfils_it(schema: dict[str, Any], run: SyntheticRun, tmp_path: Path) -> None:
    validator = Draft202012Validator(schema)
    named_lines = list(lines(run.write(tmp_path)))
    assert {name for name, _ in named_lines} >= {"run", "record-line"}
    for name, line in named_lines:
        assert faults(schema, name, json.loads(line)) == []
        assert validator.is_valid(json.loads(line))


def test_records_that_synthetic_runs_lack_fulfil_it_too(schema: dict[str, Any]) -> None:
    assert faults(schema, "plan-line", json.loads(encode_line(EPISODE))) == []
    trial = synthetic_trial(before=Conditions(hottest_mc=-5000), after=Conditions(), flags=("hot",))
    assert faults(schema, "record-line", json.loads(encode_line(trial))) == []


@pytest.mark.parametrize(
    "change",
    [
        {"type": "guess"},
        {"block": "0"},
        {"block": 1.5},
        {"device": None},
        {"regime": "wild"},
        {"curve": [[1, 2, 3]]},
        {"calls": [{"name": "kill"}]},
        {"valid": "yes"},
    ],
    ids=str,
)
def test_it_refuses_the_lines_that_the_reader_refuses(
    schema: dict[str, Any], change: dict[str, object]
) -> None:
    line = RECORD | change
    assert faults(schema, "record-line", line)
    with pytest.raises(ValueError):
        decode_record(json.dumps(line))


@pytest.mark.parametrize("name", ["type", "device", "arm", "seed", "valid"])
def test_a_field_that_must_be_there(schema: dict[str, Any], name: str) -> None:
    line = {key: value for key, value in RECORD.items() if key != name}
    assert faults(schema, "record-line", line)
    with pytest.raises(ValueError):
        decode_record(json.dumps(line))


def test_fields_of_newer_writers_are_taken(schema: dict[str, Any]) -> None:
    line = RECORD | {"from_the_future": 1}
    assert faults(schema, "record-line", line) == []
    assert decode_record(json.dumps(line)) == decode_record(json.dumps(RECORD))


def test_every_structure_is_described_in_plain_paragraphs() -> None:
    for name, definition in records_schema()["$defs"].items():
        assert definition["description"], name
        assert "  " not in definition["description"], name
    trial = records_schema()["$defs"]["TrialRecord"]["description"]
    assert trial.startswith("One victim killed once. ``AgentTrial`` describes")
