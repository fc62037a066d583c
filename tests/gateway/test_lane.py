"""The rows of a destination in memory: each once, in order, bounded, whatever reads and commits overlap."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.lane import ROWS_MAX, Lane, LaneState, parts_of
from storage.model import Outbox, ranked
from tests.gateway.fake_mailroom import deliver_pdus

NAME = "handset:77011234567"


def row(position: int) -> Outbox:
    return Outbox(
        message_id=f"m{position}", lane=NAME, payload=b"", due_us=0, expires_us=1, position=position
    )


def free(_: Outbox) -> bool:
    return True


def positions(lane: Lane) -> list[int]:
    return [each.position for each in lane.queue]


@pytest.fixture
def lane() -> Lane:
    return Lane(NAME, 1)


def test_a_row_is_taken_once(lane: Lane) -> None:
    lane.add(row(1))
    lane.add(row(2))
    lane.add(row(1))
    assert positions(lane) == [1, 2]


def test_a_blocked_lane_leaves_rows_to_the_store(lane: Lane) -> None:
    lane.add(row(1))
    lane.block()
    lane.add(row(2))
    assert positions(lane) == []
    assert lane.state is LaneState.BLOCKED


def test_beyond_its_bound_a_lane_knows_that_there_is_more(lane: Lane) -> None:
    for position in range(1, ROWS_MAX + 5):
        lane.add(row(position))
    assert (len(lane.queue), lane.more, lane.position) == (ROWS_MAX, True, ROWS_MAX)


def test_what_was_committed_during_a_read_comes_behind_it_once(lane: Lane) -> None:
    lane.await_rows()
    lane.add(row(3))
    lane.add(row(4))
    lane.load([row(1), row(2), row(3)], free, more=False)
    assert positions(lane) == [1, 2, 3, 4]
    assert (lane.position, lane.more) == (4, False)


def test_what_was_committed_during_a_read_waits_for_the_rows_between(lane: Lane) -> None:
    lane.await_rows()
    lane.add(row(9))
    lane.load([row(1), row(2)], free, more=True)
    assert positions(lane) == [1, 2]
    assert (lane.position, lane.more) == (2, True)


def test_rows_that_are_not_free_are_read_all_the_same(lane: Lane) -> None:
    lane.await_rows()
    lane.load([row(1), row(2)], lambda each: each.position != 2, more=True)
    assert positions(lane) == [1]
    assert lane.position == 2


def fresh(_: Lane) -> None:
    pass


def with_a_row(lane: Lane) -> None:
    lane.add(row(1))


def with_a_flight(lane: Lane) -> None:
    lane.flights = 1


def with_more_in_the_store(lane: Lane) -> None:
    lane.more = True


@pytest.mark.parametrize(
    ("become", "idle"),
    [
        (fresh, True),
        (with_a_row, False),
        (with_a_flight, False),
        (with_more_in_the_store, False),
        (Lane.await_rows, False),
        (Lane.block, False),
    ],
)
def test_a_lane_is_idle_when_nothing_is_left_anywhere(
    lane: Lane, become: Callable[[Lane], None], *, idle: bool
) -> None:
    become(lane)
    assert lane.idle is idle


def test_the_target_is_what_stands_behind_the_kind(lane: Lane) -> None:
    assert lane.target == "77011234567"


def test_pdus_are_cut_apart_by_their_lengths() -> None:
    payload = deliver_pdus("one", "three", "")
    parts = parts_of(payload)
    assert b"".join(parts) == payload
    assert [part[-5:] for part in parts[1:2]] == [b"three"]
    assert len(parts) == 3
    assert parts_of(row(1)._replace(payload=b"").payload) == []


# -- urgent and changed rows -----------------------------------------------------------------------


def urgent(position: int, priority: int = 1) -> Outbox:
    return row(position)._replace(position=ranked(position, priority))


def test_a_more_urgent_row_is_put_before_the_others_behind_its_equals(lane: Lane) -> None:
    for each in (row(1), row(2), urgent(3), urgent(4, 3), urgent(5)):
        lane.add(each)
    assert [each.message_id for each in lane.queue] == ["m4", "m3", "m5", "m1", "m2"]
    assert lane.position == 2


def test_a_changed_row_takes_the_place_of_what_it_was(lane: Lane) -> None:
    for position in (1, 2, 3):
        lane.add(row(position))
    changed = row(2)._replace(payload=b"changed")
    lane.add(changed)
    assert list(lane.queue) == [row(1), changed, row(3)]


def test_what_an_urgent_row_pushes_out_is_the_stores_again(lane: Lane) -> None:
    for position in range(1, ROWS_MAX + 1):
        lane.add(row(position))
    lane.add(urgent(ROWS_MAX + 1))
    assert (len(lane.queue), lane.more, lane.position) == (ROWS_MAX, True, ROWS_MAX - 1)
    lane.add(row(ROWS_MAX + 2))
    assert positions(lane)[-1] == ROWS_MAX - 1


def test_a_read_brings_urgent_rows_that_came_meanwhile_before_its_own(lane: Lane) -> None:
    lane.await_rows()
    lane.add(urgent(9))
    lane.load([row(1), row(2)], free, more=True)
    assert [each.message_id for each in lane.queue] == ["m9", "m1", "m2"]
    assert (lane.position, lane.more) == (2, True)


def test_what_found_no_room_during_a_read_is_read_again(lane: Lane) -> None:
    lane.add(row(1))
    lane.await_rows()
    for position in range(2, ROWS_MAX + 4):
        lane.add(urgent(position))
    lane.load([row(1)], free, more=False)
    assert lane.more
    assert len(lane.queue) <= ROWS_MAX
    dropped = [urgent(position) for position in range(2, ROWS_MAX + 4)][len(lane.queue) :]
    assert all(each.position > lane.position for each in (*dropped, row(1)))


@pytest.mark.parametrize("during", [False, True])
def test_a_withdrawn_row_is_gone_and_a_read_that_is_under_way_leaves_it_out(lane: Lane, during: bool) -> None:
    lane.add(row(1))
    lane.add(row(2))
    if during:
        lane.await_rows()
    lane.withdraw("m1")
    assert positions(lane) == [2]
    assert lane.ended == ({"m1"} if during else set())


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=30), st.integers(0, 30))
def test_in_whatever_way_rows_come_each_is_there_once_in_its_order(
    rows: list[tuple[int, bool]], read_at: int
) -> None:
    """Those before ``read_at`` may be in the read, in the news of their commits, or in both."""
    lane = Lane(NAME, 1)
    made = [urgent(number, priority) for number, (priority, _) in enumerate(rows, start=1)]
    lane.await_rows()
    for each, (_, is_news) in zip(made, rows, strict=True):
        if is_news or each.message_id not in {known.message_id for known in made[:read_at]}:
            lane.add(each)
    lane.load(sorted(made[:read_at], key=lambda each: each.position), free, more=False)
    assert list(lane.queue) == sorted(made, key=lambda each: each.position)
