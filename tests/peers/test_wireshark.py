"""Wireshark's dissector reads what went over the wire: every operation, alphabet and parameter."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from twisted.internet.address import IPv4Address

from gateway.capture import Capture
from gateway.smpp import pdus
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId, EsmClass
from gateway.smpp.pdus import Address, DistributionList, SubmitSm
from gateway.smpp.tlv import TLVS, Tag, Tlv, TlvKind, TlvSpec
from tests import wireshark
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink, message, segments
from tests.e2e.waiting import until
from tests.peers import needs
from tests.wire.test_golden import CASES

EN, RU = "77781234567", "77011234567"
HANDSET, CODE = Address(1, 1, EN), Address(0, 0, "1234")
ALPHABETS = {
    0: b"Hello @$",
    1: b"IA5 ~ text",
    3: "Grüße".encode("latin-1"),
    4: bytes(range(32)),
    6: "Привет".encode("iso-8859-5"),
    8: "Сәлем 👋".encode("utf-16-be"),
    0xF0: b"flash",
}
BODILESS = {CommandId.ENQUIRE_LINK, CommandId.UNBIND}


@pytest.fixture
def tshark() -> str:
    return needs.program("tshark", "tshark")


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    return tmp_path / "traffic.pcap"


@pytest.fixture
def gateway(start_gateway: StartGateway, capture: Path) -> GatewayProcess:
    """One that captures into a file that this test looks at."""
    return start_gateway(settings={"CAPTURE_FILE": str(capture)})


@pytest.fixture
def app(gateway: GatewayProcess, connect: Connect) -> RawLink:
    link = connect(gateway)
    assert link.bind("app1", "secret1").command_status == 0
    return link


@pytest.fixture
def handset(gateway: GatewayProcess, connect: Connect) -> RawLink:
    link = connect(gateway)
    assert link.bind(address_range=EN).command_status == 0
    return link


def _operations() -> Iterator[pdus.Pdu]:
    """One of each that a client may send, with and without an end that we know of."""
    yield message("1234", EN, "now", registered_delivery=1, validity_period="000001000000000R")
    yield pdus.SubmitMulti(
        source=CODE,
        destinations=(HANDSET, Address(1, 1, RU), DistributionList("nobody")),
        short_message=b"all of you",
    )
    yield pdus.DataSm(source=CODE, destination=HANDSET, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"data"),))
    yield pdus.QuerySm(message_id="0123456789", source=CODE)
    yield pdus.CancelSm(message_id="0123456789", source=CODE, destination=HANDSET)
    yield pdus.ReplaceSm(message_id="0123456789", source=CODE, short_message=b"other")
    yield pdus.EnquireLink()


def _parameters() -> Iterator[Tlv]:
    """Every parameter of the table, and some that no table has."""
    for spec in TLVS.values():
        if spec.tag not in {Tag.MESSAGE_PAYLOAD, Tag.USSD_SERVICE_OP, *_SAR}:
            yield Tlv(spec.tag, _value(spec))
    yield Tlv(0x1400, b"vendor")
    yield Tlv(0x3FFF, b"")


_SAR = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)


def _value(spec: TlvSpec) -> int | str | bytes:
    if spec.value_max is not None:
        return 1
    return "text" if spec.kind is TlvKind.CSTRING else bytes(spec.octets_min)


def _exchange(app: RawLink, handset: RawLink) -> None:
    """All of it, each request to its response."""
    for pdu in _operations():
        _ask(app, pdu)
    for data_coding, octets in ALPHABETS.items():
        _ask(app, message("1234", EN, data_coding=data_coding, short_message=octets))
    for tlv in _parameters():
        _ask(app, message("1234", EN, "with a parameter", tlvs=(tlv,)))
    for part in segments("1234", EN, "one ", "two"):
        _ask(app, part)
    _ask(handset, message(EN, "1234", "VOTE 7"))
    _ask(handset, message(EN, "9393", "nonsense"))
    handset.dial(EN, "*100#")


def _ask(link: RawLink, pdu: pdus.Pdu) -> pdus.Pdu:
    sequence = link.send(pdu)
    return link.expect(pdus.Response, lambda response: response.sequence_number == sequence)


def _answer_all(link: RawLink) -> None:
    """Until nothing more comes."""
    while found := [pdu for pdu in link.waiting() if isinstance(pdu, pdus.DeliverSm)]:
        for pdu in found:
            link.answer(pdu)


def test_every_operation_alphabet_and_parameter_is_read(
    gateway: GatewayProcess, app: RawLink, handset: RawLink, capture: Path, tshark: str
) -> None:
    """Not one malformed frame, and each command as often as it was sent."""
    _exchange(app, handset)
    for link in (handset, app):
        _answer_all(link)
        link.unbind()
    gateway.stop()
    assert wireshark.wrong(tshark, capture) == []
    rows = wireshark.fields(tshark, capture, "smpp.command_id", "tcp.srcport", "_ws.col.Protocol")
    assert {protocol for *_, protocol in rows} == {"SMPP"}
    seen = Counter(int(command, 16) for command, *_ in rows)
    asked = {CommandId(each.command_id) for each in _operations()}
    assert all(seen[each] and seen[each] == seen[each | 0x8000_0000] for each in asked | {CommandId.UNBIND})
    assert seen[CommandId.SUBMIT_SM] == len(ALPHABETS) + len(list(_parameters())) + 6
    assert seen[CommandId.BIND_TRANSCEIVER] == seen[CommandId.BIND_TRANSCEIVER_RESP] == 2


def test_every_pdu_that_we_can_write_is_read(tmp_path: Path, tshark: str) -> None:
    """Those that only an SMSC sends, and each parameter in its place: the golden octets of tests/wire."""
    path = tmp_path / "golden.pcap"
    capture = Capture(path, lambda: 0, lambda _: None, 1_000_000)
    host = IPv4Address("TCP", "127.0.0.1", 2775)
    tap = capture.tap(host, host, 70_000)
    # The golden submit_sm says that it has a user data header, and has none.
    sent = [replace(pdu, esm_class=0) if isinstance(pdu, SubmitSm) else pdu for pdu in CASES.values()]
    for pdu in sent:
        tap.sent(encode(pdu))
    capture.close()
    assert wireshark.wrong(tshark, path) == []
    rows = wireshark.fields(tshark, path, "smpp.command_id", "smpp.sequence_number")
    assert [(int(command, 16), int(sequence)) for command, sequence in rows] == [
        (int(pdu.command_id), pdu.sequence_number) for pdu in sent
    ]


def test_addresses_times_and_values_are_those_of_the_wire(
    gateway: GatewayProcess, app: RawLink, capture: Path, tshark: str
) -> None:
    """What a person looks for in Wireshark's columns."""
    response = app.submit("MyBank", EN, "hello")
    app.unbind()
    gateway.stop()
    names = ("smpp.command_id", "ip.src", "smpp.source_addr", "smpp.destination_addr", "smpp.message_id")
    rows = {int(row[0], 16): row[1:] for row in wireshark.fields(tshark, capture, *names)}
    assert rows[CommandId.SUBMIT_SM] == ("127.0.0.1", "MyBank", EN, "")
    assert rows[CommandId.SUBMIT_SM_RESP] == ("127.0.0.1", "", "", response.message_id)


