"""Builds a trial's record: its plan, the agent's measurements, and the verdict on their validity."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from lmkd_core.base.errors import TrialInvalid
from lmkd_core.records.parts import record_of
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.devices.agent import TrialAnswer
from pytest_lmkd.devices.messages import AgentTrial
from pytest_lmkd.devices.messages import AgentTrialFailed
from pytest_lmkd.experiment.validity import check
from pytest_lmkd.experiment.validity import excluded_by
from pytest_lmkd.experiment.validity import flags


def trial_record(
    planned: PlannedTrial,
    answer: TrialAnswer,
    boot_id: str,
    suppressed: Sequence[str] = (),
    meter: Meter = "cgroup",
) -> TrialRecord:
    """The record of a trial that the agent answered, or could not run.

    ``suppressed`` names the validity checks that exclude nothing; ``meter`` is the one the trial was to use.
    """
    if isinstance(answer, AgentTrialFailed):
        verdict = {"valid": False, "invalid_reason": answer.reason}
        return record_of(TrialRecord, planned, boot_id=boot_id, meter=meter, **verdict)
    failed = flags(planned, answer)
    reason = _invalid_reason(planned, answer, failed, suppressed)
    verdict = {"flags": failed, "valid": not reason, "invalid_reason": reason}
    return record_of(TrialRecord, planned, _resolved(answer), boot_id=boot_id, **verdict)


def _invalid_reason(
    planned: PlannedTrial, answer: AgentTrial, failed: Sequence[str], suppressed: Sequence[str]
) -> str:
    try:
        check(planned, answer)
    except TrialInvalid as invalid:
        return str(invalid)
    return excluded_by(failed, suppressed)


def _resolved(answer: AgentTrial) -> AgentTrial:
    """Free memory cannot resolve 99 %: its noise exceeds the last percent."""
    if answer.meter != "system":
        return answer
    return msgspec.structs.replace(answer, reclaim_99_ns=None, reclaim_99_after_ns=None)
