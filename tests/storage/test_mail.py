"""The outbox mail: letters never change, and are sent once."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.errors import Broken
from storage.parking_model import MailState
from storage.store import Store
from tests.storage.databases import Database
from tests.storage.parking_rows import is_refused, letter
from tests.storage.rows import NOW_US, work

SENDING = letter(state=MailState.SENDING, attempts=1)


@pytest.fixture
def written(store: Store) -> Store:
    """A letter that waits."""
    with work(store) as uow:
        uow.mail.add(letter())
    return store


def test_a_letter_is_kept_with_all_of_its_fields(written: Store) -> None:
    with work(written) as uow:
        found = uow.mail.get("mail1")
        assert found == letter()
        assert type(found.state) is MailState
        assert uow.mail.get("mail9") is None


def test_a_letter_is_tried_again_and_sent(written: Store) -> None:
    """Begun, refused for now, begun again, taken."""
    ways = (
        SENDING,
        letter(attempts=1, error="451 later 🙂", retry_us=NOW_US),
        SENDING._replace(attempts=2),
        letter(state=MailState.SENT, attempts=2),
    )
    for way in ways:
        with work(written) as uow:
            uow.mail.put(way)
            assert uow.mail.get("mail1") == way
        assert written.reads.mail("mail1") == way


@pytest.mark.parametrize("state", [MailState.SENT, MailState.FAILED])
@pytest.mark.parametrize("together", [True, False])
def test_a_letter_that_was_sent_or_given_up_stays_so(
    written: Store, state: MailState, together: bool
) -> None:
    with work(written) as uow:
        uow.mail.put(letter(state=state))
        if together:
            with pytest.raises(Broken):
                uow.mail.put(SENDING)
    with work(written) as uow, pytest.raises(Broken):
        uow.mail.put(SENDING)
    assert written.reads.mail("mail1") == letter(state=state)


@pytest.mark.parametrize(
    "changes", [{"id": "m9"}, {"to": "x@x.kz"}, {"subject": "x"}, {"body": "x"}, {"created_us": 1}]
)
def test_a_letter_stays_as_it_was_written(written: Store, changes: dict[str, object]) -> None:
    with work(written) as uow:
        with pytest.raises(Broken):
            uow.mail.put(letter()._replace(**changes))  # type: ignore[arg-type]  # fields by name
        assert uow.mail.get("mail1") == letter()


def test_what_a_server_said_is_kept_without_what_no_database_keeps(written: Store) -> None:
    with work(written) as uow:
        uow.mail.put(letter(error="no\0\ud800"))
    found = written.reads.mail("mail1")
    assert found is not None
    assert found.error == "no\u2400\ufffd"


def test_a_known_id_is_refused(written: Store) -> None:
    is_refused(written, lambda uow: uow.mail.add(letter()))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mail SET state = 'waiting' WHERE id = 'sent'",
        "UPDATE mail SET recipient = 'x' WHERE id = 'mail1'",
        "UPDATE mail SET subject = 'x' WHERE id = 'mail1'",
        "UPDATE mail SET body = 'x' WHERE id = 'mail1'",
        "UPDATE mail SET state = 'lost' WHERE id = 'mail1'",
        "UPDATE mail SET attempts = -1 WHERE id = 'mail1'",
        "DELETE FROM mail",
    ],
)
def test_the_database_refuses_what_no_letter_does(written: Store, database: Database, statement: str) -> None:
    with work(written) as uow:
        uow.mail.add(letter("sent", state=MailState.SENT))
    with pytest.raises(IntegrityError):
        database.tamper(statement)
