"""Makes the JSON Schema of a results directory; ``python -m lmkd_reports.export.schema`` prints it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from lmkd_core.records.lines import Planned
from lmkd_core.records.lines import Record
from lmkd_core.records.run import RunInfo
from lmkd_core.records.schema import SCHEMA

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCE = "#/$defs/{name}"

ABOUT = (
    "Fields are described in docs/records.md. Readers ignore properties that are not named here: "
    "newer writers may add some."
)

FILES: dict[str, tuple[str, Any]] = {
    "run": ("The content of run.json.", RunInfo),
    "plan-line": ("A line of plan.jsonl.", Planned),
    "record-line": ("A line of records/*.jsonl.", Record),
}
"""The description and the type of each kind of content."""


def records_schema() -> dict[str, Any]:
    """Returns the schema of run.json and of every line of the other files; ``$defs`` also has each file's."""
    schemas, definitions = msgspec.json.schema_components(
        [type_ for _, type_ in FILES.values()], ref_template=REFERENCE
    )
    files = {
        name: {"description": description, **_without_discriminator(schema)}
        for (name, (description, _)), schema in zip(FILES.items(), schemas, strict=True)
    }
    return {
        "$schema": DIALECT,
        "title": f"Results of pytest-lmkd, schema {SCHEMA}",
        "description": ABOUT,
        "anyOf": [{"$ref": REFERENCE.format(name=name)} for name in files],
        "$defs": files | {name: _described(schema) for name, schema in sorted(definitions.items())},
    }


def _without_discriminator(schema: dict[str, Any]) -> dict[str, Any]:
    """Removes OpenAPI's keyword, which strict JSON Schema readers refuse; the types' tags replace it."""
    return {name: value for name, value in schema.items() if name != "discriminator"}


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns ``schema`` with its description, a struct's docstring, as one line per paragraph."""
    text = schema.get("description", "")
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    return schema | {"description": "\n\n".join(paragraphs)}


def schema_text() -> str:
    """Returns the content of docs/records.schema.json."""
    return json.dumps(records_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")
