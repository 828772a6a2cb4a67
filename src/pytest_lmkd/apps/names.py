"""Android's name of an app's component: ``PACKAGE/ACTIVITY``."""

from __future__ import annotations

import re

from lmkd_core.base.errors import UsageProblem

COMPONENT = re.compile(r"[A-Za-z][\w.]*/[\w.$]+", re.ASCII)


def parse_component(text: str) -> str:
    """The value of ``--lmkd-app``, in the form that ``am start -n`` accepts. Raises: UsageProblem."""
    if not COMPONENT.fullmatch(text):
        raise UsageProblem(f"--lmkd-app takes PACKAGE/ACTIVITY, like `am start -n`, not {text!r}")
    return text


def package_of(component: str) -> str:
    return component.partition("/")[0]
