"""Which dialect each account speaks, and whole dialogues between sides that speak different ones."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from gateway.account_dialects import AccountDialects
from gateway.config import RADIO, Account, Side
from gateway.content import Rejected
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.pdus import DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.ussd_dialects import DIALECTS, Dialect, Place
from gateway.work import Result, Submit
from handlers.base.command import Secret
from storage.check import check
from tests.gateway.stand import ALIYA, APP, HANDSET, Stand, pdus_of
from tests.gateway.talk import (
    ASKS,
    CONFIRM,
    DIALS,
    LAST,
    NOTICE,
    REFUSED,
    arrive,
    dialogues,
    endings,
    of_app,
    of_handset,
    refused,
    taken,
)

NAMES = tuple(DIALECTS)
#: Dialects whose numbers say which dialogue is meant.
NUMBERED = [name for name in NAMES if DIALECTS[name].numbers > 1]


def speaking(account: Account, dialect: str) -> Account:
    return replace(account, ussd_dialect=dialect)


# -- looking up ------------------------------------------------------------------------------------


def test_an_account_speaks_what_its_configuration_says() -> None:
    dialects = AccountDialects((speaking(HANDSET, "bare"), speaking(APP, "reference")))
    assert (dialects.of("handset").name, dialects.of("app1").name) == ("bare", "reference")


def test_an_account_that_nobody_knows_speaks_the_standard() -> None:
    """That of a dialogue which was dialled before the configuration changed."""
    assert AccountDialects(()).of("gone").name == "standard"


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [((), "standard"), (("bare",), "bare"), (("bare", "bare"), "bare"), (("bare", "reference"), "standard")],
)
@pytest.mark.parametrize("unspoken", ["", RADIO])
def test_a_handset_that_has_not_spoken_yet_is_addressed_in_what_all_handset_sides_speak(
    spoken: tuple[str, ...], expected: str, unspoken: str
) -> None:
    """A network-initiated screen goes to whoever serves the handset, whose account is not known."""
    sides = [
        Account(system_id=f"h{number}", password=Secret("x"), side=Side.HANDSET, ussd_dialect=each)
        for number, each in enumerate(spoken)
    ]
    radio = Account(system_id=RADIO, password=Secret("x"), side=Side.HANDSET)
    dialects = AccountDialects((*sides, radio, speaking(APP, "constant")))
    assert dialects.towards(unspoken).name == expected


def test_a_handset_that_has_spoken_is_addressed_in_the_dialect_of_its_account() -> None:
    assert AccountDialects((speaking(HANDSET, "constant"),)).towards("handset").name == "constant"


# -- whole dialogues -------------------------------------------------------------------------------


class Peer:
    """One side of USSD in its own dialect; ``got`` is the last deliver_sm."""

    def __init__(self, stand: Stand, account: Account, number: int | None = None) -> None:
        self.stand, self.account = stand, account
        self.dialect: Dialect = DIALECTS[account.ussd_dialect]
        self.bind = stand.bound(f"of {account.system_id}", account)
        self.is_app = account.side is Side.APPLICATION
        self.number, self.sequence = number, 0
        self.got: DeliverSm | None = None

    def takes(self, result: Result) -> DeliverSm:
        """The one message for this side; all that there is arrives."""
        mine = of_app(result.outboxes) if self.is_app else of_handset(result.outboxes)
        arrive(self.stand, result.outboxes)
        (self.got,) = pdus_of(mine)
        place = self.place
        self.number, self.sequence = place.number, place.sequence or 0
        return self.got

    @property
    def place(self) -> Place:
        """Where the last message stands, as the dialect reads it."""
        assert self.got is not None
        return self.dialect.read(SubmitSm(tlvs=self.got.tlvs))

    def says(self, operation: int, text: str, *, end: bool = False, number: int | None = None) -> Submit:
        """The submit, at the place of the last message."""
        place = Place(operation, self.number if number is None else number, self.sequence, end)
        source, to = ("*500#", ALIYA) if self.is_app else (ALIYA, "*500#")
        return self.stand.sms(text, to, source, self.bind, service_type="USSD", tlvs=self.dialect.tlvs(place))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "dialects"
    place.mkdir()
    return place


def peers(folder: Path, handset: str, app: str) -> Iterator[tuple[Peer, Peer]]:
    accounts = speaking(HANDSET, handset), speaking(APP, app)
    stand = Stand(folder, accounts)
    stand.subscribe(ALIYA)
    yield Peer(stand, accounts[0], 7), Peer(stand, accounts[1])
    assert [finding for finding in check(stand.store.reads) if not finding.ok] == []
    stand.store.close()


@pytest.fixture
def sides(folder: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Peer, Peer]]:
    """A handset side and an application, in the dialects of the parameter."""
    handset, app = request.param
    yield from peers(folder, handset, app)


everyone = pytest.mark.parametrize("sides", list(product(NAMES, NAMES)), indirect=True, ids="-".join)
alike = pytest.mark.parametrize("sides", [(name, name) for name in NAMES], indirect=True, ids=NAMES)


@everyone
def test_a_dialogue_goes_through_between_any_two_dialects(sides: tuple[Peer, Peer]) -> None:
    """Dialled, asked, answered, asked, answered, and the last screen."""
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500*1#")))
    for question, answer in (("Name?", "Aliya"), ("Age?", "7")):
        shown = handset.takes(taken(stand, app.says(ASKS, question)))
        assert (shown.short_message, handset.place.operation) == (question.encode(), ASKS)
        heard = app.takes(taken(stand, handset.says(CONFIRM, answer)))
        assert (heard.short_message, app.place.operation) == (answer.encode(), CONFIRM)
        assert (heard.source.addr, heard.destination.addr) == (ALIYA, "*500#")
    last = handset.takes(taken(stand, app.says(LAST, "Bye", end=True)))
    assert (last.short_message, handset.place.operation) == (b"Bye", LAST)
    assert endings(stand) == ["completed"]


@everyone
def test_a_handset_that_lets_go_is_heard_of_in_any_dialect(sides: tuple[Peer, Peer]) -> None:
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    handset.takes(taken(stand, app.says(ASKS, "Name?")))
    app.takes(taken(stand, handset.says(CONFIRM, "", end=True)))
    assert (app.place.operation, app.place.end) == (CONFIRM, True)
    assert endings(stand) == ["the handset ended it"]


@alike
def test_an_application_that_begins_is_answered_in_its_dialect(sides: tuple[Peer, Peer]) -> None:
    """The handset side, which has not spoken yet, is addressed in its own."""
    handset, app = sides
    stand = handset.stand
    app.number = 99 if app.dialect.numbers > 1 else None
    handset.takes(taken(stand, app.says(ASKS, "Do you agree?")))
    assert handset.place.number in (99, None)
    app.takes(taken(stand, handset.says(CONFIRM, "yes")))
    assert app.place.number in (99, None)
    handset.takes(taken(stand, app.says(LAST, "Thanks", end=True)))
    if app.number is not None:
        app.number = 100
    handset.takes(taken(stand, app.says(NOTICE, "Your parcel is here")))
    app.takes(taken(stand, handset.says(UssdServiceOp.USSN_CONFIRM, "")))
    assert endings(stand) == ["completed"] * 2


@pytest.mark.parametrize("sides", [(name, name) for name in NUMBERED], indirect=True, ids=NUMBERED)
def test_another_dialogues_number_is_refused_in_every_dialect_that_has_one(
    sides: tuple[Peer, Peer],
) -> None:
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    assert refused(stand, app.says(ASKS, "Name?", number=8)) is REFUSED
    handset.takes(taken(stand, app.says(ASKS, "Name?")))
    assert refused(stand, handset.says(CONFIRM, "1", number=8)) is REFUSED
    assert app.takes(taken(stand, handset.says(CONFIRM, "1"))).short_message == b"1"


@pytest.mark.parametrize("sides", [(name, name) for name in NUMBERED], indirect=True, ids=NUMBERED)
def test_the_largest_number_of_a_dialect_comes_to_the_other_side_and_back(sides: tuple[Peer, Peer]) -> None:
    handset, app = sides
    stand = handset.stand
    handset.number = handset.dialect.numbers - 1
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    assert app.place.number == app.dialect.numbers - 1
    handset.takes(taken(stand, app.says(ASKS, "Name?")))
    assert handset.place.number == handset.dialect.numbers - 1


@pytest.mark.parametrize("sides", [("reference", "standard"), ("constant", "standard")], indirect=True)
def test_numbers_that_the_other_dialect_has_no_room_for_still_name_the_dialogue(
    sides: tuple[Peer, Peer],
) -> None:
    """The other side sees fewer bits, and echoes those."""
    handset, app = sides
    stand = handset.stand
    handset.number = 0x1234
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    assert app.place.number == 0x34
    handset.takes(taken(stand, app.says(ASKS, "Name?")))
    assert handset.place.number == 0x1234
    app.takes(taken(stand, handset.says(CONFIRM, "1")))


@pytest.mark.parametrize("sides", [("standard", "bare"), ("standard", "constant")], indirect=True)
def test_who_answers_twice_without_a_sequence_is_refused_all_the_same(sides: tuple[Peer, Peer]) -> None:
    """Nothing is asked twice: the handset is to speak now."""
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    handset.takes(taken(stand, app.says(ASKS, "Name?")))
    assert refused(stand, app.says(ASKS, "Age?")) is REFUSED


@pytest.mark.parametrize("sides", [("address", "address")], indirect=True)
def test_the_code_stands_in_the_address_and_the_input_alone_in_the_text(sides: tuple[Peer, Peer]) -> None:
    handset, app = sides
    heard = app.takes(taken(handset.stand, handset.says(DIALS, "1*2")))
    assert (heard.destination.addr, heard.short_message) == ("*500#", b"1*2")
    (view,) = dialogues(handset.stand)
    assert view.dialogue.service_code == "*500"


@pytest.mark.parametrize("sides", [("reference", "reference")], indirect=True)
def test_a_reference_that_names_a_dialogue_is_no_reference_of_a_message(sides: tuple[Peer, Peer]) -> None:
    """The same number and text in two steps are two answers, and no repeat."""
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    for _ in range(3):
        handset.takes(taken(stand, app.says(ASKS, "Again?")))
        app.takes(taken(stand, handset.says(CONFIRM, "1")))
    assert len(dialogues(stand)[0].turns) == 7


@pytest.mark.parametrize("sides", [("reference", "constant"), ("constant", "reference")], indirect=True)
def test_what_a_dialect_cannot_read_is_refused_on_either_side(sides: tuple[Peer, Peer]) -> None:
    for peer, operation in zip(sides, (DIALS, ASKS), strict=True):
        source, to = ("*500#", ALIYA) if peer.is_app else (ALIYA, "*500#")
        whole = (Tlv(Tag.USSD_SERVICE_OP, operation),)
        with pytest.raises(Rejected) as rejected:
            peer.stand.sms("*500#", to, source, peer.bind, service_type="USSD", tlvs=whole)
        assert rejected.value.status is CommandStatus.ESME_RINVOPTPARAMVAL


@alike
def test_a_menu_is_walked_in_every_dialect(sides: tuple[Peer, Peer]) -> None:
    """The operator's own menus speak them too."""
    handset, _ = sides
    stand = handset.stand
    dialled = handset.stand.sms(
        "*100#",
        "*100#",
        ALIYA,
        handset.bind,
        service_type="USSD",
        tlvs=handset.dialect.tlvs(Place(DIALS, 7, 1)),
    )
    handset.takes(taken(stand, dialled))
    handset.takes(taken(stand, handset.says(CONFIRM, "3")))
    last = handset.takes(taken(stand, handset.says(CONFIRM, "3")))
    assert last.short_message == b"Messages now come in English."
    assert handset.place.operation == LAST


