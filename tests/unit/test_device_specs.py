"""The devices that SPEC of --lmkd-device names; none is mistaken for another."""

from __future__ import annotations

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.names import file_name
from pytest_lmkd.devices.spec import parse_specs


def test_one_serial_on_two_hosts_is_two_devices_with_records_of_their_own() -> None:
    names = [
        source.name for source in parse_specs(["lab1:5037/0123456789ABCDEF", "lab2:5037/0123456789ABCDEF"])
    ]
    assert names == ["lab1:5037/0123456789ABCDEF", "lab2:5037/0123456789ABCDEF"]
    assert len({file_name(name) for name in names}) == 2


@pytest.mark.parametrize(
    ("specs", "names"),
    [
        (["virtual"], ["virtual-reap-kill-v3"]),
        (["virtual:stock", "virtual:exit-mm"], ["virtual-stock", "virtual-exit-mm"]),
        (["virtual:stock@x86_64"], ["virtual-stock"]),
        (["virtual:stock@arm64", "virtual:stock"], ["virtual-stock-arm64", "virtual-stock"]),
        (["virtual:stock@arm64-16k"], ["virtual-stock-arm64-16k"]),
    ],
)
def test_each_kind_of_virtual_device_has_its_name(specs: list[str], names: list[str]) -> None:
    assert [source.name for source in parse_specs(specs)] == names


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (["virtual:stock", "virtual:stock"], "twice"),
        (["virtual:stock", "virtual:stock@x86_64"], "twice"),
        (["virtual:"], "unknown personality ''"),
        (["virtual:stock@"], "no ABI ''.*x86_64, arm64, arm64-16k"),
        (["virtual:stock@mips"], "no ABI 'mips'"),
        (["virtual:../stock"], "unknown personality"),
        ([""], "names no device"),
        (["a b"], "names no device"),
        (["lab:99999/X"], "99999"),
    ],
)
def test_what_means_nothing_is_refused_with_what_does(specs: list[str], message: str) -> None:
    with pytest.raises(UsageProblem, match=message):
        parse_specs(specs)
