"""From an exported Parquet set to a fleet's rows: with pandas on one machine, or on Dask over several.

Both run the same functions, the one on all devices at once, the other on each partition: a partition is a
part of the devices, and no row needs more than one device. Nothing but the columns that are needed is read.
"""

from __future__ import annotations

from collections import Counter
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.compute as pc

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.arms import ARMS
from lmkd_core.records.arms import agent_arm
from lmkd_core.records.arms import once
from lmkd_core.records.kernel import BUILD_ID
from lmkd_core.records.kernel import IMAGE
from lmkd_core.records.kernel import VERSION
from lmkd_core.records.kernel import id_of
from lmkd_core.records.kernel import named
from lmkd_core.records.run import DEFAULT_EQUIVALENT_PCT
from lmkd_reports.export.parquet import open_table
from lmkd_reports.export.tables import DEVICES
from lmkd_reports.export.tables import EPISODES
from lmkd_reports.export.tables import FACTS
from lmkd_reports.export.tables import KILLS
from lmkd_reports.export.tables import SKIPS
from lmkd_reports.export.tables import TRIALS
from lmkd_reports.export.tables import Table
from lmkd_reports.fleet.frames import CLASSES
from lmkd_reports.fleet.frames import EPISODE_KEY
from lmkd_reports.fleet.frames import EPISODES as EPISODE_COLUMNS
from lmkd_reports.fleet.frames import MEASURED
from lmkd_reports.fleet.frames import TRIAL_KEY
from lmkd_reports.fleet.frames import TRIALS as TRIAL_COLUMNS
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.fleet.results import Place
from lmkd_reports.fleet.results import merged
from lmkd_reports.fleet.results import model_name
from lmkd_reports.fleet.results import results_of_frames
from lmkd_reports.fleet.results import skip_name
from lmkd_reports.format.strata import DEFAULTS

if TYPE_CHECKING:
    from distributed import Client

DEVICES_A_PARTITION = 50

CONNECT_S = 10

_STALLED = pc.field("without_stall").is_null() | (pc.field("without_stall") == "")
"""Not of an unstalled episode; exports of older versions lack the column."""

COUNTED = {
    TRIALS.name: ~pc.field("warmup"),
    EPISODES.name: ~pc.field("warmup") & _STALLED,
    KILLS.name: ~pc.field("warmup") & _STALLED,
}
"""The rows of a table by which arms are compared."""


def with_pandas(folder: Path, equivalent_pct: float = DEFAULT_EQUIVALENT_PCT) -> FleetResults:
    """The results of the exported set, computed here in parts of its devices.

    Raises:
        UsageProblem: there is no set in ``folder``.
    """
    arms = arms_in(folder)
    return merged([results_of(folder, devices, arms, equivalent_pct) for devices in _parts(folder)])


def on_dask(folder: Path, scheduler: str, equivalent_pct: float = DEFAULT_EQUIVALENT_PCT) -> FleetResults:
    """The same, computed by the workers of the Dask cluster at ``scheduler``; "": of this machine's CPUs.

    Every worker needs to see ``folder``.

    Raises:
        UsageProblem: there is no set in ``folder``, Dask is not installed, or nobody is at ``scheduler``.
    """
    parts, arms = _parts(folder), arms_in(folder)
    with _client(scheduler) as client:
        futures = client.map(
            partial(results_of, arms=arms, equivalent_pct=equivalent_pct), [folder] * len(parts), parts
        )
        return merged(client.gather(futures))


def _client(scheduler: str) -> Client:
    try:
        from distributed import Client  # noqa: PLC0415 - an extra that few need
    except ImportError as error:
        raise UsageProblem("--dask needs an extra: pip install 'pytest-lmkd[dask]'") from error
    try:
        return Client(scheduler, timeout=CONNECT_S) if scheduler else Client(dashboard_address=None)
    except (OSError, ValueError) as error:
        raise UsageProblem(f"no Dask scheduler answers at {scheduler} ({error})") from error


def results_of(
    folder: Path,
    devices: Sequence[str],
    arms: Sequence[str],
    equivalent_pct: float = DEFAULT_EQUIVALENT_PCT,
) -> FleetResults:
    """The results of ``devices``."""
    return results_of_frames(
        _episodes(folder, devices),
        _trials(folder, devices),
        arms,
        equivalent_pct,
        models=_models(folder, devices),
        skips=_skips(folder, devices),
    )


