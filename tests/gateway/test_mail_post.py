"""The postman between a real store and a real mail server: every letter once, whatever goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from gateway.app import wall_us
from gateway.http.facade import Busy, Submitted
from gateway.mail_link import SmtpLink
from gateway.mail_post import Postman, Waits
from gateway.work import Reset
from handlers.base.command import Command
from handlers.mail_desk import BeginMail
from handlers.parking_desk import CarSeen, ReportCar
from storage.errors import CommitUnknown
from storage.parking_model import Mail, MailState
from storage.parking_views import MailFilter
from storage.reads import Reads
from tests.gateway.mail_server import SENDER, Receiver
from tests.gateway.stand import LogLines, Stand

T = TypeVar("T")
WAITS = Waits(server_s=(0.01,), letter_s=(0.01,), attempts_max=3)
NEVER = Waits(server_s=(3600.0,), letter_s=(3600.0,))
PATIENCE_S = 20.0


class Office:
    """The operator's commands and reads, done at once; ``busy`` times it has too much to do.

    ``lost`` commits come to pass, and nobody is told. ``rows`` is how many were read so far.
    """

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.new_id = stand.new_id
        self.busy = 0
        self.lost = 0
        self.rows = 0
        self.changed = asyncio.Event()
        self.commands: list[Command] = []

    async def submit(self, command: Command) -> Submitted:
        if self.busy:
            self.busy -= 1
            raise Busy
        self.commands.append(command)
        outcome = self.stand.do(command)
        self.changed.set()
        if self.lost:
            self.lost -= 1
            raise CommitUnknown
        return Submitted(outcome)

    async def read(self, query: Callable[[Reads], T]) -> T:
        found = query(self.stand.store.reads)
        self.rows += len(found) if isinstance(found, list) else 0
        return found

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Look after each command."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()


Story = Callable[[Office, Postman], Awaitable[None]]


def tell(stand: Stand, receiver: Receiver, story: Story, waits: Waits = WAITS) -> None:
    """A story with a postman at work."""

    async def told() -> None:
        office = Office(stand)
        link = SmtpLink(receiver.server(), timeout_s=5.0)
        postman = Postman(office, link, SENDER, stand.clock.at, wall_us, waits)
        postman.start(asyncio.get_running_loop())
        try:
            await story(office, postman)
        finally:
            await postman.stop()
            await asyncio.sleep(0)

    asyncio.run(told())


def write(stand: Stand, name: str = "a", to: str = "aliya@example.com") -> str:
    """A letter in the outbox mail; its id."""
    mail = Mail(name * 32, to, f"Fine {name}", "You have been fined.", stand.wall_us)
    with stand.processor.begin() as batch:
        batch.uow.mail.add(mail)
        batch.uow.commit()
    return mail.id


def letters(stand: Stand) -> dict[str, Mail]:
    return {each.id: each for each in stand.store.reads.mails(MailFilter())}


def is_all(stand: Stand, state: MailState) -> Callable[[], bool]:
    return lambda: all(each.state is state for each in letters(stand).values())


def test_what_waits_at_the_start_is_sent_in_its_order_by_one_conversation(stand: Stand) -> None:
    for name in "abc":
        write(stand, name)

    async def story(office: Office, _: Postman) -> None:
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        tell(stand, receiver, story)
        assert [each.message["Subject"] for each in receiver.letters] == ["Fine a", "Fine b", "Fine c"]
        assert receiver.connections == 1
    assert {(each.attempts, each.error) for each in letters(stand).values()} == {(1, "")}


def test_a_letter_that_is_written_later_is_sent_when_the_postman_is_woken(stand: Stand) -> None:
    async def story(office: Office, postman: Postman) -> None:
        for name in "ab":
            write(stand, name)
            postman.wake()
            await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        tell(stand, receiver, story)
        assert len(receiver.letters) == 2


def test_the_letter_of_a_fine_is_put_into_the_outbox_with_the_fine(stand: Stand) -> None:
    """Through the writer: rendered, stored, and told to whoever sends."""
    report = ReportCar(origin=stand.origin(), area="1001", plate="123AAA02")
    assert stand.one(stand.execute(report)).mail is False
    stand.wall_us += 900_000_001
    result = stand.one(stand.execute(ReportCar(origin=stand.origin(), area="1001", plate="123AAA02")))
    assert result.mail is True
    seen = getattr(result.value, "outcome").result  # noqa: B009 - a union of all answers
    assert isinstance(seen, CarSeen)
    assert seen.fine is not None

    async def story(office: Office, _: Postman) -> None:
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        tell(stand, receiver, story)
        (letter,) = receiver.letters
    assert letter.to == ["123AAA02@owners.example"]
    assert letter.message["Message-ID"] == f"<{seen.fine.letter_id}@shortcode.example>"
    assert seen.fine.id in letter.text


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_letter_that_is_refused_for_now_is_tried_again(stand: Stand, at: str) -> None:
    mail_id = write(stand)

    async def story(office: Office, _: Postman) -> None:
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        getattr(receiver, at).extend(["450 later", "450 later"])
        tell(stand, receiver, story)
        assert len(receiver.letters) == 1
    assert (letters(stand)[mail_id].attempts, letters(stand)[mail_id].error) == (3, "")


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_letter_that_is_always_refused_for_now_is_given_up(stand: Stand, at: str) -> None:
    mail_id = write(stand)

    async def story(office: Office, _: Postman) -> None:
        await office.until(is_all(stand, MailState.FAILED))

    with Receiver() as receiver:
        getattr(receiver, at).extend(["450 later"] * 9)
        tell(stand, receiver, story)
        assert receiver.letters == []
    assert (letters(stand)[mail_id].attempts, letters(stand)[mail_id].error) == (3, "450 later")


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_letter_that_is_refused_for_good_fails_and_holds_up_no_other(stand: Stand, at: str) -> None:
    nobody, somebody = write(stand, "a", "nobody@example.com"), write(stand, "b")

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[somebody].state is MailState.SENT)

    with Receiver() as receiver:
        getattr(receiver, at).append("550 nobody")
        tell(stand, receiver, story, NEVER)
    failed = letters(stand)[nobody]
    assert (failed.state, failed.attempts, failed.error) == (MailState.FAILED, 1, "550 nobody")


def test_a_letter_that_waits_for_its_next_attempt_holds_up_no_other(stand: Stand) -> None:
    later, now = write(stand, "a"), write(stand, "b")

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[now].state is MailState.SENT)

    with Receiver() as receiver:
        receiver.rcpt.append("450 later")
        tell(stand, receiver, story, NEVER)
    assert letters(stand)[later].state is MailState.WAITING


def test_a_recipient_at_whom_the_server_hangs_up_costs_an_attempt_and_holds_up_no_other(stand: Stand) -> None:
    """Servers do that at some recipients; the others do not wait for it."""
    poison, *others = (write(stand, name) for name in "abc")

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: all(letters(stand)[each].state is MailState.SENT for each in others))

    with Receiver() as receiver:
        receiver.rcpt.append("hang up")
        tell(stand, receiver, story, NEVER)
        assert receiver.connections == 2
    waits = letters(stand)[poison]
    assert (waits.state, waits.attempts) == (MailState.WAITING, 1)
    assert waits.error != ""
    assert {letters(stand)[each].attempts for each in others} == {1}


def test_a_recipient_at_whom_the_server_always_hangs_up_is_given_up(stand: Stand) -> None:
    write(stand)

    async def story(office: Office, _: Postman) -> None:
        await office.until(is_all(stand, MailState.FAILED))

    with Receiver() as receiver:
        receiver.rcpt.extend(["hang up"] * 9)
        tell(stand, receiver, story)
        assert receiver.connections == WAITS.attempts_max


def test_a_conversation_that_breaks_off_after_a_letter_is_begun_again_at_once(stand: Stand) -> None:
    """Some servers take one letter in each: the rest does not wait as if nobody were there."""
    write(stand, "a")
    second = write(stand, "b")

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[second].state is MailState.SENT)

    with Receiver() as receiver:
        receiver.data.append("hang up")
        tell(stand, receiver, story, NEVER)
        assert receiver.connections == 2
    assert letters(stand)[second].attempts == 1


def test_letters_that_were_put_off_are_not_read_again_before_their_time(stand: Stand) -> None:
    """However many: each was read once when each was tried once."""
    count = 250
    with stand.processor.begin() as batch:
        for number in range(count):
            batch.uow.mail.add(Mail(f"{number:032}", "a@example.com", "Fine", "...", stand.wall_us))
        batch.uow.commit()

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: stand.store.reads.waiting_mails(1, wall_us()) == [])
        await asyncio.sleep(0)
        assert office.rows == count

    with Receiver() as receiver:
        receiver.rcpt.extend(["450 later"] * count)
        tell(stand, receiver, story, NEVER)
        assert len(receiver.recipients) == count


def test_a_letter_that_was_put_off_waits_for_its_time_over_a_restart(stand: Stand) -> None:
    put_off = write(stand, "a")

    async def refused(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[put_off].attempts == 1)

    async def others(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[other].state is MailState.SENT)

    with Receiver() as receiver:
        receiver.rcpt.append("450 later")
        tell(stand, receiver, refused, NEVER)
        other = write(stand, "b")
        tell(stand, receiver, others, NEVER)
        assert len(receiver.recipients) == 2
    assert letters(stand)[put_off].attempts == 1


def test_a_letter_whose_mark_was_committed_unknown_is_sent_all_the_same(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server had its text, so it does not stay marked as if one had."""
    monkeypatch.setattr("gateway.mail_post._AGAIN_S", 0.01)
    mail_id = write(stand)

    async def story(office: Office, postman: Postman) -> None:
        office.lost = 1
        postman.wake()
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        tell(stand, receiver, story)
        assert len(receiver.letters) == 1
    assert letters(stand)[mail_id].attempts == 2


