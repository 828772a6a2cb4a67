"""What a user reads of a run: its plan in one line, and how far it is."""

from __future__ import annotations

import pytest

from pytest_lmkd.run.host_turn import lane_of
from pytest_lmkd.run.messages import DevicePlan
from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Update
from pytest_lmkd.run.messages import decode
from pytest_lmkd.run.messages import encode
from pytest_lmkd.run.view import RunView

PLAN = DevicePlan("phone", trials=96, episodes=12, others=0, boots=12)


def plan(process: int, left_s: float, device: DevicePlan = PLAN, lane: int = 0) -> Plan:
    return Plan(process, lane, left_s, (device,))


def update(process: int, left_s: float, lane: int = 0, device: str = "phone") -> Update:
    return Update(process, lane, left_s, device, "undisturbed-64MB-1t  block 3/12", 81, 12)


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (PLAN, "plan: 96 trials and 12 episodes in 12 boots: about 6 min"),
        (DevicePlan("phone", 96, 0, 0, 1), "plan: 96 trials: about 6 min"),
        (DevicePlan("phone", 1, 1, 1, 1), "plan: 1 trial, 1 episode and 1 other test: about 6 min"),
        (DevicePlan("phone", 0, 0, 0, 0), "plan: nothing left to measure: about 6 min"),
    ],
)
def test_the_plan_of_one_device_is_one_line(device: DevicePlan, text: str) -> None:
    assert RunView().hear(plan(0, 360, device), 0.0) == text


def test_the_plan_of_several_devices_comes_when_the_last_one_is_known() -> None:
    view = RunView(processes=2)
    assert view.hear(plan(0, 360, lane=0), 0.0) == ""
    assert view.hear(plan(1, 420, lane=1), 1.0) == (
        "plan: 96 trials and 12 episodes in 12 boots on each of 2 devices, 192 trials and 24 episodes in "
        "all: about 7 min"
    )


def test_devices_with_different_plans_are_named() -> None:
    view = RunView(processes=2)
    view.hear(plan(0, 360), 0.0)
    other = DevicePlan("tablet", 4, 0, 0, 1)
    assert view.hear(plan(1, 10, other), 0.0) == (
        "plan: phone: 96 trials and 12 episodes in 12 boots; tablet: 4 trials; 100 trials and 12 episodes in "
        "all: about 6 min"
    )


def test_the_plan_of_a_replaced_process_is_not_told_again() -> None:
    view = RunView()
    view.hear(plan(0, 360), 0.0)
    assert view.hear(plan(0, 200), 60.0) == ""
    assert view.left_s(60.0) == 200


def test_the_slowest_lane_decides_and_devices_of_a_lane_take_turns() -> None:
    view = RunView(processes=3)
    for process, lane, left_s in ((0, 0, 100), (1, 0, 150), (2, 1, 200)):
        view.hear(plan(process, left_s, lane=lane), 0.0)
    assert view.left_s(0.0) == 250
    view.hear(update(0, 40), 0.0)
    assert view.left_s(0.0) == 200


def test_devices_on_this_machine_share_lanes_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_lmkd.run.host_turn.turns", lambda: 2)
    assert [lane_of(number, takes_turns=True) for number in range(4)] == [0, 1, 0, 1]
    assert len({lane_of(number, takes_turns=False) for number in range(4)} | {0, 1}) == 6


def test_between_messages_the_time_left_goes_down_but_never_below_zero() -> None:
    view = RunView()
    view.hear(plan(0, 100), 0.0)
    view.hear(update(0, 60), 50.0)
    assert [view.left_s(now_s) for now_s in (50.0, 60.0, 200.0)] == [60, 50, 0]


def test_the_share_done_is_one_of_time() -> None:
    view = RunView()
    view.hear(plan(0, 100), 0.0)
    view.hear(update(0, 60), 20.0)
    assert view.share_done(20.0) == pytest.approx(20 / 80)
    assert view.total_s(20.0) == pytest.approx(80)


def test_a_line_names_the_device_what_it_does_and_what_is_left() -> None:
    view = RunView()
    view.hear(plan(0, 6000), 0.0)
    view.hear(update(0, 4333), 0.0)
    assert (
        view.line(0.0) == "phone  undisturbed-64MB-1t  block 3/12  1 h 12 min left: 81 trials and 12 episodes"
    )


def test_the_bar_names_the_device_only_among_several() -> None:
    view = RunView(processes=2)
    view.hear(plan(0, 100), 0.0)
    view.hear(update(0, 100), 0.0)
    assert view.where == "undisturbed-64MB-1t  block 3/12"
    view.hear(plan(1, 100, DevicePlan("tablet", 4, 0, 0, 1)), 0.0)
    assert view.where == "phone  undisturbed-64MB-1t  block 3/12"


def test_messages_survive_the_way_to_another_process() -> None:
    for message in (plan(1, 2.5), update(3, 4.5)):
        assert decode(encode(message)) == message
