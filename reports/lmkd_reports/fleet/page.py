"""The page of a fleet: per stratum how many devices gain, how their intervals lie, and who is at the ends."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from lmkd_reports.fleet.figure import caterpillar
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.fleet.results import Place
from lmkd_reports.fleet.rows import PAIR
from lmkd_reports.format import units
from lmkd_reports.format.names import situation_details
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.strata import EPISODE_STRATUM
from lmkd_reports.format.strata import STRATUM
from lmkd_reports.format.strata import episode_stratum_from
from lmkd_reports.format.strata import stratum_from
from lmkd_reports.presentation import differences
from lmkd_reports.presentation import kills
from lmkd_reports.presentation.jinja import environment
from lmkd_reports.presentation.marks import MARKS
from lmkd_reports.presentation.wording import UNDECIDED
from lmkd_reports.presentation.wording import devices_tally

SHARES = (0.1, 0.5, 0.9)
AT_EACH_END = 5
MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True)
class End:
    """One device at an end of the order."""

    device: str
    model: str
    says: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Group:
    """One stratum and pair of arms over all devices. ``spread``: how their estimates lie, in words."""

    where: str
    pair: str
    measure: str
    tally: str
    spread: str
    figure: Markup
    least: tuple[End, ...]
    most: tuple[End, ...]
    models: tuple[tuple[str, str], ...]


def render_fleet(title: str, fleet: FleetResults, notes: Sequence[str]) -> str:
    """The whole page. ``notes`` say what the verdicts hold for and assume (``notes``).

    Everything that came from a device is escaped by jinja2.
    """
    page: str = (
        environment("lmkd_reports.fleet")
        .get_template("fleet.html.j2")
        .render(
            title=title,
            fleet=fleet,
            notes=notes,
            groups=list(groups(fleet)),
            marks=MARKS,
            most_problems=MOST_PROBLEMS,
        )
    )
    return page


def groups(fleet: FleetResults) -> Iterator[Group]:
    """Kills first, then times; strata and pairs in the order of their rows."""
    number = 0
    for rows, keys, kind in ((fleet.kills, EPISODE_STRATUM, "kills"), (fleet.times, STRATUM, "times")):
        for key, group in rows.groupby([*keys, *PAIR], sort=False):
            number += 1
            yield _group(fleet, dict(zip((*keys, *PAIR), key, strict=True)), group, kind, f"g{number}")


def _group(fleet: FleetResults, key: dict[str, Any], rows: pd.DataFrame, kind: str, name: str) -> Group:
    ordered = rows.sort_values("estimate", kind="stable", na_position="last")
    known = ordered.dropna(subset=["estimate"])
    where = _where(key, kind)
    judged = known[~known["verdict"].isin(UNDECIDED)]
    ends = [_end(fleet, row, kind) for row in judged.to_dict("records")]
    return Group(
        where=where,
        pair=f"{key['candidate']} against {key['baseline']}",
        measure=kills.MEASURE if kind == "kills" else differences.MEASURE,
        tally=devices_tally(list(rows["verdict"])),
        spread=_spread(known, kind),
        figure=Markup(caterpillar(known, kind, name, where)),  # noqa: S704 - our own SVG, escaped
        least=tuple(ends[:AT_EACH_END]),
        most=tuple(reversed(ends[AT_EACH_END:][-AT_EACH_END:])),
        models=tuple(_by_model(fleet, rows)),
    )


def _spread(known: pd.DataFrame, kind: str) -> str:
    """The middle and the middle eight of ten; one number if these are alike."""
    if known.empty:
        return "no device has an estimate"
    low, middle, high = (_number(value, kind) for value in known["estimate"].quantile(SHARES))
    if low == high:
        return f"at least eight of ten devices are at {middle}"
    return f"the middle device is at {middle}, and eight of ten lie from {low} to {high}"


def _where(key: dict[str, Any], kind: str) -> str:
    if kind == "kills":
        situation = episode_stratum_from(key)
        return f"{situation_name(situation)} ({situation_details(situation)})"
    stratum = stratum_from(key)
    return f"{stratum_name(stratum)} ({stratum.regime})"


def _by_model(fleet: FleetResults, rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The tally of each model and kernel, the most numerous first."""
    places = zip(rows["run_id"], rows["device"], strict=True)
    models = pd.Series([_model(fleet, place) for place in places], index=rows.index)
    counts = models.value_counts()
    for model in counts.index:
        yield model, devices_tally(list(rows.loc[models == model, "verdict"]))


def _end(fleet: FleetResults, row: dict[str, Any], kind: str) -> End:
    interval = units.span(_number(row["low"], kind), _number(row["high"], kind))
    says = f"{_number(row['estimate'], kind)} ({interval})"
    place = row["run_id"], row["device"]
    name = f"{place[1]} in {place[0]}" if fleet.several_runs else place[1]
    return End(name, _model(fleet, place), says, row["verdict"])


def _model(fleet: FleetResults, place: Place) -> str:
    return fleet.models.get(place, "unknown")


def _number(value: float, kind: str) -> str:
    if np.isnan(value):
        return units.NOTHING
    if kind == "times":
        return f"{units.factor(value)}x" if np.isfinite(value) else "∞"
    return kills.signed(round(value, 2))
