"""Messages that are tried once (datagram and transaction mode): at once, beside the lane, or not at all."""

from collections.abc import Callable

import pytest

from gateway.failures import FAILURES, ErrorClass
from gateway.smpp.constants import CommandStatus
from storage.model import MessageState
from tests.gateway.fake_mailroom import Mailing

ALIYA = "handset:77011234567"
LATER = CommandStatus.ESME_RX_T_APPN
DELIVERED = MessageState.DELIVERED


@pytest.fixture
def mailing() -> Mailing:
    return Mailing()


ONCE_ALIYA = f"once:{ALIYA}"


def test_a_message_that_is_tried_once_goes_at_once_beside_the_lane(mailing: Mailing) -> None:
    """Datagram and transaction mode (SMPP 3.4 sections 2.10.2 and 2.10.3)."""
    phone = mailing.bind("77011234567")
    mailing.send(ALIYA, "on its way")
    mailing.send(ALIYA, "waits")
    once = mailing.send(ONCE_ALIYA, "once")
    assert phone.texts == ["on its way", "once"]
    phone.answer(at=1)
    assert mailing.ended(once) == [DELIVERED]


@pytest.mark.parametrize("status", [LATER, CommandStatus.ESME_RMSGQFUL, CommandStatus.ESME_RX_P_APPN])
def test_what_is_refused_once_is_not_tried_again(mailing: Mailing, status: CommandStatus) -> None:
    phone = mailing.bind("77011234567")
    once = mailing.send(ONCE_ALIYA, "once")
    phone.answer(status)
    mailing.settle_down()
    assert mailing.ended(once) == [MessageState.UNDELIVERABLE]
    assert mailing.wakes == {}


def off(_: Mailing) -> None:
    pass


def full(mailing: Mailing) -> None:
    mailing.bind("77011234567", window=0)
    mailing.settle_down()


@pytest.mark.parametrize(
    ("happens", "error_class"), [(off, ErrorClass.ABSENT), (full, ErrorClass.CONGESTION)]
)
def test_where_it_cannot_go_now_a_message_that_is_tried_once_ends(
    mailing: Mailing, happens: Callable[[Mailing], None], error_class: ErrorClass
) -> None:
    happens(mailing)
    once = mailing.send(ONCE_ALIYA, "once")
    assert mailing.ended(once) == [MessageState.UNDELIVERABLE]
    assert mailing.deliveries[-1].error_code == FAILURES[error_class].number
    phone = mailing.bind("77011234567")
    mailing.settle_down()
    assert phone.texts == []


def test_all_parts_of_a_message_that_is_tried_once_are_sent(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    once = mailing.send(ONCE_ALIYA, "part 1", "part 2")
    phone.answer()
    phone.answer()
    assert phone.texts == ["part 1", "part 2"]
    assert mailing.ended(once) == [DELIVERED]


def test_a_lost_or_silent_handset_ends_what_is_tried_once(mailing: Mailing) -> None:
    phone = mailing.bind("77011234567")
    silent = mailing.send(ONCE_ALIYA, "silent")
    phone.time_out()
    lost = mailing.send(ONCE_ALIYA, "lost")
    mailing.lose(phone)
    mailing.settle_down()
    assert mailing.ended(silent) == mailing.ended(lost) == [MessageState.UNDELIVERABLE]
    assert mailing.dispatcher._busy == set()


def test_after_a_start_what_was_to_be_tried_once_is_given_up(mailing: Mailing) -> None:
    """Nobody knows whether it was shown; a second attempt is what was not asked for."""
    once, waits = mailing.promise(ONCE_ALIYA, "once"), mailing.promise(ALIYA, "waits")
    mailing.commit_news.clear()
    mailing.dispatcher.recover()
    mailing.settle_down()
    assert mailing.ended(once) == [MessageState.UNDELIVERABLE]
    assert mailing.ended(waits) == []
