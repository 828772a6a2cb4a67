"""``--lmkd-filter``: comparisons of facts, read and never executed."""

from __future__ import annotations

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.schema import Fact
from pytest_lmkd.devices.filter import DeviceFilter
from pytest_lmkd.devices.shell_facts import FACTS

PIXEL = {
    "model": Fact("Pixel 8a", ""),
    "sdk": Fact(35, ""),
    "abi": Fact("arm64-v8a", ""),
    "kernel": Fact("6.12.23-android16-5-g1", ""),
    "build_type": Fact("userdebug", ""),
    "ram_mb": Fact(7583, ""),
    "low_ram": Fact(None, "", "the property is not set"),
}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sdk >= 34",
        "sdk == 35 and abi == 'arm64-v8a'",
        "'Pixel' in model and 'Fold' not in model",
        "kernel >= '6.6' and kernel < '6.13'",
        "not sdk < 34",
        "sdk < 30 or ram_mb <= 8192",
        "33 < sdk",
        "build_type != 'user'",
    ],
)
def test_what_holds_of_the_device_keeps_it(text: str) -> None:
    assert DeviceFilter(text, FACTS).wants(PIXEL)


@pytest.mark.parametrize(
    "text",
    [
        "sdk > 35",
        "abi == 'x86_64'",
        "kernel >= '6.13'",
        "low_ram == 'true'",
        "low_ram != 'true'",
        "screen == 'Awake'",
        "sdk >= 34 and not 'Pixel' in model",
    ],
)
def test_what_does_not_hold_or_is_not_known_leaves_it_out(text: str) -> None:
    assert not DeviceFilter(text, FACTS).wants(PIXEL)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("sdk >=", "cannot be read"),
        ("colour == 'red'", "names the unknown fact 'colour'; known: abi, "),
        ("__import__('os').system('true')", "which is not a comparison"),
        ("model.upper() == 'X'", "which is not a comparison"),
        ("30 < sdk < 36", "which is not a comparison"),
        ("sdk + 1 > 3", "which is not a comparison"),
        ("sdk is 35", "which is not a comparison"),
        ("[sdk for sdk in model]", "which is not a comparison"),
        ("\0", "cannot be read"),
        ("(" * 500, "cannot be read"),
    ],
)
def test_what_is_no_comparison_of_facts_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UsageProblem, match=r"--lmkd-filter .*" + reason.replace("(", r"\(")):
        DeviceFilter(text, FACTS)


def test_comparing_a_number_with_words_is_a_mistake_that_is_named() -> None:
    with pytest.raises(UsageProblem, match="compares 35 with 'new'"):
        DeviceFilter("sdk > 'new'", FACTS).wants(PIXEL)