def test_a_letter_that_may_have_been_taken_is_never_sent_again(stand: Stand) -> None:
    first, second = write(stand, "a"), write(stand, "b")

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[second].state is MailState.SENT)

    with Receiver() as receiver:
        receiver.data.append("hang up")
        tell(stand, receiver, story)
        assert [each.message["Subject"] for each in receiver.letters] == ["Fine a", "Fine b"]
    assert letters(stand)[first].state is MailState.FAILED
    assert letters(stand)[first].error.startswith("nobody knows whether the server took it")


def test_a_letter_that_was_under_way_in_a_crash_is_not_sent_again(stand: Stand) -> None:
    under_way, waits = write(stand, "a"), write(stand, "b")
    stand.do(BeginMail(origin=stand.origin(), mail_id=under_way))

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[waits].state is MailState.SENT)

    with Receiver() as receiver:
        tell(stand, receiver, story)
        assert [each.message["Subject"] for each in receiver.letters] == ["Fine b"]
    assert letters(stand)[under_way].state is MailState.FAILED


def test_the_text_is_not_given_before_it_is_written_down_that_it_is(stand: Stand) -> None:
    """At the moment when the server has it the store says so: a crash then repeats nothing."""
    write(stand)
    states: list[MailState] = []

    async def story(office: Office, _: Postman) -> None:
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        receiver.on_data = lambda: states.extend(each.state for each in letters(stand).values())
        tell(stand, receiver, story)
    assert states == [MailState.SENDING]


