"""The environment of all templates: it escapes every value, and a missing value is an error."""

from __future__ import annotations

from collections.abc import Mapping

import jinja2

from lmkd_core.records.arms import plain_name


def environment(*packages: str, sources: Mapping[str, str] | None = None) -> jinja2.Environment:
    """Finds templates in ``packages``, then in those of this package, then in ``sources``.

    The filter ``plain_arm`` gives what readers call an arm.
    """
    loaders = [jinja2.PackageLoader(package) for package in (*packages, "lmkd_reports.presentation")]
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([*loaders, jinja2.DictLoader(dict(sources or {}))]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["plain_arm"] = plain_name
    return made
