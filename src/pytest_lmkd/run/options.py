"""The plugin's options: their definition for pytest, and their checked values."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from pathlib import Path

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.arms import ARMS
from lmkd_core.records.arms import DEFAULT_ARMS
from lmkd_core.records.arms import parse_arms
from lmkd_core.records.directory import read_run
from lmkd_core.records.run import RunInfo
from lmkd_core.timing.size import MOST_BLOCKS
from lmkd_core.timing.size import Given
from lmkd_core.timing.words import parse_duration
from pytest_lmkd.apps.names import parse_component
from pytest_lmkd.conformance.variant import Variant
from pytest_lmkd.conformance.variant_file import read_variant
from pytest_lmkd.devices.cuttlefish.settings import Settings as CuttlefishSettings
from pytest_lmkd.devices.cuttlefish.settings import parse_settings
from pytest_lmkd.devices.filter import DeviceFilter
from pytest_lmkd.devices.shell_facts import FACTS
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.experiment.validity import CHECKS
from pytest_lmkd.experiment.validity import parse_suppressed
from pytest_lmkd.run.latest import RESULTS

CUTTLEFISH = "--lmkd-cuttlefish"
VARIANT = "--lmkd-variant"

LABEL_MAX = 80

DEFAULT_BLOCKS = 12
"""12 blocks waste little of an exact 95 % interval's width (lmkd_core.statistics.paired)."""


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("lmkd", "measuring how killed apps give back their memory (pytest-lmkd)")
    _add_device_options(group)
    _add_app_options(group)
    _add_conformance_options(group)
    _add_arm_options(group)
    _add_size_options(group)
    _add_design_options(group)
    _add_result_options(group)


def _add_device_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--lmkd-device",
        metavar="SPEC",
        action="append",
        default=[],
        help="device to measure, can be repeated: virtual, virtual:PERSONALITY[@ABI], local (this machine, "
        "as root), cuttlefish, cuttlefish:N, an adb serial, all, or HOST:PORT/SERIAL",
    )
    group.addoption(
        CUTTLEFISH,
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="how --lmkd-device cuttlefish is started, can be repeated: kernel=FILE, initramfs=FILE, "
        "memory_mb=N, cpus=N, images=DIR, launcher=FILE, extra='--FLAG=VALUE ...', boot_timeout_s=N, "
        "adb_base_port=PORT (of instance 1)",
    )
    group.addoption(
        "--lmkd-reboot",
        action="store_true",
        help="allow --lmkd-boots to restart phones",
    )
    group.addoption(
        "--lmkd-filter",
        metavar="EXPR",
        default="",
        help="measure only devices with these facts (see pytest-lmkd doctor), e.g. "
        '\'sdk >= 34 and abi == "arm64-v8a" and kernel >= "6.1"\'; the others are skipped',
    )


def _add_app_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--lmkd-app",
        metavar="PACKAGE/ACTIVITY",
        action="append",
        default=[],
        help="for suites/apps: an installed app to keep in the background, in place of the workload apps; "
        "can be repeated",
    )
    group.addoption(
        "--lmkd-apks",
        metavar="DIR",
        help="for suites/apps: folder of workload apps, installed for the run (see make apks)",
    )


def _add_conformance_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        VARIANT,
        metavar="FILE",
        help="for suites/conformance: hold the kernel to the answers in this file, not to those of the "
        "variant that it seems to be (docs/conformance.md)",
    )


def _add_arm_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--lmkd-arms",
        metavar="A,B",
        default=",".join(DEFAULT_ARMS),
        help=f"arms to compare; the first is the baseline (default: %(default)s; known: {', '.join(ARMS)})",
    )
    group.addoption(
        "--lmkd-pressure-arms",
        metavar="A,B",
        help="those of --lmkd-arms that pressure episodes compare (default: all)",
    )


