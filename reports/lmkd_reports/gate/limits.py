"""The limits of a gate: ``reclaim_90:10%``, ``kills_total:0.5``, ``esrch:5pp``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.base.errors import UsageProblem
from lmkd_reports.format.plain import plain
from lmkd_reports.metrics.metrics import METRICS
from lmkd_reports.metrics.metrics import Metric

NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Limit:
    """The candidate may be worse by ``allowed`` at most: a part of the base's, a number, or a share."""

    metric: Metric
    allowed: float
    text: str

    @property
    def most(self) -> float:
        """The greatest value, as ``Estimate`` has them, that is within the limit."""
        return self.metric.kind.equal + self.allowed


def parse_limits(texts: Sequence[str], metrics: Mapping[str, Metric] = METRICS) -> list[Limit]:
    """Raises: UsageProblem: a metric is unknown or named twice, or a limit is not valid."""
    limits = [_parse(text, metrics) for text in texts]
    names = [limit.metric.name for limit in limits]
    for name in names:
        if names.count(name) > 1:
            raise UsageProblem(f"--max-worse names {name} twice: give each metric one limit")
    return limits


def _parse(text: str, metrics: Mapping[str, Metric]) -> Limit:
    name, _, allowed = text.partition(":")
    metric = metrics.get(name)
    if metric is None:
        raise UsageProblem(f"unknown metric {plain(name)!r} in --max-worse: there are {', '.join(metrics)}")
    kind, unit = metric.kind, metric.kind.limit_unit
    number = allowed.strip().removesuffix(unit).rstrip()
    if not allowed.strip().endswith(unit) or not NUMBER.fullmatch(number):
        raise UsageProblem(f"bad limit {plain(text)!r}: {name} takes {kind.limit_example}")
    return Limit(metric, float(number) / kind.limit_divisor, f"{name}:{number}{unit}")