# -- what is said of a dialogue that is over -------------------------------------------------------

#: With a sequence an end that was told has a place of its own; without, it looks like a new beginning.
SEQUENCED = ("standard", "address")
UNSEQUENCED = tuple(name for name in NAMES if name not in SEQUENCED)
sequenced = pytest.mark.parametrize("sides", list(product(NAMES, SEQUENCED)), indirect=True, ids="-".join)
unsequenced = pytest.mark.parametrize("sides", list(product(NAMES, UNSEQUENCED)), indirect=True, ids="-".join)


def told(handset: Peer, app: Peer) -> None:
    """The handset lets go of a screen, and the application hears of it."""
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    handset.takes(taken(stand, app.says(ASKS, "Name?")))
    app.takes(taken(stand, handset.says(CONFIRM, "", end=True)))


@sequenced
def test_an_end_that_is_answered_begins_nothing_in_dialects_with_a_sequence(sides: tuple[Peer, Peer]) -> None:
    handset, app = sides
    told(handset, app)
    for operation in (ASKS, NOTICE):
        assert refused(handset.stand, app.says(operation, "Goodbye")) is REFUSED
    assert endings(handset.stand) == ["the handset ended it"]


@unsequenced
def test_what_follows_an_end_is_a_beginning_in_dialects_without_a_sequence(sides: tuple[Peer, Peer]) -> None:
    """An application that speaks one of them could else begin nothing for a minute."""
    handset, app = sides
    told(handset, app)
    shown = handset.takes(taken(handset.stand, app.says(ASKS, "Do you agree?")))
    assert shown.short_message == b"Do you agree?"
    assert endings(handset.stand) == ["the handset ended it", ""]