def _add_size_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--lmkd-blocks",
        metavar="N",
        help="blocks per stratum; each block runs every arm once, in random order "
        f"(default: {DEFAULT_BLOCKS})",
    )
    group.addoption(
        "--lmkd-pressure-blocks",
        metavar="N",
        help="blocks per pressure scenario; its episodes take longer (default: as --lmkd-blocks)",
    )
    group.addoption(
        "--lmkd-boots",
        metavar="B",
        help="spread the blocks over B boots: restart each device B - 1 times (default: 12 if all devices "
        "are virtual and both numbers of blocks are 12 or more, else 1)",
    )
    group.addoption(
        "--lmkd-budget",
        metavar="TIME",
        help="choose the numbers of blocks and boots that are not given so that the run takes about this "
        "long: 90s, 10m, 1h30m",
    )


def _add_design_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--lmkd-seed", metavar="N", help="seed for all random choices (default: a new one, which is recorded)"
    )
    group.addoption(
        "--lmkd-precision",
        metavar="PCT",
        help="end a stratum early once every ratio to the baseline is known to PCT percent",
    )
    group.addoption(
        "--lmkd-equivalent",
        metavar="PCT",
        default="10",
        help="call arms equivalent whose times are shown to differ by less than PCT percent "
        "(default: %(default)s)",
    )
    group.addoption(
        "--lmkd-warmup",
        metavar="N",
        help="blocks to run first in each stratum and boot; they are stored but not counted "
        "(default: one in the first stratum of trials after each boot of the device)",
    )
    group.addoption(
        "--lmkd-suppress",
        metavar="A,B",
        default="",
        help="validity checks that must not exclude trials; failures are still flagged "
        f"(those that exclude: {', '.join(name for name, check in CHECKS.items() if check.excludes)})",
    )


def _add_result_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--lmkd-label", metavar="TEXT", help="a name for the run, used in reports in place of its folder's"
    )
    group.addoption(
        "--lmkd-results", metavar="DIR", help="folder for the results (default: results/<date and time>)"
    )
    group.addoption(
        "--lmkd-resume",
        metavar="DIR",
        help="continue the run in this results folder: same arms, blocks and seed, only the missing trials",
    )
    group.addoption(
        "--lmkd-html", metavar="FILE", help="write the report here too, not only in the results folder"
    )