def test_a_server_that_is_not_there_is_tried_until_it_is_and_no_letter_is_lost(
    stand: Stand, logged: LogLines
) -> None:
    mail_id = write(stand)
    with Receiver() as gone:
        port = gone.port

    class Later(Receiver):
        """Somewhere, and at first not there."""

    receiver = Later()
    receiver.port = port

    async def story(office: Office, _: Postman) -> None:
        await office.until(lambda: letters(stand)[mail_id].error != "")
        waiting = letters(stand)[mail_id]
        assert (waiting.state, waiting.attempts) == (MailState.WAITING, 0)
        with receiver:
            await office.until(is_all(stand, MailState.SENT))

    tell(stand, receiver, story)
    assert len(receiver.letters) == 1
    assert "mail.unreachable" in {line["event"] for line in logged}


def test_a_busy_writer_delays_and_repeats_nothing(
    stand: Stand, logged: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.mail_post._AGAIN_S", 0.01)
    write(stand)

    async def story(office: Office, postman: Postman) -> None:
        office.busy = 2
        postman.wake()
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        tell(stand, receiver, story)
        assert len(receiver.letters) == 1
    assert "mail.failed" not in {line["event"] for line in logged}


def test_a_reset_forgets_letters_and_what_is_written_then_is_sent(stand: Stand) -> None:
    write(stand, "a")

    async def story(office: Office, postman: Postman) -> None:
        await office.until(lambda: letters(stand)["a" * 32].error != "")
        stand.run(Reset())
        postman.forget()
        write(stand, "b")
        postman.wake()
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        receiver.rcpt.append("450 later")
        tell(stand, receiver, story, NEVER)
        assert [each.message["Subject"] for each in receiver.letters] == ["Fine b"]


def test_a_stop_while_the_server_says_nothing_is_soon_over_and_leaves_the_letter_unsure(stand: Stand) -> None:
    mail_id = write(stand)

    async def story(office: Office, postman: Postman) -> None:
        await office.until(lambda: letters(stand)[mail_id].state is MailState.SENDING)
        async with asyncio.timeout(3):
            await postman.stop()

    with Receiver() as receiver:
        receiver.data.append("say nothing")
        tell(stand, receiver, story)
    assert letters(stand)[mail_id].state is MailState.SENDING


def test_addresses_and_texts_are_not_logged(stand: Stand, logged: LogLines) -> None:
    write(stand)

    async def story(office: Office, _: Postman) -> None:
        await office.until(is_all(stand, MailState.SENT))

    with Receiver() as receiver:
        tell(stand, receiver, story)
    assert [line["state"] for line in logged if line["event"] == "mail"] == ["sent"]
    assert not any("aliya" in str(line) or "fined" in str(line) for line in logged)
