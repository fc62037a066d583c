"""Our requests under way: numbers, the limit, time-outs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smpp.window import EXPIRED_MAX, SEQUENCE_MAX, Window


def test_numbers_run_from_one_to_the_greatest_and_start_over() -> None:
    """1 to 0x7FFFFFFF (SMPP 3.4 section 3.2)."""
    assert Window(2, 1.0).add(4, "a", 0.0) == 1
    window = Window(2, 1.0, last_sequence=SEQUENCE_MAX - 1)
    assert [window.add(4, token, 0.0) for token in "ab"] == [SEQUENCE_MAX, 1]


def test_a_number_that_a_request_still_waits_under_is_left_out() -> None:
    """After the wrap an old request may still wait."""
    window = Window(9, 0.0)
    window.add(4, "old", 0.0)
    window._last = SEQUENCE_MAX
    assert window.add(4, "new", 0.0) == 2
    pending = window.get(1)
    assert pending is not None
    assert pending.token == "old"


def test_it_is_full_at_its_size() -> None:
    """And has room again with a response."""
    window = Window(2, 1.0)
    first, _ = window.add(4, "a", 0.0), window.add(4, "b", 0.0)
    room = [window.full]
    window.finish(first)
    room.append(window.full)
    assert room == [True, False]
    assert window.get(first) is None


def test_requests_time_out_in_the_order_of_sending_at_their_deadline() -> None:
    """Not before it; and they are remembered for a late response, once."""
    window = Window(9, 10.0)
    numbers = [window.add(4, token, when) for token, when in (("a", 0.0), ("b", 1.0), ("c", 5.0))]
    assert window.next_deadline == 10.0
    assert window.expire(9.9) == []
    assert [each.token for each in window.expire(11.0)] == ["a", "b"]
    assert (len(window), window.next_deadline) == (1, 15.0)
    late = window.late(numbers[0])
    assert late is not None
    assert late.token == "a"
    assert window.late(numbers[0]) is None


def test_without_a_response_time_nothing_times_out() -> None:
    """0 switches the timer off."""
    window = Window(9, 0.0)
    window.add(4, "a", 0.0)
    assert window.expire(1e12) == []


def test_the_memory_of_timed_out_requests_is_bounded() -> None:
    """A peer that never answers costs no more than this."""
    window = Window(2 * EXPIRED_MAX, 1.0)
    numbers = [window.add(4, each, 0.0) for each in range(EXPIRED_MAX + 5)]
    window.expire(1.0)
    assert window.late(numbers[4]) is None
    assert window.late(numbers[5]) is not None


def test_a_lost_connection_gives_all_requests_back() -> None:
    """In the order of sending."""
    window = Window(9, 1.0)
    for token in "abc":
        window.add(4, token, 0.0)
    assert [each.token for each in window.clear()] == ["a", "b", "c"]
    assert len(window) == 0


def test_a_window_without_room_is_a_mistake() -> None:
    """Nothing could ever be sent."""
    with pytest.raises(ValueError, match="at least one"):
        Window(0, 1.0)


@given(st.lists(st.sampled_from(["send", "answer oldest", "answer newest", "expire"]), max_size=60))
def test_every_request_ends_exactly_once(actions: list[str]) -> None:
    """Answered, timed out or given back; never two of them, never none."""
    window = Window(5, 3.0)
    sent: list[int] = []
    ended: list[object] = []
    for now, action in enumerate(actions):
        waiting = [number for number in sent if window.get(number)]
        if action == "send" and not window.full:
            sent.append(window.add(4, len(sent) + 1, float(now)))
        elif action.startswith("answer") and waiting:
            number = waiting[0 if action.endswith("oldest") else -1]
            ended.append(number)
            window.finish(number)
        elif action == "expire":
            ended += [each.token for each in window.expire(float(now))]
        assert len(window) <= 5
    ended += [each.token for each in window.clear()]
    assert sorted(ended, key=str) == sorted(sent, key=str)