@dataclass(frozen=True, slots=True)
class Options:
    """The options after checking. ``resumed`` is the run that ``results`` holds already.

    With a ``budget_s``, the numbers that are not ``given`` are chosen once all tests are known.
    """

    specs: tuple[str, ...]
    cuttlefish: CuttlefishSettings
    may_reboot: bool
    wanted: DeviceFilter
    arms: tuple[str, ...]
    pressure_arms: tuple[str, ...]
    blocks: int
    pressure_blocks: int
    boots: int
    budget_s: int | None
    given: Given
    label: str
    seed: int
    results: Path
    html: Path | None
    precision_pct: int | None
    equivalent_pct: float
    warmup_blocks: int
    warmup_after_boot: bool
    suppressed: tuple[str, ...]
    unstalled_episodes: bool
    apps: tuple[str, ...]
    apks: Path | None
    variant: Variant | None
    resumed: RunInfo | None

    @property
    def run_rules(self) -> RunRules:
        """The rules for single kills, and for episodes, whose number of blocks is fixed."""
        trials = Rules(
            self.blocks,
            self.seed,
            self.warmup_blocks,
            self.precision_pct,
            self.suppressed,
            warmup_after_boot=self.warmup_after_boot,
            boots=self.boots,
        )
        episodes = replace(
            trials,
            blocks=self.pressure_blocks,
            arms=self.pressure_arms,
            precision_pct=None,
            warmup_after_boot=False,
        )
        return RunRules(trials, replace(episodes, unstalled_episodes=self.unstalled_episodes))

    @classmethod
    def of(cls, config: pytest.Config) -> Options:
        """Raises: UsageProblem, naming the option and the values it takes."""
        html = config.getoption("--lmkd-html")
        resumed = _resumed_run(config)
        arms = resumed.arms if resumed else parse_arms(config.getoption("--lmkd-arms"))
        blocks = resumed.blocks if resumed else _blocks(config)
        pressure_blocks = (resumed.pressure_blocks if resumed else _pressure_blocks(config)) or blocks
        return cls(
            specs=tuple(config.getoption("--lmkd-device")),
            cuttlefish=_cuttlefish(config),
            may_reboot=config.getoption("--lmkd-reboot"),
            wanted=DeviceFilter(config.getoption("--lmkd-filter"), FACTS),
            arms=arms,
            pressure_arms=resumed.pressure_arms if resumed else _pressure_arms(config, arms),
            blocks=blocks,
            pressure_blocks=pressure_blocks,
            boots=resumed.boots if resumed else _boots(config, blocks, pressure_blocks),
            budget_s=resumed.budget_s if resumed else _budget(config),
            given=_given(config),
            label=resumed.label if resumed else _label(config),
            seed=resumed.seed if resumed else _seed(config),
            results=_results(config),
            html=Path(html) if html else None,
            precision_pct=resumed.precision_pct if resumed else _precision(config),
            equivalent_pct=resumed.equivalent_pct if resumed else _equivalent(config),
            warmup_blocks=resumed.warmup_blocks if resumed else _warmup(config),
            warmup_after_boot=resumed.warmup_after_boot
            if resumed
            else config.getoption("--lmkd-warmup") is None,
            suppressed=resumed.suppressed
            if resumed
            else parse_suppressed(config.getoption("--lmkd-suppress")),
            unstalled_episodes=resumed.unstalled_episodes if resumed else True,
            apps=tuple(map(parse_component, config.getoption("--lmkd-app"))),
            apks=_folder("--lmkd-apks", config.getoption("--lmkd-apks")),
            variant=_variant(config),
            resumed=resumed,
        )


def _resumed_run(config: pytest.Config) -> RunInfo | None:
    folder = config.getoption("--lmkd-resume")
    if folder and config.getoption("--lmkd-results"):
        raise UsageProblem("--lmkd-resume names the results folder: leave out --lmkd-results")
    for option in ("--lmkd-budget", "--lmkd-label"):
        if folder and config.getoption(option):
            raise UsageProblem(f"--lmkd-resume keeps the run's numbers and label: leave out {option}")
    return read_run(Path(folder)) if folder else None


def _cuttlefish(config: pytest.Config) -> CuttlefishSettings:
    texts = config.getoption(CUTTLEFISH)
    kinds = {spec.partition(":")[0] for spec in config.getoption("--lmkd-device")}
    if texts and "cuttlefish" not in kinds:
        raise UsageProblem(f"{CUTTLEFISH} is given, but no --lmkd-device is cuttlefish or cuttlefish:N")
    return parse_settings(texts, CUTTLEFISH)


def _blocks(config: pytest.Config) -> int:
    text = config.getoption("--lmkd-blocks")
    return DEFAULT_BLOCKS if text is None else _whole_number("--lmkd-blocks", text, 1, 10_000)


def _given(config: pytest.Config) -> Given:
    """The numbers that the user named; a resumed run has its own."""
    names = ("--lmkd-blocks", "--lmkd-pressure-blocks", "--lmkd-boots")
    texts = [config.getoption(name) for name in names]
    return Given(*(_whole_number(n, t, 1, 10_000) if t else None for n, t in zip(names, texts, strict=True)))


def _budget(config: pytest.Config) -> int | None:
    text = config.getoption("--lmkd-budget")
    if text is None:
        return None
    given = _given(config)
    if given.blocks and given.pressure_blocks and given.boots:
        raise UsageProblem(
            "--lmkd-budget chooses blocks and boots, and all are given: leave out --lmkd-blocks, "
            "--lmkd-pressure-blocks or --lmkd-boots"
        )
    return parse_duration("--lmkd-budget", text)


