"""Every dialect of USSD over real SMPP, on either side: accounts as a configuration file has them.

What the parameters have to be is written out here once more, from the sources that ussd-dialects.md names.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import DeliverSm, SubmitSmResp
from gateway.smpp.tlv import Tag, Tlv
from tests.e2e.conftest import StartGateway
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink

DIAL, ASK, NOTICE, LAST, ANSWER, CONFIRM = 1, 2, 3, 17, 18, 19
USSREL, LAST_OF_VUMI = 0x81, 0x17
MSISDN, NUMBER = "77781234567", 0x4B
REFUSED, BUSY = CommandStatus.ESME_RINVOPTPARAMVAL, CommandStatus.ESME_RSUBMITFAIL
BALANCE = "Balance: 500 KZT\n1 Last charges\n2 Packages\n3 Language\n4 Bar paid numbers"
SYSTEM_ID_MAX = 15
SIDES = {"app": "application", "radio": "handset"}
SORRY = "The service does not answer now."


class Wire(NamedTuple):
    """A dialect: where the dialogue's number stands, whether steps are numbered, where the code stands."""

    name: str
    number_in: str
    code_in_address: bool = False

    def place(
        self, operation: int, number: int, sequence: int = 0, *, end: bool = False
    ) -> dict[int, object]:
        """The parameters of one step, and no others."""
        if self.number_in == "octet":
            return {
                Tag.USSD_SERVICE_OP: operation,
                Tag.ITS_SESSION_INFO: bytes((number & 255, sequence << 1 | end)),
            }
        if end and operation == ANSWER:
            operation = USSREL
        if self.number_in == "15 bits":
            info = ((number & 0x7FFF) << 1 | end).to_bytes(2, "big")
            return {Tag.USSD_SERVICE_OP: operation, Tag.ITS_SESSION_INFO: info}
        if self.number_in == "reference":
            return {Tag.USSD_SERVICE_OP: operation, Tag.USER_MESSAGE_REFERENCE: number}
        return {Tag.USSD_SERVICE_OP: operation}

    def dialled(self, *inputs: str) -> str:
        """The text of a dialled ``*5001*...#``."""
        return (
            "*".join(inputs)
            if self.code_in_address
            else "*" + "*".join((self.code.strip("*#"), *inputs)) + "#"
        )

    @property
    def code(self) -> str:
        """That of the application that speaks this dialect."""
        return f"*60{[each.name for each in WIRES].index(self.name)}#"


WIRES = (
    Wire("standard", "octet"),
    Wire("address", "octet", code_in_address=True),
    Wire("constant", "15 bits"),
    Wire("constant-address", "15 bits", code_in_address=True),
    Wire("reference", "reference"),
    Wire("bare", "nowhere"),
)
names = pytest.mark.parametrize("wire", WIRES, ids=[each.name for each in WIRES])


class Peer:
    """One side: a session in a dialect, towards ``other``."""

    def __init__(self, link: RawLink, wire: Wire, own: str, other: str) -> None:
        self.link, self._wire, self.own, self.other = link, wire, own, other

    def say(
        self, text: str, operation: int, number: int, sequence: int = 0, *, end: bool = False
    ) -> SubmitSmResp:
        """A step, in the dialect."""
        place = self._wire.place(operation, number, sequence, end=end)
        tlvs = tuple(Tlv(tag, value) for tag, value in place.items())  # type: ignore[arg-type] # by its tag
        return self.link.submit(self.own, self.other, text, service_type="USSD", tlvs=tlvs)

    def gets(
        self, text: str, operation: int, number: int, sequence: int = 0, *, end: bool = False
    ) -> DeliverSm:
        """The next step of the other side has to be this one, in the dialect."""
        pdu = self.link.delivery()
        place = self._wire.place(operation, number, sequence, end=end)
        assert pdu.short_message.decode("ascii") == text
        assert {tlv.tag: tlv.value for tlv in pdu.tlvs} == place
        assert (pdu.service_type, pdu.source.addr, pdu.destination.addr) == ("USSD", self.other, self.own)
        return pdu