def arms_in(folder: Path) -> tuple[str, ...]:
    """The arms of the set in the order of all tables: lmkd's way of today comes first."""
    names = {arm for table in (EPISODES, TRIALS) for arm in _distinct(folder, table, "arm")}
    known = list(ARMS)
    return tuple(sorted(names, key=lambda arm: (arm != once(arm), known.index(agent_arm(arm).name), arm)))


def _parts(folder: Path) -> list[list[str]]:
    names = {name for table in (EPISODES, TRIALS) for name in _distinct(folder, table, "device")}
    if not names:
        raise UsageProblem(f"{folder} holds no exported run: make one by pytest-lmkd export RUN --parquet")
    devices = sorted(names)
    starts = range(0, len(devices), DEVICES_A_PARTITION)
    return [devices[start : start + DEVICES_A_PARTITION] for start in starts]


def _distinct(folder: Path, table: Table, column: str) -> list[str]:
    if not (folder / table.name).is_dir():
        return []
    names: list[str] = pc.unique(open_table(folder, table).to_table(columns=[column])[column]).to_pylist()
    return names


def _models(folder: Path, devices: Sequence[str]) -> dict[Place, str]:
    columns = ["run_id", "device", "model", "kernel_release", "personality"]
    table = _table(folder, DEVICES, devices, columns)
    rows = table.astype(object).where(table.notna(), None).itertuples(index=False)  # a null is NaN in pandas
    facts = _kernel_facts(folder, devices)
    return {
        (run_id, device): model_name(model, named(release, id_of(facts[run_id, device])), personality)
        for run_id, device, model, release, personality in rows
    }


def _kernel_facts(folder: Path, devices: Sequence[str]) -> defaultdict[Place, dict[str, str]]:
    """What tells the devices' kernels from others of their releases."""
    wanted = pc.field("fact").isin([IMAGE, BUILD_ID, VERSION]) & pc.field("value").is_valid()
    facts: defaultdict[Place, dict[str, str]] = defaultdict(dict)
    for row in _table(folder, FACTS, devices, ["run_id", "device", "fact", "value"], wanted).itertuples():
        facts[row.run_id, row.device][row.fact] = row.value
    return facts


def _skips(folder: Path, devices: Sequence[str]) -> Counter[str]:
    rows = _table(folder, SKIPS, devices, ["what", "name", "reason"]).itertuples(index=False)
    return Counter(skip_name(*row) for row in rows)


def _episodes(folder: Path, devices: Sequence[str]) -> pd.DataFrame:
    counted = [name for name in EPISODE_COLUMNS if name not in CLASSES.values()]
    episodes = _table(folder, EPISODES, devices, counted, COUNTED[EPISODES.name])
    wanted = pc.field("premature") & COUNTED[KILLS.name]
    kills = _table(folder, KILLS, devices, [*EPISODE_KEY, "premature_class"], wanted)
    premature = kills.groupby([*EPISODE_KEY, "premature_class"], sort=False).size().unstack(fill_value=0)
    premature = premature.reindex(columns=list(CLASSES), fill_value=0).rename(columns=CLASSES)
    together = episodes.merge(premature.reset_index(), on=list(EPISODE_KEY), how="left")
    return together.fillna(dict.fromkeys(CLASSES.values(), 0)).astype({"valid": bool})[list(EPISODE_COLUMNS)]


def _trials(folder: Path, devices: Sequence[str]) -> pd.DataFrame:
    frame = _table(folder, TRIALS, devices, TRIAL_COLUMNS, COUNTED[TRIALS.name])
    return frame.astype({**MEASURED, "valid": bool}).drop_duplicates(list(TRIAL_KEY), keep="last")


def _table(
    folder: Path,
    table: Table,
    devices: Sequence[str],
    columns: Sequence[str],
    only: pc.Expression | None = None,
) -> pd.DataFrame:
    """The wanted columns and rows; empty if no exported run has the table.

    An export of an older version may lack a field of strata; its rows get the default.
    """
    if not (folder / table.name).is_dir():
        return pd.DataFrame(columns=list(columns))
    wanted = pc.field("device").isin(list(devices))
    wanted = wanted if only is None else wanted & only
    frame: pd.DataFrame = open_table(folder, table).to_table(columns=list(columns), filter=wanted).to_pandas()
    lacking = {name: DEFAULTS[name] for name in frame if name in DEFAULTS and frame[name].isna().any()}
    return frame.fillna(lacking).astype({name: type(value) for name, value in lacking.items()})
