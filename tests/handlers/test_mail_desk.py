"""The life of a letter in the outbox mail: what a report changes, and what it cannot change any more."""

from typing import TYPE_CHECKING

import pytest

from handlers.base.command import Channel
from handlers.mail_desk import BeginMail, Settled, SettleMail
from storage.parking_model import Mail, MailState

if TYPE_CHECKING:
    from handlers.base.outcome import Outcome
    from tests.handlers.conftest import Desk

ID = "a" * 32
GONE = "b" * 32


@pytest.fixture(autouse=True)
def _letter(desk: "Desk") -> None:
    """One letter that waits."""
    mail = Mail(ID, "aliya@example.com", "Fine", "You have been fined.", desk.now_us)
    desk.do(lambda uow, _: uow.mail.add(mail))


def begin(desk: "Desk", mail_id: str = ID) -> object:
    return desk.run(BeginMail(origin=desk.origin(Channel.API, ""), mail_id=mail_id)).result


def settle(desk: "Desk", *settled: Settled) -> "Outcome":
    return desk.run(SettleMail(origin=desk.origin(Channel.API, ""), settled=settled))


def how_it_is(desk: "Desk") -> tuple[MailState, int, str]:
    mail = desk.do(lambda uow, _: uow.mail.get(ID))
    assert mail is not None
    return mail.state, mail.attempts, mail.error


def test_a_letter_that_is_begun_is_no_longer_to_be_sent(desk: "Desk") -> None:
    assert begin(desk) is True
    assert how_it_is(desk) == (MailState.SENDING, 1, "")
    assert desk.store.reads.waiting_mails() == []


def test_a_letter_is_begun_once(desk: "Desk") -> None:
    begin(desk)
    assert begin(desk) is False
    assert how_it_is(desk)[1] == 1


def test_a_letter_that_is_not_there_is_not_begun(desk: "Desk") -> None:
    """The store was reset meanwhile."""
    assert begin(desk, GONE) is False


def test_a_letter_that_was_accepted_is_sent(desk: "Desk") -> None:
    begin(desk)
    outcome = settle(desk, Settled(ID, MailState.SENT))
    assert how_it_is(desk) == (MailState.SENT, 1, "")
    assert [(event.kind, event.data) for event in outcome.events] == [("mail.sent", {"mail": ID})]


@pytest.mark.parametrize("state", [MailState.SENT, MailState.FAILED])
@pytest.mark.parametrize("later", [MailState.WAITING, MailState.SENT, MailState.FAILED])
def test_what_is_over_stays_as_it_is(desk: "Desk", state: MailState, later: MailState) -> None:
    begin(desk)
    settle(desk, Settled(ID, state, "first"))
    assert settle(desk, Settled(ID, later, "second")).events == ()
    assert begin(desk) is False
    assert how_it_is(desk) == (state, 1, "first")


def test_a_refusal_before_the_text_counts_as_an_attempt(desk: "Desk") -> None:
    for attempts in (1, 2):
        settle(desk, Settled(ID, MailState.WAITING, "450 try later"))
        assert how_it_is(desk) == (MailState.WAITING, attempts, "450 try later")


def test_a_letter_that_is_put_off_is_due_at_its_time(desk: "Desk") -> None:
    settle(desk, Settled(ID, MailState.WAITING, "450 try later", retry_us=7))
    reads = desk.store.reads
    assert reads.next_mail_us() == 7
    assert [reads.waiting_mails(due_us=6), [each.id for each in reads.waiting_mails(due_us=7)]] == [[], [ID]]


def test_a_refusal_after_the_text_was_counted_when_it_began(desk: "Desk") -> None:
    begin(desk)
    settle(desk, Settled(ID, MailState.WAITING, "451 try later"))
    assert how_it_is(desk) == (MailState.WAITING, 1, "451 try later")
    assert begin(desk) is True
    assert how_it_is(desk)[1] == 2


def test_a_server_that_is_not_there_counts_for_no_letter(desk: "Desk") -> None:
    settle(desk, Settled(ID, MailState.WAITING, "no connection", is_attempt=False))
    assert how_it_is(desk) == (MailState.WAITING, 0, "no connection")


def test_a_report_of_a_letter_that_is_not_there_hurts_no_other(desk: "Desk") -> None:
    outcome = settle(desk, Settled(GONE, MailState.SENT), Settled(ID, MailState.FAILED, "550 nobody"))
    assert how_it_is(desk) == (MailState.FAILED, 1, "550 nobody")
    assert [event.kind for event in outcome.events] == ["mail.failed"]
