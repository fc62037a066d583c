"""The dispatcher's way to the store: endings of one turn are one work; what failed is tried again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pytest

from gateway.mailroom import Mailroom
from gateway.metrics import Metrics
from gateway.work import Delivery, Done, Result, Settle, Work
from storage.errors import StoreUnavailable
from storage.model import MessageState, Outbox
from storage.reads import Reads
from tests.gateway.fake_loop import FakeLoop, InlineExecutor
from tests.gateway.stand import BOLAT, START_US, LogLines, Stand

if TYPE_CHECKING:
    from gateway.worker import Worker


class Desk:
    """A mailroom on the stand's store, whose works are kept."""

    def __init__(self, stand: Stand, reads: Reads) -> None:
        self.loop = FakeLoop()
        self.works: list[tuple[Work, Done]] = []
        worker = cast("Worker", self)
        self.room = Mailroom(reads, InlineExecutor(), worker, stand.clock, self.loop, Metrics())

    def accept(self, work: Work, done: Done) -> None:
        self.works.append((work, done))


@pytest.fixture
def desk(stand: Stand) -> Desk:
    return Desk(stand, stand.store.reads)


def delivered(message_id: str) -> Delivery:
    return Delivery(message_id, "handset:77021234567", MessageState.DELIVERED)


def test_what_ends_in_one_turn_is_one_work_and_each_hears_of_it(desk: Desk) -> None:
    heard: list[str] = []
    for each in ("a", "b"):
        desk.room.settle(delivered(each), lambda each=each: heard.append(each))  # type: ignore[misc]  # its own name
    assert desk.works == []
    desk.loop.turn()
    ((work, done),) = desk.works
    assert work == Settle((delivered("a"), delivered("b")))
    assert heard == []
    done(Result(work))
    assert heard == ["a", "b"]


def test_the_next_turn_begins_anew(desk: Desk) -> None:
    for each in ("a", "b"):
        desk.room.settle(delivered(each), lambda: None)
        desk.loop.turn()
    assert [work for work, _ in desk.works] == [Settle((delivered("a"),)), Settle((delivered("b"),))]


def test_an_ending_is_written_down_again_while_the_store_is_away(desk: Desk, logged: LogLines) -> None:
    """Else a lane that waits for its next attempt would wait for ever."""
    heard: list[str] = []
    desk.room.settle(delivered("a"), lambda: heard.append("a"))
    desk.loop.turn()
    ((work, done),) = desk.works
    done(Result(work, error=StoreUnavailable("disk")))
    assert (heard, len(desk.works)) == ([], 1)
    desk.loop.advance(1.0)
    again, done = desk.works[1]
    assert again == work
    done(Result(again))
    assert heard == ["a"]
    assert [line["event"] for line in logged] == ["settle.failed"]


def test_an_ending_that_is_a_bug_is_logged_and_let_go(desk: Desk, logged: LogLines) -> None:
    """It would fail again each time."""
    heard: list[str] = []
    desk.room.settle(delivered("a"), lambda: heard.append("a"))
    desk.loop.turn()
    ((work, done),) = desk.works
    done(Result(work, error=ValueError("bug")))
    desk.loop.advance(60.0)
    assert (heard, len(desk.works)) == (["a"], 1)
    assert [line["event"] for line in logged] == ["settle.failed"]


def test_rows_and_lanes_are_read_in_order(desk: Desk, stand: Stand) -> None:
    ids = [stand.accepted(stand.sms(text, BOLAT)).message_id for text in ("one", "two", "three")]
    found: list[Outbox] = []
    names: list[str] = []
    desk.room.pending(f"handset:{BOLAT}", 0, 2, found.extend)
    desk.room.pending_lanes("handset:", names.extend)
    assert found == []
    desk.loop.turn()
    assert [row.message_id for row in found] == ids[:2]
    assert names == [f"handset:{BOLAT}"]
    after = found[-1].position
    found.clear()
    desk.room.pending(f"handset:{BOLAT}", after, 2, found.extend)
    desk.loop.turn()
    assert [row.message_id for row in found] == ids[2:]


def test_a_read_that_fails_is_tried_again_and_never_taken_for_no_rows(stand: Stand, logged: LogLines) -> None:
    """No rows would mean that nothing waits, until the next bind."""

    class Broken:
        tries = 0

        def pending(self, *_: object) -> Sequence[Outbox]:
            self.tries += 1
            if self.tries == 1:
                raise StoreUnavailable("disk")
            return ()

    desk = Desk(stand, cast("Reads", Broken()))
    answers: list[Sequence[Outbox]] = []
    desk.room.pending("handset:x", 0, 10, answers.append)
    desk.loop.turn()
    assert answers == []
    desk.loop.advance(1.0)
    desk.loop.turn()
    assert answers == [()]
    assert [line["event"] for line in logged] == ["read.failed"]


def test_its_time_is_the_operators(desk: Desk) -> None:
    assert desk.room.now_us() == START_US