@everyone
def test_an_answer_that_is_owed_is_late_in_every_dialect(sides: tuple[Peer, Peer]) -> None:
    """The handset let go before it was asked anything. A notice is no answer, where nothing else tells."""
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    operations = (ASKS, NOTICE) if app.dialect.numbers > 1 else (ASKS,)
    late = [app.says(operation, "Name?") for operation in operations]
    app.takes(taken(stand, handset.says(CONFIRM, "", end=True)))
    for each in late:
        assert refused(stand, each) is REFUSED
    assert endings(stand) == ["the handset ended it"]


@pytest.mark.parametrize("sides", [("standard", "reference")], indirect=True, ids="-".join)
def test_another_reference_begins_a_dialogue_while_an_answer_is_owed(sides: tuple[Peer, Peer]) -> None:
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    app.takes(taken(stand, handset.says(CONFIRM, "", end=True)))
    shown = handset.takes(taken(stand, app.says(ASKS, "Do you agree?", number=8)))
    assert shown.short_message == b"Do you agree?"


@pytest.mark.parametrize("sides", [("standard", "bare")], indirect=True, ids="-".join)
def test_a_notice_comes_while_an_answer_is_owed_where_nothing_names_the_dialogue(
    sides: tuple[Peer, Peer],
) -> None:
    handset, app = sides
    stand = handset.stand
    app.takes(taken(stand, handset.says(DIALS, "*500#")))
    app.takes(taken(stand, handset.says(CONFIRM, "", end=True)))
    shown = handset.takes(taken(stand, app.says(NOTICE, "Your parcel is here")))
    assert shown.short_message == b"Your parcel is here"
