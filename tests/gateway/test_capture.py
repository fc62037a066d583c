"""The capture file: what is in it, when it is written, and that its end is never a session's end."""

import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.capture import LINK_TYPE, Capture, Tap
from gateway.config import StartError
from gateway.smpp.codec import encode
from gateway.smpp.constants import CommandId
from gateway.smpp.pdus import Address, DeliverSmResp, EnquireLink, Pdu, SubmitSm
from tests.gateway.stand import LogLines

FILE_HEADER, RECORD_HEADER = 24, 16
NOW_US = 1_700_000_000_000_123


@dataclass(frozen=True)
class Host:
    """An address as Twisted has it."""

    host: str
    port: int


OURS, THEIRS = Host("127.0.0.1", 2775), Host("127.0.0.2", 40_000)


class File:
    """A capture whose reactor turns end when the test says so."""

    def __init__(self, path: Path, octets_max: int = 100_000_000) -> None:
        self.path = path
        self.turn: list[Callable[[], None]] = []
        self.capture = Capture(path, lambda: NOW_US, self.turn.append, octets_max)

    def tap(self, ours: Host = OURS, theirs: Host = THEIRS) -> Tap:
        return self.capture.tap(ours, theirs, 70_000)

    def end_turn(self) -> None:
        """What was put off to the end of the turn."""
        turn, self.turn[:] = list(self.turn), []
        for each in turn:
            each()

    @property
    def records(self) -> list[bytes]:
        """Everything after each record's header."""
        return [record for _, record in read_records(self.path)]


def read_records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Microseconds and octets of each record, by the pcap format."""
    octets, at = path.read_bytes(), FILE_HEADER
    while at < len(octets):
        seconds, rest, kept, there_were = struct.unpack_from("<IIII", octets, at)
        assert kept == there_were
        at += RECORD_HEADER + kept
        yield seconds * 1_000_000 + rest, octets[at - kept : at]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "x.pcap")
    yield file
    file.capture.close()


def test_the_file_says_what_it_holds(file: File) -> None:
    magic, major, minor, *_, link_type = struct.unpack("<IHHiIII", file.path.read_bytes())
    assert (magic, major, minor, link_type) == (0xA1B2C3D4, 2, 4, LINK_TYPE)
    assert file.path.stat().st_mode & 0o077 == 0, "texts of messages are for the owner"


def test_pdus_in_pieces_and_glued_together_become_records_of_their_own(file: File) -> None:
    tap, both = file.tap(), encode(EnquireLink(1)) + encode(EnquireLink(2))
    for octet in both:
        tap.received(bytes((octet,)))
    tap.sent(both)
    file.end_turn()
    assert [record[-16:] for record in file.records] == [both[:16], both[16:]] * 2
    assert {at for at, _ in read_records(file.path)} == {NOW_US}


def test_the_header_names_the_dissector_and_both_ends(file: File) -> None:
    tap = file.tap()
    tap.received(encode(EnquireLink(1)))
    tap.sent(encode(EnquireLink(1)))
    file.end_turn()
    for record, (source, target) in zip(file.records, ((THEIRS, OURS), (OURS, THEIRS)), strict=True):
        assert record.startswith(struct.pack(">HH4s", 12, 4, b"smpp"))
        assert struct.pack(">HH4sHH4s", 20, 4, _packed(source), 21, 4, _packed(target)) in record
        assert struct.pack(">HHIHHI", 25, 4, source.port, 26, 4, target.port) in record


def _packed(host: Host) -> bytes:
    return bytes(map(int, host.host.split(".")))


def test_a_client_over_ipv6_has_its_address(file: File) -> None:
    file.tap(Host("::1", 2775), Host("::1", 40_000)).received(encode(EnquireLink(1)))
    file.end_turn()
    (record,) = file.records
    assert struct.pack(">HH16s", 22, 16, bytes(15) + b"\1") in record


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(encode(SubmitSm(short_message=b"hello"))[:-2], id="cut"),
        pytest.param(bytes(4) + (0x0000_7777).to_bytes(4, "big") + bytes(8), id="unknown command"),
        pytest.param(encode(SubmitSm(esm_class=0x40, short_message=b"\xff-")), id="user data header"),
        pytest.param(encode(DeliverSmResp(1))[:16], id="no body"),
    ],
)
def test_what_is_no_pdu_is_data_with_a_word_about_it(file: File, frame: bytes) -> None:
    frame = len(frame).to_bytes(4, "big") + frame[4:]
    file.tap().received(frame)
    file.end_turn()
    (record,) = file.records
    assert record.startswith(struct.pack(">HH4s", 12, 4, b"data"))
    assert record[-len(frame) :][:16] == frame[:16]
    assert b"hello" not in record


def test_nothing_is_written_before_the_end_of_the_turn_but_a_buffer_that_is_full(file: File) -> None:
    tap = file.tap()
    tap.sent(encode(EnquireLink(1)))
    assert file.records == []
    assert len(file.turn) == 1
    for number in range(20):
        tap.sent(encode(SubmitSm(number, tlvs=())) * 1_500)
    assert 0 < len(file.records) < 30_001
    file.end_turn()
    assert len(file.records) == 30_001


def test_a_full_file_ends_the_capture_and_not_the_session(tmp_path: Path, logged: LogLines) -> None:
    file = File(tmp_path / "small.pcap", octets_max=400)
    tap = file.tap()
    for number in range(20):
        tap.sent(encode(EnquireLink(number)))
    file.end_turn()
    assert file.path.stat().st_size <= 400
    assert file.records
    assert [line["event"] for line in logged] == ["capture.full"]


def test_a_write_that_fails_ends_the_capture_and_not_the_session(file: File, logged: LogLines) -> None:
    tap = file.tap()
    tap.sent(encode(EnquireLink(1)))
    os.close(file.capture._fd)
    file.end_turn()
    tap.sent(encode(EnquireLink(2)))
    assert [line["event"] for line in logged] == ["capture.failed"]
    file.capture._fd = -1


def test_it_is_appended_to_after_the_last_whole_record(file: File) -> None:
    file.tap().sent(encode(EnquireLink(1)))
    file.capture.close()
    with file.path.open("ab") as cut:
        cut.write(file.path.read_bytes()[FILE_HEADER:-3])
    again = File(file.path)
    again.tap().sent(encode(EnquireLink(2)))
    again.capture.close()
    assert [record[-16:] for record in again.records] == [encode(EnquireLink(1)), encode(EnquireLink(2))]


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("keep me, I am longer than a header")
    with pytest.raises(StartError, match="no capture of this program"):
        File(other)
    assert other.read_text().startswith("keep me")


def test_a_file_that_another_gateway_writes_is_refused(file: File) -> None:
    with pytest.raises(StartError, match="another process"):
        File(file.path)


def test_a_folder_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No such file or directory"):
        File(tmp_path / "none" / "x.pcap")


def test_the_octets_of_what_may_be_shown_are_those_of_the_wire(file: File) -> None:
    pdu: Pdu = SubmitSm(7, destination=Address(1, 1, "77781234567"), short_message=b"hello")
    file.tap().received(encode(pdu))
    file.end_turn()
    assert file.records[0].endswith(encode(pdu))
    assert int.from_bytes(file.records[0][-len(encode(pdu)) :][4:8], "big") == CommandId.SUBMIT_SM