class Town:
    """A gateway with an application and a handset side of every dialect."""

    def __init__(self, gateway: GatewayProcess, stack: ExitStack) -> None:
        self.gateway, self._stack = gateway, stack

    def application(self, wire: Wire, msisdn: str) -> Peer:
        return Peer(self._bound(_system_id(wire, "app")), wire, wire.code, msisdn)

    def handset(self, wire: Wire, msisdn: str, code: str) -> Peer:
        return Peer(self._bound(_system_id(wire, "radio"), msisdn), wire, msisdn, code)

    def _bound(self, system_id: str, address_range: str = "") -> RawLink:
        link = RawLink(self.gateway.smpp_port)
        self._stack.callback(link.close)
        assert link.bind(system_id, "secret", address_range).command_status == 0
        return link


def _account(wire: Wire, side: str) -> str:
    """A table of ``shortcode.toml``."""
    lines = [
        "[[accounts]]",
        f'system_id = "{_system_id(wire, side)}"',
        'password = "secret"',
        f'side = "{SIDES[side]}"',
        f'ussd_dialect = "{wire.name}"',
        f'ussd_codes = ["{wire.code}"]' if side == "app" else "",
    ]
    return "\n".join(lines) + "\n"


def _system_id(wire: Wire, side: str) -> str:
    return f"{side}-{wire.name}"[:SYSTEM_ID_MAX]