def test_what_the_gateway_refuses_as_broken_is_no_smpp_in_the_capture(
    gateway: GatewayProcess, app: RawLink, capture: Path, tshark: str
) -> None:
    """It is shown as data with a word about it; the refusal is there as SMPP."""
    whole = app.numbered(message("1234", EN, "hello"))
    cut = whole[:-10]
    app.send_octets((len(cut)).to_bytes(4, "big") + cut[4:])
    refused = app.expect(pdus.SubmitSmResp)
    assert refused.command_status != 0
    assert app.submit("1234", EN, esm_class=EsmClass.UDHI, short_message=b"\xffshort").command_status != 0
    app.unbind()
    gateway.stop()
    assert wireshark.wrong(tshark, capture) == []
    rows = wireshark.fields(tshark, capture, "_ws.col.Protocol", "_ws.col.Info")
    plain = [info for protocol, info in rows if protocol != "SMPP"]
    assert len(plain) == 2
    assert len(rows) - len(plain) == 2 + 2 + 2


def test_no_secret_is_in_the_file(gateway: GatewayProcess, connect: Connect, capture: Path) -> None:
    """Passwords, right and wrong, and voucher codes in every form in which they were sent."""
    codes = gateway.api.codes(6)
    link = connect(gateway)
    assert link.bind("handset", "gu3ss3d!").command_status != 0
    assert link.bind("handset", "handset").command_status == 0
    assert link.submit(EN, "9393", codes[0]).command_status == 0
    assert link.dial(EN, f"*110*{codes[1]}#").command_status == 0
    assert link.submit(EN, RU, f"take {codes[2]}").command_status == 0
    wide = codes[3].encode("utf-16-be")
    assert link.submit(EN, "9393", data_coding=8, short_message=wide).command_status == 0
    for part in segments(EN, "9393", codes[4][:7], codes[4][7:]):
        link.send(part)
    payload = (Tlv(Tag.MESSAGE_PAYLOAD, codes[5].encode()),)
    _ask(link, SubmitSm(source=Address(1, 1, EN), destination=Address(0, 1, "9393"), tlvs=payload))
    _answer_all(link)
    link.unbind()
    gateway.stop()
    octets = capture.read_bytes()
    for code in codes:
        for form in (code.encode(), code.encode("utf-16-be"), code[:7].encode(), code[6:].encode()):
            assert form not in octets
    assert b"gu3ss3d!" not in octets
    assert octets.count(b"handset\0") == 2, "the system_ids stay, the passwords went"


def test_a_restart_appends_and_a_cut_record_goes(gateway: GatewayProcess, capture: Path, tshark: str) -> None:
    """As after a crash in the middle of a write."""
    _visit(gateway)
    gateway.stop()
    before = len(wireshark.fields(tshark, capture, "frame.number"))
    with capture.open("ab") as file:
        file.write(bytes(11))
    gateway.start()
    _visit(gateway)
    gateway.stop()
    assert len(wireshark.fields(tshark, capture, "frame.number")) == 2 * before
    assert wireshark.wrong(tshark, capture) == []


def _visit(gateway: GatewayProcess) -> None:
    link = RawLink(gateway.smpp_port)
    link.bind()
    link.unbind()
    until(lambda: gateway.log_lines("unbound"), "the session has ended")
