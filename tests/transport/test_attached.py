"""Tests a phone at the user's adb server: root is taken where allowed and given back; restarts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_adb_server import SERIAL
from fake_adb_server import FakeAdbServer
from stand_in_phone import StandInPhone

from lmkd_core.base.errors import DeviceUnusable
from pytest_lmkd.devices.attached import AttachedSource
from pytest_lmkd.transport import AdbServer


@pytest.fixture
def stand_in(fake: FakeAdbServer) -> Iterator[StandInPhone]:
    phone = StandInPhone(fake)
    yield phone
    phone.stop()


@pytest.fixture
def source(server: AdbServer) -> AttachedSource:
    return AttachedSource(server, SERIAL, SERIAL)


def test_a_debuggable_build_becomes_root_and_is_given_back(
    stand_in: StandInPhone, source: AttachedSource
) -> None:
    messages: list[str] = []
    source.attach(messages.append)
    assert stand_in.uid == 0
    assert messages == [f"{SERIAL}: restarting adbd as root"]
    source.detach()
    assert stand_in.uid == 2000


def test_a_user_build_is_left_alone(
    fake: FakeAdbServer, stand_in: StandInPhone, source: AttachedSource
) -> None:
    stand_in.build = "0"
    source.attach(print)
    source.detach()
    assert not {"root:", "unroot:"} & set(fake.requests)


def test_an_adbd_that_was_root_before_stays_root(
    fake: FakeAdbServer, stand_in: StandInPhone, source: AttachedSource
) -> None:
    stand_in.uid = 0
    source.attach(print)
    source.detach()
    assert stand_in.uid == 0
    assert "unroot:" not in fake.requests


def test_a_phone_that_is_about_to_restart_is_waited_for_until_it_has(
    stand_in: StandInPhone, source: AttachedSource
) -> None:
    stand_in.build = "0"
    transport = source.attach(print)

    def is_asked() -> str:
        stand_in.when_watched = lambda: stand_in.go_through("offline", "", "device")
        return "1reboot,userrequested"

    stand_in.shutdown_requested = is_asked
    assert source.attach(print) is transport
    assert stand_in.state == "device"


def test_a_phone_is_restarted_as_by_adb_reboot_and_becomes_root_again(
    server: AdbServer, fake: FakeAdbServer, stand_in: StandInPhone
) -> None:
    source = AttachedSource(server, SERIAL, SERIAL, may_reboot=True)
    transport = source.attach(print)
    source.restart(print)
    assert (stand_in.state, stand_in.uid) == ("device", 2000)
    assert source.attach(print) is transport
    assert stand_in.uid == 0
    source.detach()
    assert stand_in.uid == 2000
    assert fake.requests.count("reboot:") == 1


def test_a_phone_is_not_restarted_without_the_users_consent(
    fake: FakeAdbServer, stand_in: StandInPhone, source: AttachedSource
) -> None:
    source.attach(print)
    with pytest.raises(DeviceUnusable, match=f"{SERIAL} cannot be restarted: add --lmkd-reboot"):
        source.restart(print)
    assert "reboot:" not in fake.requests


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("unauthorized", "accept this host's key"),
        ("offline", "plug it in again"),
        ("recovery", "start it into Android"),
    ],
)
def test_an_unusable_phone_is_reported_with_advice(
    stand_in: StandInPhone, source: AttachedSource, state: str, advice: str
) -> None:
    stand_in.state = state
    with pytest.raises(DeviceUnusable, match=f"{SERIAL} is {state}: {advice}"):
        source.attach(print)
