"""What Android calls an app's component: ``PACKAGE/ACTIVITY``."""

from __future__ import annotations

import re

from lmkd_core.base.errors import UsageProblem

COMPONENT = re.compile(r"[A-Za-z][\w.]*/[\w.$]+", re.ASCII)


def parse_component(text: str) -> str:
    """The value of ``--lmkd-app``, as ``am start -n`` takes it. Raises: UsageProblem."""
    if not COMPONENT.fullmatch(text):
        raise UsageProblem(f"--lmkd-app takes PACKAGE/ACTIVITY, as `am start -n` does, not {text!r}")
    return text


def package_of(component: str) -> str:
    return component.partition("/")[0]
