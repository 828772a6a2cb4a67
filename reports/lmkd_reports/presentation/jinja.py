"""The environment of all templates: it escapes every value, and a missing value is an error."""

from __future__ import annotations

from collections.abc import Mapping

import jinja2


def environment(*packages: str, sources: Mapping[str, str] | None = None) -> jinja2.Environment:
    """Finds templates in ``packages``, then in those of this package, then in ``sources``."""
    loaders = [jinja2.PackageLoader(package) for package in (*packages, "lmkd_reports.presentation")]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader([*loaders, jinja2.DictLoader(dict(sources or {}))]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
