"""Expected answers."""

import threading

from simulator.awaited import Awaited


def test_nothing_expected_means_no_wait() -> None:
    assert Awaited().wait(60) == []


def test_the_wait_ends_as_soon_as_the_last_answer_is_there() -> None:
    awaited = Awaited()
    awaited.expect("9393")
    awaited.expect("9393")
    answers = [threading.Thread(target=awaited.arrived, args=("9393",)) for _ in range(2)]
    for answer in answers:
        answer.start()
    assert awaited.wait(60) == []
    for answer in answers:
        answer.join()


def test_after_the_wait_the_debtors_are_named() -> None:
    awaited = Awaited()
    for sender in ("9393", "6000"):
        awaited.expect(sender)
    awaited.arrived("9393")
    assert awaited.wait(0.01) == ["6000"]
    assert not awaited.wait_for("6000", 0.01)


def test_an_unexpected_answer_pays_for_no_later_one() -> None:
    awaited = Awaited()
    awaited.arrived("9393")
    awaited.expect("9393")
    assert awaited.wait(0.01) == ["9393"]


def test_what_is_forgotten_is_not_waited_for() -> None:
    awaited = Awaited()
    awaited.expect("9393")
    awaited.forget("9393")
    awaited.forget("6000")
    assert awaited.wait(60) == []