@pytest.fixture(scope="module")
def towns_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Configured by a file; one for all tests of this module."""
    folder: Path = tmp_path_factory.mktemp("dialects")
    config = folder / "shortcode.toml"
    config.write_text("".join(_account(wire, side) for wire in WIRES for side in SIDES))
    gateway = GatewayProcess(folder, command=("serve", "--demo-data", "--config", str(config)))
    try:
        yield gateway.start()
        gateway.stop()
        gateway.assert_sound(folder / "copy.db")
    finally:
        gateway.end()


@pytest.fixture
def town(towns_gateway: GatewayProcess) -> Iterator[Town]:
    towns_gateway.api.reset()
    with ExitStack() as stack:
        yield Town(towns_gateway, stack)


@pytest.mark.parametrize("radio", WIRES, ids=lambda wire: f"radio-{wire.name}")
@names
def test_a_dialogue_between_any_two_dialects(town: Town, radio: Wire, wire: Wire) -> None:
    """Begun with answers in the code, a question, a notice, the end; both sides in their own words."""
    number = 0 if radio.number_in == "nowhere" else NUMBER
    app, handset = town.application(wire, MSISDN), town.handset(radio, MSISDN, wire.code)
    # The dialled string is said in the handset's dialect, and heard in the application's.
    typed = "1*2" if radio.code_in_address else f"{wire.code[:-1]}*1*2#"
    assert handset.say(typed, DIAL, number).command_status == 0
    app.gets(wire.dialled("1", "2"), DIAL, number)
    assert app.say("How many?", ASK, number).command_status == 0
    handset.gets("How many?", ASK, number)
    assert handset.say("7", ANSWER, number).command_status == 0
    app.gets("7", ANSWER, number, 1)
    assert app.say("Wait", NOTICE, number, 1).command_status == 0
    handset.gets("Wait", NOTICE, number, 1)
    assert handset.say("", CONFIRM, number, 1).command_status == 0
    app.gets("", CONFIRM, number, 2)
    assert app.say("Bye", LAST, number, 2).command_status == 0
    handset.gets("Bye", LAST, number, 2, end=True)
    (dialogue,) = town.gateway.api.get("/dialogues", msisdn=MSISDN)
    assert (dialogue["ending"], dialogue["account"]) == ("completed", _system_id(radio, "radio"))
    assert dialogue["owner"] == f"account:{_system_id(wire, 'app')}"


@names
def test_an_application_hears_an_abort_in_its_dialect(town: Town, wire: Wire) -> None:
    app, handset = town.application(wire, MSISDN), town.handset(WIRES[0], MSISDN, wire.code)
    handset.say(wire.code, DIAL, NUMBER)
    app.gets(wire.dialled(), DIAL, NUMBER)
    app.say("How many?", ASK, NUMBER)
    handset.gets("How many?", ASK, NUMBER)
    assert handset.say("", ANSWER, NUMBER, end=True).command_status == 0
    app.gets("", ANSWER, NUMBER, 1, end=True)
    assert app.say("Bye", LAST, NUMBER, 1).command_status == REFUSED
    if wire.number_in == "octet":
        # Without a sequence these are a beginning.
        for operation in (ASK, NOTICE):
            assert app.say("Wait!", operation, NUMBER, 1).command_status == REFUSED
    assert handset.link.waiting() == []


@names
def test_a_handset_lets_go_in_its_dialect(town: Town, wire: Wire) -> None:
    number = 0 if wire.number_in == "nowhere" else NUMBER
    app, handset = town.application(WIRES[0], MSISDN), town.handset(wire, MSISDN, WIRES[0].code)
    handset.say(WIRES[0].code, DIAL, number)
    app.gets(WIRES[0].code, DIAL, number)
    app.say("How many?", ASK, number)
    handset.gets("How many?", ASK, number)
    assert handset.say("", ANSWER, number, end=True).command_status == 0
    app.gets("", ANSWER, number, 1, end=True)
    (dialogue,) = town.gateway.api.get("/dialogues", msisdn=MSISDN)
    assert dialogue["ending"] == "the handset ended it"


@names
def test_a_handset_walks_the_operators_menus_in_its_dialect(town: Town, wire: Wire) -> None:
    number = 0 if wire.number_in == "nowhere" else NUMBER
    handset = town.handset(wire, MSISDN, "*100#")
    handset.say("" if wire.code_in_address else "*100#", DIAL, number)
    handset.gets(BALANCE, ASK, number)
    handset.say("3", ANSWER, number)
    assert handset.link.delivery().short_message.startswith(b"Choose a language:")
    handset.say("3", ANSWER, number, 1)
    handset.gets("Messages now come in English.", LAST, number, 2, end=True)


@names
def test_an_application_begins_in_its_dialect(town: Town, wire: Wire) -> None:
    """To a handset that has not spoken yet, on a handset side of several dialects: as SMPP has it."""
    number = 0 if wire.number_in == "nowhere" else NUMBER
    app, handset = town.application(wire, MSISDN), town.handset(WIRES[0], MSISDN, wire.code)
    assert app.say("Hot?", ASK, number).command_status == 0
    handset.gets("Hot?", ASK, number)
    assert app.say("Hot?", ASK, number).command_status == REFUSED, "the handset has not answered yet"
    assert handset.say("yes", ANSWER, number).command_status == 0
    app.gets("yes", ANSWER, number, 1)
    assert app.say("Fine", LAST, number, 1).command_status == 0
    handset.gets("Fine", LAST, number, 1, end=True)


def test_a_handset_that_has_not_spoken_is_asked_in_the_dialect_of_its_side(
    start_gateway: StartGateway, tmp_path: Path
) -> None:
    """Where there is but one."""
    radio, wire = WIRES[4], WIRES[0]
    config = tmp_path / "shortcode.toml"
    config.write_text(_account(wire, "app") + _account(radio, "radio"))
    gateway = start_gateway(command=("serve", "--demo-data", "--config", str(config)))
    with ExitStack() as stack:
        town = Town(gateway, stack)
        app, handset = town.application(wire, MSISDN), town.handset(radio, MSISDN, wire.code)
        assert app.say("Hot?", ASK, NUMBER).command_status == 0
        handset.gets("Hot?", ASK, NUMBER)
        assert handset.say("yes", ANSWER, NUMBER).command_status == 0
        app.gets("yes", ANSWER, NUMBER, 1)


@pytest.mark.parametrize("wire", WIRES[:5], ids=[each.name for each in WIRES[:5]])
def test_another_dialogues_number_is_refused(town: Town, wire: Wire) -> None:
    app, handset = town.application(wire, MSISDN), town.handset(wire, MSISDN, wire.code)
    handset.say(wire.dialled(), DIAL, NUMBER)
    app.gets(wire.dialled(), DIAL, NUMBER)
    assert app.say("How many?", ASK, NUMBER + 1).command_status == REFUSED
    assert app.say("How many?", ASK, NUMBER).command_status == 0
    handset.gets("How many?", ASK, NUMBER)
    assert handset.say("7", ANSWER, NUMBER + 1).command_status == REFUSED
    assert handset.say("7", ANSWER, NUMBER).command_status == 0


def test_another_application_cannot_step_in(town: Town) -> None:
    """Not with the right number and sequence, neither as the last word nor as a beginning."""
    standard, constant = WIRES[0], WIRES[2]
    app, handset = town.application(standard, MSISDN), town.handset(standard, MSISDN, standard.code)
    other = town.application(constant, MSISDN)
    handset.say(standard.code, DIAL, NUMBER)
    app.gets(standard.code, DIAL, NUMBER)
    assert other.say("Mine!", LAST, NUMBER).command_status == REFUSED
    assert other.say("Mine!", ASK, NUMBER).command_status == BUSY
    assert app.say("Bye", LAST, NUMBER).command_status == 0
    handset.gets("Bye", LAST, NUMBER, end=True)
    assert app.link.waiting() == other.link.waiting() == []


@pytest.mark.parametrize("wire", WIRES[2:], ids=[each.name for each in WIRES[2:]])
def test_what_vumi_sends_as_the_last_screen_is_one(town: Town, wire: Wire) -> None:
    """Operation 0x17: its table has decimal 17 where hexadecimal is read."""
    app, handset = town.application(wire, MSISDN), town.handset(WIRES[0], MSISDN, wire.code)
    handset.say(wire.code, DIAL, NUMBER)
    app.gets(wire.dialled(), DIAL, NUMBER)
    assert app.say("Bye", LAST_OF_VUMI, NUMBER).command_status == 0
    handset.gets("Bye", LAST, NUMBER, end=True)


def test_a_reference_names_the_dialogue_and_no_repeated_submit(town: Town) -> None:
    """The same answer to two screens under one user_message_reference is two answers."""
    wire = WIRES[4]
    app, handset = town.application(wire, MSISDN), town.handset(wire, MSISDN, wire.code)
    handset.say(wire.code, DIAL, 0xC0DE)
    app.gets(wire.code, DIAL, 0xC0DE)
    for _ in range(2):
        assert app.say("Again?", ASK, 0xC0DE).command_status == 0
        handset.gets("Again?", ASK, 0xC0DE)
        assert handset.say("1", ANSWER, 0xC0DE).command_status == 0
        app.gets("1", ANSWER, 0xC0DE)


def test_a_number_that_the_other_dialect_has_no_room_for_is_shortened_and_found_again(town: Town) -> None:
    """Sixteen bits on the handset side, an octet on the application's."""
    radio, wire = WIRES[4], WIRES[0]
    app, handset = town.application(wire, MSISDN), town.handset(radio, MSISDN, wire.code)
    handset.say(wire.code, DIAL, 0xC0DE)
    app.gets(wire.code, DIAL, 0xDE)
    assert app.say("How many?", ASK, 0xDE).command_status == 0
    handset.gets("How many?", ASK, 0xC0DE)
    assert handset.say("7", ANSWER, 0xC0DE).command_status == 0
    app.gets("7", ANSWER, 0xDE, 1)


@names
def test_an_absent_application_is_excused_in_the_handsets_dialect(town: Town, wire: Wire) -> None:
    number = 0 if wire.number_in == "nowhere" else NUMBER
    handset = town.handset(wire, MSISDN, "*600#")
    handset.say("" if wire.code_in_address else "*600#", DIAL, number)
    handset.gets(f"{SORRY} Please try again later.", LAST, number, end=True)