def _label(config: pytest.Config) -> str:
    text = str(config.getoption("--lmkd-label") or "").strip()
    if not text.isprintable() or len(text) > LABEL_MAX:
        raise UsageProblem(
            f"--lmkd-label takes at most {LABEL_MAX} printable characters, not {text[: 2 * LABEL_MAX]!r}"
        )
    return text


def _precision(config: pytest.Config) -> int | None:
    text = config.getoption("--lmkd-precision")
    return _whole_number("--lmkd-precision", text, 1, 1000) if text else None


def _equivalent(config: pytest.Config) -> int:
    return _whole_number("--lmkd-equivalent", config.getoption("--lmkd-equivalent"), 1, 1000)


def _warmup(config: pytest.Config) -> int:
    """0 if the option is not given: then a warm-up block follows each boot."""
    text = config.getoption("--lmkd-warmup")
    return _whole_number("--lmkd-warmup", text, 0, 1000) if text else 0


def _pressure_arms(config: pytest.Config, arms: Sequence[str]) -> tuple[str, ...]:
    """Empty stands for all ``arms``."""
    text = config.getoption("--lmkd-pressure-arms")
    chosen = parse_arms(text, "--lmkd-pressure-arms") if text else ()
    unknown = [arm for arm in chosen if arm not in arms]
    if unknown:
        raise UsageProblem(
            f"--lmkd-pressure-arms takes arms of --lmkd-arms ({', '.join(arms)}), and {unknown[0]!r} is none"
        )
    if chosen and arms[0] not in chosen:
        raise UsageProblem(f"--lmkd-pressure-arms must name the baseline, {arms[0]}, to compare with")
    return chosen


def _pressure_blocks(config: pytest.Config) -> int:
    """0 stands for the number of ``--lmkd-blocks``."""
    text = config.getoption("--lmkd-pressure-blocks")
    return _whole_number("--lmkd-pressure-blocks", text, 1, 10_000) if text else 0


def _boots(config: pytest.Config, blocks: int, pressure_blocks: int) -> int:
    """0 if the option is not given: then the devices decide."""
    if config.getoption("--lmkd-boots") is None:
        return 0
    given = _given(config)
    if config.getoption("--lmkd-budget"):  # chooses the numbers of blocks that are not given
        blocks, pressure_blocks = given.blocks or MOST_BLOCKS, given.pressure_blocks or MOST_BLOCKS
    boots = _whole_number("--lmkd-boots", config.getoption("--lmkd-boots"), 1, 10_000)
    for option, number in (("--lmkd-blocks", blocks), ("--lmkd-pressure-blocks", pressure_blocks)):
        if boots > number:
            raise UsageProblem(
                f"--lmkd-boots {boots} needs a block for each boot, and {option} is {number}: give {option} "
                f"{boots} or more, or fewer boots"
            )
    return boots


def _seed(config: pytest.Config) -> int:
    text = config.getoption("--lmkd-seed")
    return secrets.randbits(31) if text is None else _whole_number("--lmkd-seed", text, 0, 2**62)


def _folder(option: str, text: str | None) -> Path | None:
    if text is not None and not Path(text).is_dir():
        raise UsageProblem(f"{option} takes a folder, and {text!r} is none")
    return None if text is None else Path(text)


def _variant(config: pytest.Config) -> Variant | None:
    text = config.getoption(VARIANT)
    return read_variant(Path(text), VARIANT) if text else None


def _results(config: pytest.Config) -> Path:
    named = config.getoption("--lmkd-resume") or config.getoption("--lmkd-results")
    return Path(named) if named else RESULTS / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def _whole_number(option: str, text: str, smallest: int, largest: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = smallest - 1
    if not smallest <= number <= largest:
        raise UsageProblem(f"{option} takes a whole number from {smallest} to {largest}, not {text!r}")
    return number
