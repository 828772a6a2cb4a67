"""The packets that lmkd-client sends, its reports of the answers, and its exit, for any behaviour of lmkd."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from stand_in_lmkd import GETKILLCNT
from stand_in_lmkd import PATIENCE_S
from stand_in_lmkd import PROCKILL
from stand_in_lmkd import PROCPRIO
from stand_in_lmkd import PROCREMOVE
from stand_in_lmkd import SUBSCRIBE
from stand_in_lmkd import UPDATE_PROPS
from stand_in_lmkd import Client
from stand_in_lmkd import StandInLmkd
from stand_in_lmkd import packet
from stand_in_lmkd import stat_packet

from lmkd_core.base.toolchain import ZIG_TARGETS
from lmkd_core.base.toolchain import static_program
from pytest_lmkd.lmkd.client import PROGRAM
from pytest_lmkd.lmkd.client import LmkdStat
from pytest_lmkd.lmkd.client import decode_line

pytestmark = pytest.mark.compiler

CLOSED, FAILED, USAGE = 3, 1, 2
NOBODY = 65534

LONGS = [1, 2, 3 << 30, 4, 5, 6 << 40]
WORDS = [10123, 905, 201, 1000, 2000, 8, 30, 40]


def subscribed(client: Client, event: int) -> None:
    """The answer to the next command shows the program that lmkd has processed this one."""
    assert client.receive() == (SUBSCRIBE, event)
    assert client.receive()[0] == GETKILLCNT
    client.send(GETKILLCNT, 0)
    assert client.line() == {"type": "lmkd_done", "command": "subscribe"}


def test_it_asks_for_a_count_and_tells_it(lmkd: StandInLmkd) -> None:
    with lmkd.client("count:1001:1001", "count:900:999") as client:
        assert client.receive() == (GETKILLCNT, 1001, 1001)
        client.send(GETKILLCNT, 17)
        assert client.receive() == (GETKILLCNT, 900, 999)
        client.send(GETKILLCNT, 5)
        assert client.end() == (
            0,
            [
                {"type": "lmkd_count", "min_adj": 1001, "max_adj": 1001, "count": 17},
                {"type": "lmkd_count", "min_adj": 900, "max_adj": 999, "count": 5},
            ],
        )


@pytest.mark.parametrize(
    ("word", "sent"),
    [
        ("register:123:10001:905", (PROCPRIO, 123, 10001, 905)),
        ("register:123:10001:-800:1", (PROCPRIO, 123, 10001, -800, 1)),
        ("remove:2147483647", (PROCREMOVE, 2**31 - 1)),
    ],
)
def test_a_command_without_an_answer_is_done_once_lmkd_answers_what_follows(
    word: str, sent: tuple[int, ...], lmkd: StandInLmkd
) -> None:
    with lmkd.client(word) as client:
        assert client.receive() == sent
        assert client.receive()[0] == GETKILLCNT
        client.send(GETKILLCNT, 0)
        assert client.end() == (0, [{"type": "lmkd_done", "command": word.partition(":")[0]}])


@pytest.mark.parametrize(("result", "status"), [(0, 0), (-1, FAILED)])
def test_the_result_of_update_props_is_told(result: int, status: int, lmkd: StandInLmkd) -> None:
    with lmkd.client("update-props") as client:
        assert client.receive() == (UPDATE_PROPS,)
        client.send(UPDATE_PROPS, result)
        ended, (line,) = client.end()
        assert (ended, line["type"]) == (status, "lmkd_error" if result else "lmkd_done")


@pytest.mark.parametrize(("rss", "reported"), [((), None), ((4096,), 4096), ((0, 7, 7), 0)])
def test_kills_are_told_with_or_without_their_rss(
    rss: tuple[int, ...], reported: int | None, lmkd: StandInLmkd
) -> None:
    with lmkd.client("subscribe:kill", "watch") as client:
        subscribed(client, 0)
        client.send(PROCKILL, 123, 10001, *rss)
        line = client.line()
        assert line.pop("seen_ns") > 0
        assert line == {"type": "lmkd_killed", "pid": 123, "uid": 10001, "rss_kb": reported}
        assert client.end() == (0, [])


def test_a_kill_that_comes_before_an_answer_is_not_lost(lmkd: StandInLmkd) -> None:
    with lmkd.client("count:0:999") as client:
        client.receive()
        client.send(PROCKILL, 123, 10001)
        client.send(GETKILLCNT, 1)
        _, lines = client.end()
        assert [line["type"] for line in lines] == ["lmkd_killed", "lmkd_count"]


@pytest.mark.parametrize("padding", [b"", bytes(214 - 96), bytes(222 - 96), bytes(4000)])
@pytest.mark.parametrize("name", [b"app.sleep"])
def test_every_field_of_a_kill_statistic_is_told(padding: bytes, name: bytes, lmkd: StandInLmkd) -> None:
    """As long as its text, as long as the largest packets of older and newer lmkds, and longer."""
    with lmkd.client("subscribe:stat", "watch") as client:
        subscribed(client, 1)
        client.link.send(stat_packet(LONGS, WORDS, name) + padding)
        assert client.process.stdout is not None
        line = decode_line(client.process.stdout.readline())
        assert isinstance(line, LmkdStat)
        assert line == LmkdStat(*LONGS, *WORDS, "app.sleep", line.seen_ns)


def test_what_lmkd_does_not_know_of_a_kill_is_null(lmkd: StandInLmkd) -> None:
    with lmkd.client("subscribe:stat", "watch") as client:
        subscribed(client, 1)
        client.link.send(stat_packet([-1] * 6, [-1] * 8, b'"\xff\n'))
        line = client.line()
        assert line["rss_in_bytes"] is line["pgfault"] is None
        assert (line["kill_reason"], line["taskname"]) == (-1, '"�\n')


@pytest.mark.parametrize(
    "data", [b"\0", packet(99, 1), packet(PROCKILL, 1), packet(GETKILLCNT), b"\xff" * 5000]
)
def test_packets_without_sense_are_told_of_and_change_nothing(data: bytes, lmkd: StandInLmkd) -> None:
    with lmkd.client("count:0:999") as client:
        client.receive()
        client.link.send(data)
        client.send(GETKILLCNT, 3)
        status, (unknown, count) = client.end()
        assert (status, unknown["type"], unknown["size_bytes"]) == (0, "lmkd_unknown", len(data))
        assert count["count"] == 3


def test_silence_has_a_bound_however_much_else_lmkd_tells(lmkd: StandInLmkd) -> None:
    with lmkd.client("--timeout-ms", "50", "count:0:999") as client:
        client.receive()
        client.send(PROCKILL, 123, 10001)
        status, (_, error) = client.end()
        assert (status, error["call"], error["errno"]) == (FAILED, "receive", "ETIMEDOUT")


@pytest.mark.parametrize("word", ["count:0:999", "watch"])
def test_it_says_that_lmkd_hung_up(word: str, lmkd: StandInLmkd) -> None:
    with lmkd.client(word) as client:
        client.link.close()  # with what the program may have sent unread
        assert client.process.wait(PATIENCE_S) == CLOSED
        line = client.line()
        assert (line["type"], line["errno"]) == ("lmkd_error", "ECONNRESET")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_watch(number: signal.Signals, lmkd: StandInLmkd) -> None:
    with lmkd.client("subscribe:kill", "watch") as client:
        subscribed(client, 0)
        client.process.send_signal(number)
        assert client.process.wait(PATIENCE_S) == 0


def test_the_second_says_which_process_is_connected(lmkd: StandInLmkd) -> None:
    with lmkd.client("subscribe:kill", "watch") as client:
        subscribed(client, 0)
        status, error = lmkd.refuse("count:0:999")
        assert (status, error["call"], error["errno"]) == (FAILED, "lock", "EAGAIN")
        assert f"process {client.process.pid} holds the lock" in error["reason"]


def test_the_lock_goes_with_its_process_however_that_ends(lmkd: StandInLmkd) -> None:
    with lmkd.client("subscribe:kill", "watch") as client:
        subscribed(client, 0)
        client.process.kill()
        client.process.wait(PATIENCE_S)
    with lmkd.client("count:0:999") as client:
        client.receive()
        client.send(GETKILLCNT, 0)
        assert client.end()[0] == 0


def test_it_says_which_errno_connecting_gave(lmkd: StandInLmkd) -> None:
    lmkd.close()
    assert lmkd.refuse("watch")[1]["errno"] == "ECONNREFUSED"
    lmkd.path.unlink()
    status, error = lmkd.refuse("watch")
    assert (status, error["call"], error["errno"]) == (FAILED, "connect", "ENOENT")


def test_it_says_that_permission_is_missing(lmkd: StandInLmkd) -> None:
    lmkd.path.chmod(0)
    assert lmkd.refuse("watch", user=NOBODY)[1]["errno"] == "EACCES"


@pytest.mark.parametrize(
    "word",
    [
        "frobnicate",
        "",
        "count",
        "count:0",
        "count:0:1002",
        "count:0:1:2",
        "count:0:1x",
        "count::1",
        "register:0:1:2",
        "register:1:1:1001",
        "register:1:1:1:2",
        "register:99999999999999999999:1:1",
        "remove:-1",
        "subscribe",
        "subscribe:all",
        "watch:1",
    ],
)
def test_words_without_sense_are_refused_before_lmkd_hears_of_any(word: str, lmkd: StandInLmkd) -> None:
    status, error = lmkd.refuse("count:0:999", word)
    assert (status, error["call"]) == (USAGE, "usage")
    assert not lmkd.lock.exists()


@pytest.mark.parametrize("abi", ZIG_TARGETS)
def test_the_client_is_small(abi: str) -> None:
    program: Path = static_program(PROGRAM, abi, print)
    assert program.stat().st_size <= 64 * 1024
