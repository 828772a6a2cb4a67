"""A record is made of typed parts: no field of a part may get lost, nor change its type."""

from __future__ import annotations

import msgspec
import pytest

from lmkd_core.records.device import StateRecord
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import KillRecord
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.parts import record_of
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.apps.app_kill import AppKillMeasured
from pytest_lmkd.apps.observation import Observed
from pytest_lmkd.apps.observing import PlannedObservation
from pytest_lmkd.devices.messages import AgentEpisode
from pytest_lmkd.devices.messages import AgentKill
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.devices.state import Place

PARTS = [
    (TrialRecord, PlannedTrial, set()),
    (TrialRecord, AgentTrial, {"id"}),
    (TrialRecord, AppKillMeasured, set()),
    (EpisodeRecord, PlannedEpisode, set()),
    (EpisodeRecord, AgentEpisode, {"id", "apps_lost", "oom_kills"}),  # these decide whether it is valid
    (KillRecord, AgentKill, set()),
    (ObservationRecord, PlannedObservation, set()),
    (ObservationRecord, Observed, set()),
    (StateRecord, Place, set()),
    (PlannedTrial, Stratum, set()),
    (PlannedEpisode, EpisodeStratum, set()),
]


def types(struct: type) -> dict[str, set[object]]:
    """Each field's types, those of a union one by one."""
    fields = msgspec.inspect.type_info(struct).fields  # type: ignore[union-attr]  # of a struct
    return {field.name: set(map(repr, getattr(field.type, "types", (field.type,)))) for field in fields}


@pytest.mark.parametrize(("record", "part", "dropped"), PARTS)
def test_a_record_keeps_every_field_of_its_parts(record: type, part: type, dropped: set[str]) -> None:
    fields, of_part = types(record), types(part)
    assert of_part.keys() - fields.keys() == dropped
    for name in of_part.keys() & fields.keys():
        assert of_part[name] <= fields[name], name


def test_later_parts_win_and_the_schema_is_todays() -> None:
    stratum = Stratum("s", "x", "none", "natural", 64, 1)
    place = {"device": "d", "arm": "kill", "block": 0, "order": 0, "seed": 1}
    planned = record_of(PlannedTrial, stratum, msgspec.structs.replace(stratum, threads=2), **place)
    assert planned.threads == 2
    old = msgspec.structs.replace(planned, schema=0)
    assert record_of(PlannedTrial, old).schema == planned.schema


def test_a_field_that_no_part_has_is_an_error() -> None:
    with pytest.raises(TypeError, match="device"):
        record_of(PlannedTrial, Stratum("s", "x", "none", "natural", 64, 1))
