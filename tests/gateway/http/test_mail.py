"""``/mail``: the outbox mail as the API shows it."""

from typing import Any, TypeAlias

import pytest

from storage.parking_model import Mail, MailState
from storage.parking_views import MailFilter

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
PATH = "/api/v1/mail"
NOW_US = 1_772_337_600_000_000
NINE = "2026-03-01T09:00:00+05:00"
MAIL = Mail("a" * 32, "aliya@example.com", "Fine", "Hello", NOW_US, MailState.FAILED, 2, "550 nobody")
SHOWN = {
    "id": "a" * 32,
    "to": "aliya@example.com",
    "subject": "Fine",
    "body": "Hello",
    "state": "failed",
    "attempts": 2,
    "error": "550 nobody",
    "created": NINE,
}


class Reads:
    """One letter."""

    def __init__(self) -> None:
        self.asked: list[MailFilter] = []
        self.kept = [MAIL]

    def mails(self, wanted: MailFilter) -> list[Mail]:
        self.asked.append(wanted)
        return self.kept

    def mail(self, mail_id: str) -> Mail | None:
        return next((each for each in self.kept if each.id == mail_id), None)


@pytest.fixture(autouse=True)
def reads(operator: Operator) -> Reads:
    operator.reads = Reads()
    reads: Reads = operator.reads
    return reads


def test_letters_are_shown_and_filtered(client: Client, reads: Reads) -> None:
    assert client.get(PATH).json() == [SHOWN]
    params = {"to": "aliya@example.com", "state": "FAILED", "since": NINE, "limit": 7}
    assert client.get(PATH, params=params).json() == [SHOWN]
    asked = MailFilter(to="aliya@example.com", state=MailState.FAILED, since_us=NOW_US, limit=7)
    assert reads.asked == [MailFilter(), asked]


def test_a_letter_without_trouble_has_no_error(client: Client, reads: Reads) -> None:
    reads.kept = [MAIL._replace(state=MailState.SENT, attempts=1, error="")]
    shown = SHOWN | {"state": "sent", "attempts": 1, "error": None}
    assert client.get(f"{PATH}/{MAIL.id}").json() == shown


def test_a_wait_ends_without_a_letter_after_its_time(client: Client, reads: Reads) -> None:
    reads.kept = []
    assert client.get(PATH, params={"wait": "10ms"}).json() == []


@pytest.mark.parametrize("mail_id", ["none", "a.b"])
def test_a_letter_that_is_not_there_is_404(client: Client, mail_id: str) -> None:
    assert client.get(f"{PATH}/{mail_id}").status_code == 404


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "since=now", "from=me", "wait=61s"])
def test_wrong_parameters_are_refused(client: Client, reads: Reads, query: str) -> None:
    assert client.get(f"{PATH}?{query}").status_code == 422
    assert reads.asked == []
