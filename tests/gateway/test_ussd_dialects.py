"""Dialects of USSD over SMPP: what each says and reads, what none takes, and the page that shows them."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.smpp.codec import decode, encode
from gateway.smpp.constants import UssdServiceOp as Op
from gateway.smpp.pdus import Address, SubmitSm
from gateway.smpp.tlv import Tag, Tlv, write_tlvs
from gateway.ussd_dialects import DIALECTS, USSREL, BadPlace, Dialect, Place

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "ussd-dialects.md"
STANDARD, ADDRESS = DIALECTS["standard"], DIALECTS["address"]
CONSTANT, CONSTANT_ADDRESS = DIALECTS["constant"], DIALECTS["constant-address"]
REFERENCE, BARE = DIALECTS["reference"], DIALECTS["bare"]

BY_SEQUENCE = (STANDARD, ADDRESS)
BY_CONSTANT = (CONSTANT, CONSTANT_ADDRESS)
WITH_END_BIT = (*BY_SEQUENCE, *BY_CONSTANT)
VENDORS = (*BY_CONSTANT, REFERENCE, BARE)
IN_ADDRESS = (ADDRESS, CONSTANT_ADDRESS)
IN_TEXT = (STANDARD, CONSTANT, REFERENCE, BARE)

dialects = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


def pytest_ids(dialect: Dialect) -> str:
    """A dialect in the name of a test."""
    return dialect.name


def submit(*tlvs: Tlv, source: str = "77010000001", destination: str = "*500#") -> SubmitSm:
    """A submit_sm with these parameters, made as it comes from a test or from the wire."""
    return SubmitSm(
        service_type="USSD",
        source=Address(1, 1, source),
        destination=Address(0, 1, destination),
        tlvs=tlvs,
    )


def over_the_wire(tlvs: Iterable[Tlv]) -> SubmitSm:
    """The same after its octets were written and read."""
    pdu = decode(encode(submit(*tlvs)))
    assert isinstance(pdu, SubmitSm)
    return pdu


def op(value: int) -> Tlv:
    return Tlv(Tag.USSD_SERVICE_OP, value)


def info(octets: bytes) -> Tlv:
    return Tlv(Tag.ITS_SESSION_INFO, octets)


def reference(number: int) -> Tlv:
    return Tlv(Tag.USER_MESSAGE_REFERENCE, number)


NAMED = {
    "standard": (info(b"\7\6"),),
    "address": (info(b"\7\6"),),
    "constant": (info(b"\0\x0e"),),
    "constant-address": (info(b"\0\x0e"),),
    "reference": (reference(7),),
    "bare": (),
}

places = st.builds(
    Place,
    st.sampled_from(Op),
    st.none() | st.integers(0, 1 << 20),
    st.none() | st.integers(0, 1 << 10),
    st.booleans(),
)


def sayable(dialect: Dialect, place: Place) -> Place:
    """What of a place the dialect has words for."""
    last = place.operation in {Op.PSSR_RESPONSE, Op.PSSD_RESPONSE}
    aborts = place.end and place.operation == Op.USSR_CONFIRM
    return Place(
        place.operation,
        None if dialect.numbers == 1 else (place.number or 0) % dialect.numbers,
        (place.sequence or 0) % 128 if dialect in BY_SEQUENCE else None,
        place.end if dialect in WITH_END_BIT else last or aborts,
    )


# -- what is said is read --------------------------------------------------------------------------


@given(dialect=st.sampled_from(list(DIALECTS.values())), place=places)
def test_every_place_that_a_dialect_can_say_is_read_back_as_it_was(dialect: Dialect, place: Place) -> None:
    said = over_the_wire(dialect.tlvs(place))
    assert dialect.read(said) == sayable(dialect, place)


@given(dialect=st.sampled_from(list(DIALECTS.values())), place=places)
def test_echoing_what_was_read_says_the_same_again(dialect: Dialect, place: Place) -> None:
    said = dialect.tlvs(place)
    assert dialect.tlvs(dialect.read(submit(*said))) == said


@given(
    dialect=st.sampled_from(list(DIALECTS.values())),
    one=st.integers(0, 0xFFFF),
    other=st.integers(0, 0xFFFF),
)
def test_two_dialogues_have_one_name_only_if_their_numbers_are_the_same_modulo_the_dialects(
    dialect: Dialect, one: int, other: int
) -> None:
    same = one % dialect.numbers == other % dialect.numbers
    said = [dialect.tlvs(Place(Op.USSR_REQUEST, number, 0)) for number in (one, other)]
    assert (said[0] == said[1]) is same


@dialects
def test_parameters_of_no_dialect_change_nothing(dialect: Dialect) -> None:
    said = dialect.tlvs(Place(Op.USSR_REQUEST, 7, 3))
    pdu = submit(Tlv(Tag.SOURCE_PORT, 1), *reversed(said), Tlv(0x1500, b"vendor"))
    assert dialect.read(pdu) == sayable(dialect, Place(Op.USSR_REQUEST, 7, 3))


# -- each dialect to the octet ---------------------------------------------------------------------


@pytest.mark.parametrize("dialect", BY_SEQUENCE, ids=pytest_ids)
@pytest.mark.parametrize(
    ("place", "octets"),
    [
        (Place(Op.PSSR_INDICATION, 0, 0), b"\0\0"),
        (Place(Op.USSR_REQUEST, 7, 3), b"\7\6"),
        (Place(Op.PSSR_RESPONSE, 7, 4, end=True), b"\7\x09"),
        (Place(Op.USSR_CONFIRM, 255, 127, end=True), b"\xff\xff"),
    ],
)
def test_the_standard_is_number_then_sequence_then_end_bit(
    dialect: Dialect, place: Place, octets: bytes
) -> None:
    tlvs = (op(place.operation), info(octets))
    assert dialect.tlvs(place) == tlvs
    assert dialect.read(submit(*tlvs)) == place


@pytest.mark.parametrize("dialect", BY_SEQUENCE, ids=pytest_ids)
def test_the_standard_without_its_session_info_is_dialogue_0_sequence_0(dialect: Dialect) -> None:
    assert dialect.read(submit(op(2))) == Place(Op.USSR_REQUEST, 0, 0)


@pytest.mark.parametrize("dialect", BY_SEQUENCE, ids=pytest_ids)
def test_the_standard_keeps_the_end_bit_of_a_screen_that_asks_as_it_came(dialect: Dialect) -> None:
    """As vumi ends a dialogue with Tata: always op 2, the end bit makes it the last screen."""
    assert dialect.read(submit(op(2), info(b"\7\7"))) == Place(Op.USSR_REQUEST, 7, 3, end=True)


@pytest.mark.parametrize("dialect", BY_CONSTANT, ids=pytest_ids)
@pytest.mark.parametrize(
    ("place", "operation", "octets"),
    [
        (Place(Op.PSSR_INDICATION, 0x4001), 0x01, b"\x80\x02"),
        (Place(Op.USSR_CONFIRM, 0x4001), 0x12, b"\x80\x02"),
        (Place(Op.USSR_CONFIRM, 0x7FFF, end=True), USSREL, b"\xff\xff"),
        (Place(Op.PSSR_RESPONSE, 0x4001, end=True), 0x11, b"\x80\x03"),
        (Place(Op.USSN_CONFIRM, 0x4001, end=True), 0x13, b"\x80\x03"),
    ],
)
def test_the_constant_id_has_15_bits_before_the_end_bit(
    dialect: Dialect, place: Place, operation: int, octets: bytes
) -> None:
    tlvs = (op(operation), info(octets))
    assert dialect.tlvs(place) == tlvs
    assert dialect.read(submit(*tlvs)) == place


@pytest.mark.parametrize("dialect", BY_CONSTANT, ids=pytest_ids)
def test_the_constant_id_is_the_same_whatever_the_sequence(dialect: Dialect) -> None:
    said = {dialect.tlvs(Place(Op.USSR_REQUEST, 7, sequence))[1] for sequence in range(128)}
    assert said == {info(b"\0\x0e")}


@pytest.mark.parametrize("dialect", BY_CONSTANT, ids=pytest_ids)
@pytest.mark.parametrize(
    "tlvs", [(op(USSREL), info(b"\0\x0e")), (op(USSREL), info(b"\0\x0f")), (op(0x12), info(b"\0\x0f"))]
)
def test_either_the_end_bit_or_the_operation_aborts_a_constant_id(
    dialect: Dialect, tlvs: tuple[Tlv, ...]
) -> None:
    assert dialect.read(submit(*tlvs)) == Place(Op.USSR_CONFIRM, 7, end=True)


@pytest.mark.parametrize(
    ("place", "operation"),
    [
        (Place(Op.PSSR_INDICATION, 12853), 0x01),
        (Place(Op.USSR_REQUEST, 12853), 0x02),
        (Place(Op.PSSR_RESPONSE, 12853, end=True), 0x11),
        (Place(Op.USSR_CONFIRM, 12853), 0x12),
        (Place(Op.USSR_CONFIRM, 12853, end=True), USSREL),
    ],
)
def test_the_reference_names_the_dialogue_and_the_operation_its_end(place: Place, operation: int) -> None:
    """The operations of vumi pull request 882, the reference of 738."""
    tlvs = (op(operation), reference(12853))
    assert REFERENCE.tlvs(place) == tlvs
    assert REFERENCE.read(submit(*tlvs)) == place


def test_the_reference_says_nothing_of_a_sequence_or_of_an_end_that_is_no_abort() -> None:
    assert REFERENCE.tlvs(Place(Op.USSN_CONFIRM, 1, 5, end=True)) == (op(0x13), reference(1))


def test_the_reference_looks_at_no_session_info() -> None:
    assert REFERENCE.read(submit(op(2), info(b"\1\1"), reference(9))) == Place(Op.USSR_REQUEST, 9)


def test_only_the_reference_takes_user_message_reference_for_itself() -> None:
    assert [each for each in DIALECTS.values() if each.by_reference] == [REFERENCE]
    for each in set(DIALECTS.values()) - {REFERENCE}:
        tagged = submit(*each.tlvs(Place(Op.USSR_REQUEST, 7, 3)), reference(9))
        assert each.read(tagged) == sayable(each, Place(Op.USSR_REQUEST, 7, 3))


@pytest.mark.parametrize(
    ("place", "operation"),
    [(Place(Op.USSR_CONFIRM), 0x12), (Place(Op.USSR_CONFIRM, end=True), USSREL), (Place(Op.USSR_REQUEST), 2)],
)
def test_the_bare_dialect_says_the_operation_alone(place: Place, operation: int) -> None:
    assert BARE.tlvs(place._replace(number=7, sequence=3)) == (op(operation),)
    assert BARE.read(submit(op(operation), info(b"\7\6"))) == place


@pytest.mark.parametrize("dialect", VENDORS, ids=pytest_ids)
def test_a_last_screen_with_the_number_that_vumi_sends_is_a_last_screen(dialect: Dialect) -> None:
    """It writes 0x17 for 17, with 6D and the end bit, with Mica and without."""
    ends = (info(b"\0\x0f"),) if dialect in BY_CONSTANT else NAMED[dialect.name]
    read = dialect.read(submit(op(0x17), *ends))
    assert (read.operation, read.end) == (Op.PSSR_RESPONSE, True)
    assert dialect.tlvs(read)[0] == op(0x11)


# -- what is not taken -----------------------------------------------------------------------------


@dialects
def test_without_an_operation_it_is_dialled(dialect: Dialect) -> None:
    read = dialect.read(submit(*NAMED[dialect.name]))
    assert (read.operation, read.end) == (Op.PSSR_INDICATION, False)


@dialects
@given(value=st.integers(0, 255))
def test_every_operation_is_known_or_refused(dialect: Dialect, value: int) -> None:
    known = {each.value for each in Op} | ({USSREL, 0x17} if dialect in VENDORS else set())
    pdu = submit(op(value), *NAMED[dialect.name])
    if value in known:
        assert dialect.read(pdu).operation in set(Op)
    else:
        with pytest.raises(BadPlace, match=r"^ussd_service_op"):
            dialect.read(pdu)


@dialects
def test_an_operation_that_is_no_number_is_refused(dialect: Dialect) -> None:
    with pytest.raises(BadPlace, match=r"^ussd_service_op"):
        dialect.read(submit(Tlv(Tag.USSD_SERVICE_OP, b"\1"), *NAMED[dialect.name]))


@pytest.mark.parametrize("dialect", WITH_END_BIT, ids=pytest_ids)
@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\0", 7, "ab"])
def test_session_info_of_another_length_or_kind_is_refused(
    dialect: Dialect, value: bytes | int | str
) -> None:
    with pytest.raises(BadPlace, match=r"^its_session_info"):
        dialect.read(submit(op(2), Tlv(Tag.ITS_SESSION_INFO, value)))


@pytest.mark.parametrize("dialect", BY_CONSTANT, ids=pytest_ids)
def test_a_constant_id_that_is_missing_is_refused(dialect: Dialect) -> None:
    with pytest.raises(BadPlace, match=r"^its_session_info is missing"):
        dialect.read(submit(op(1), reference(7)))


def test_a_reference_that_is_missing_is_refused() -> None:
    with pytest.raises(BadPlace, match=r"^user_message_reference is missing"):
        REFERENCE.read(submit(op(1), info(b"\0\0")))


@pytest.mark.parametrize("value", [b"\0\7", -1, 0x1_0000, "7"])
def test_a_reference_that_is_no_number_of_16_bits_is_refused(value: bytes | int | str) -> None:
    with pytest.raises(BadPlace, match=r"^user_message_reference is no number"):
        REFERENCE.read(submit(op(1), Tlv(Tag.USER_MESSAGE_REFERENCE, value)))


# -- where the service code stands -----------------------------------------------------------------


@pytest.mark.parametrize("dialect", IN_TEXT, ids=pytest_ids)
@pytest.mark.parametrize(
    ("address", "text", "dialled"),
    [
        ("*500#", "*500*1#", "*500*1#"),
        ("*500*1#", "", "*500*1#"),
        ("", "*500#", "*500#"),
        ("", "", ""),
    ],
)
def test_the_text_is_the_whole_dialled_string_and_else_the_address(
    dialect: Dialect, address: str, text: str, dialled: str
) -> None:
    assert dialect.dialled(address, text) == dialled


@pytest.mark.parametrize("dialect", IN_ADDRESS, ids=pytest_ids)
@pytest.mark.parametrize(
    ("address", "text", "dialled"),
    [
        ("*500#", "", "*500#"),
        ("*500", "", "*500#"),
        ("*500#", "1*2", "*500*1*2#"),
        ("*500", "1*2#", "*500*1*2#"),
        ("*500#", "#", "*500#"),
        ("*500*1#", "", "*500*1#"),
        # The whole string is in the text all the same:
        ("*500#", "*500*1#", "*500*1#"),
        ("*500#", "*500#", "*500#"),
        ("", "*500*1#", "*500*1#"),
        ("", "", ""),
        # Another code is input like any other:
        ("*500#", "*5001#", "*500**5001#"),
    ],
)
def test_the_address_is_the_code_and_the_text_what_follows_it(
    dialect: Dialect, address: str, text: str, dialled: str
) -> None:
    assert dialect.dialled(address, text) == dialled


@pytest.mark.parametrize("code", ["*500", "*500#"])
@pytest.mark.parametrize("dialect", IN_TEXT, ids=pytest_ids)
def test_an_application_gets_the_whole_string_and_then_the_answers(dialect: Dialect, code: str) -> None:
    assert dialect.asked(code, "*500*1*2#", begins=True) == ("*500#", "*500*1*2#")
    assert dialect.asked(code, "*500*1#", begins=False) == ("*500#", "*500*1#")


@pytest.mark.parametrize("code", ["*500", "*500#"])
@pytest.mark.parametrize("dialect", IN_ADDRESS, ids=pytest_ids)
def test_an_application_gets_the_input_alone_where_the_code_is_in_the_address(
    dialect: Dialect, code: str
) -> None:
    assert dialect.asked(code, "*500#", begins=True) == ("*500#", "")
    assert dialect.asked(code, "*500*1*2#", begins=True) == ("*500#", "1*2")
    assert dialect.asked(code, "*5001#", begins=True) == ("*500#", "*5001#")


@dialects
@given(answer=st.text(max_size=182))
def test_an_answer_reaches_the_application_as_it_was_typed(dialect: Dialect, answer: str) -> None:
    assert dialect.asked("*500", answer, begins=False) == ("*500#", answer)


@dialects
@given(
    code=st.lists(st.text("0123456789", min_size=1, max_size=4), min_size=1, max_size=3),
    inputs=st.lists(st.text("0123456789", min_size=1, max_size=16), max_size=5),
)
def test_what_was_dialled_comes_through_whole(dialect: Dialect, code: list[str], inputs: list[str]) -> None:
    service_code = "*" + "*".join(code)
    dialled = "*".join((service_code, *inputs)) + "#"
    assert dialect.dialled(*dialect.asked(service_code, dialled, begins=True)) == dialled


# -- the page --------------------------------------------------------------------------------------


def section(heading: str) -> list[str]:
    """The rows of the table under a heading, without its head."""
    _, found, rest = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")
    assert found
    return re.findall(r"^\| `.*$", rest.partition("\n## ")[0], re.MULTILINE)[1:]


def shown(tlvs: tuple[Tlv, ...]) -> str:
    return "<br>".join(f"`{write_tlvs([tlv]).hex(' ', -2)}`" for tlv in tlvs)


def described(dialect: Dialect) -> str:
    numbers = f"{dialect.numbers:,}" if dialect.numbers > 1 else "none"
    text = " ".join((type(dialect).__doc__ or "").replace("``", "`").split())
    return f"| `{dialect.name}` | {text} | {numbers} | {dialect.source} |"


def on_the_wire(dialect: Dialect) -> str:
    address, text = dialect.asked("*500", "*500*1*2#", begins=True)
    begins = dialect.tlvs(Place(Op.PSSR_INDICATION, 7, 0))
    answers = dialect.tlvs(Place(Op.USSR_CONFIRM, 7, 3))
    aborts = dialect.tlvs(Place(Op.USSR_CONFIRM, 7, 3, end=True))
    cells = (f"`{dialect.name}`", f"`{address}`", f"`{text}`", shown(begins), shown(answers), shown(aborts))
    return f"| {' | '.join(cells)} |"


def test_the_page_describes_every_dialect_with_its_source_and_no_other() -> None:
    assert section("Dialects") == [described(each) for each in DIALECTS.values()]


def test_the_page_shows_the_octets_of_every_dialect() -> None:
    assert section("On the wire") == [on_the_wire(each) for each in DIALECTS.values()]


def test_names_are_those_of_the_table() -> None:
    assert all(name == dialect.name for name, dialect in DIALECTS.items())
