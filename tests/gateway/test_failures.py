"""What refused and unanswered deliveries mean: class, reason, error code, next attempts, final state."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.failures import (
    ABSENT,
    DELETED,
    DELIVERY_FAILURE_REASONS,
    EXPIRED,
    FAILURES,
    MAP_ERRORS,
    NO_RESPONSE,
    STATUS_CLASSES,
    ErrorClass,
    Failure,
    NetworkType,
    error_code,
    error_number,
    failure_of,
    network_error_code,
    number_for,
)
from gateway.smpp.constants import CommandStatus, status_name
from gateway.smpp.tlv import Tag, Tlv, read_tlvs, write_tlvs
from storage.model import MessageState

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "receipts.md"
USUAL = (30, 60, 120, 300, 600, 900)
RX_T, RX_P, RX_R = (
    CommandStatus.ESME_RX_T_APPN,
    CommandStatus.ESME_RX_P_APPN,
    CommandStatus.ESME_RX_R_APPN,
)


def network(code: int, network_type: int = NetworkType.GSM) -> Tlv:
    """A network_error_code as a handset sends it."""
    return Tlv(Tag.NETWORK_ERROR_CODE, bytes((network_type, code >> 8, code & 0xFF)))


def reason(number: int) -> Tlv:
    """A delivery_failure_reason."""
    return Tlv(Tag.DELIVERY_FAILURE_REASON, number)


# -- the table -------------------------------------------------------------------------------------


def test_every_class_has_its_row() -> None:
    assert set(FAILURES) == set(ErrorClass)
    assert all(row.error_class is each for each, row in FAILURES.items())


@pytest.mark.parametrize(
    ("error_class", "octets"),
    [
        (ErrorClass.ABSENT, "030006"),
        (ErrorClass.NO_RESPONSE, "080062"),
        (ErrorClass.MEMORY_FULL, "030020"),
        (ErrorClass.BUSY, "03001f"),
        (ErrorClass.CONGESTION, "030033"),
        (ErrorClass.SYSTEM, "030022"),
        (ErrorClass.BARRED, "03000d"),
        (ErrorClass.UNSUPPORTED, "030015"),
        (ErrorClass.UNKNOWN_NUMBER, "030001"),
        (ErrorClass.PERMANENT, "030024"),
        (ErrorClass.REJECTED, "080042"),
        (ErrorClass.EXPIRED, "080046"),
        (ErrorClass.DELETED, "080047"),
    ],
)
def test_network_error_codes(error_class: ErrorClass, octets: str) -> None:
    """MAP errors of 3GPP TS 29.002 for the network, TP-Status of 3GPP TS 23.040 for ourselves."""
    assert network_error_code(error_number(FAILURES[error_class])).hex() == octets


def test_no_two_classes_share_a_number() -> None:
    assert len({row.number for row in FAILURES.values()}) == len(FAILURES)


def test_the_usual_schedule_is_that_of_system_failures_absence_and_silence() -> None:
    assert FAILURES[ErrorClass.SYSTEM].retry_s == ABSENT.retry_s == NO_RESPONSE.retry_s == USUAL


@pytest.mark.parametrize("quick", [ErrorClass.BUSY, ErrorClass.CONGESTION])
def test_what_passes_soon_is_tried_sooner_and_a_full_memory_later(quick: ErrorClass) -> None:
    for attempts in range(6):
        assert FAILURES[quick].delay_s(attempts) < ABSENT.delay_s(attempts)
        assert FAILURES[ErrorClass.MEMORY_FULL].delay_s(attempts) > ABSENT.delay_s(attempts)


@pytest.mark.parametrize("row", FAILURES.values(), ids=lambda row: row.error_class)
def test_schedules_never_get_shorter(row: Failure) -> None:
    assert all(sooner < later for sooner, later in pairwise(row.retry_s))


def test_the_last_delay_repeats() -> None:
    delays = [ABSENT.delay_s(attempts) for attempts in range(9)]
    assert delays == [*USUAL, 900, 900, 900]


def test_a_final_failure_has_no_next_attempt() -> None:
    final = {each for each, row in FAILURES.items() if row.is_final}
    assert final == {
        ErrorClass.UNKNOWN_NUMBER,
        ErrorClass.PERMANENT,
        ErrorClass.REJECTED,
        ErrorClass.EXPIRED,
        ErrorClass.DELETED,
    }
    with pytest.raises(IndexError):
        EXPIRED.delay_s(0)


def test_a_message_given_up_is_undeliverable_unless_its_class_says_otherwise() -> None:
    others = {each: row.final for each, row in FAILURES.items() if row.final != MessageState.UNDELIVERABLE}
    assert others == {
        ErrorClass.REJECTED: MessageState.REJECTED,
        ErrorClass.EXPIRED: MessageState.EXPIRED,
        ErrorClass.DELETED: MessageState.DELETED,
    }


@pytest.mark.parametrize("state", MessageState)
def test_every_state_that_is_a_failure_has_a_number_of_its_own(state: MessageState) -> None:
    failed = {row.final: row.number for row in (EXPIRED, DELETED, FAILURES[ErrorClass.REJECTED])}
    failed[MessageState.UNDELIVERABLE] = FAILURES[ErrorClass.PERMANENT].number
    assert number_for(state) == failed.get(state, 0)


# -- responses without TLVs ------------------------------------------------------------------------


@pytest.mark.conformance("header.command_status")
@pytest.mark.parametrize("status", [each for each in CommandStatus if each])
def test_every_status_has_its_class(status: CommandStatus) -> None:
    failure = failure_of(status)
    row = FAILURES[STATUS_CLASSES.get(status, ErrorClass.PERMANENT)]
    assert failure.reason == f"{row.reason} ({status_name(status)})"
    assert (failure.error_class, failure.number, failure.retry_s, failure.final) == (
        row.error_class,
        row.number,
        row.retry_s,
        row.final,
    )


@pytest.mark.conformance(
    "header.command_status",
    "deliver_sm_resp",
    "status.ESME_RX_T_APPN",
    "status.ESME_RX_P_APPN",
    "status.ESME_RX_R_APPN",
    "status.ESME_RMSGQFUL",
    "status.ESME_RTHROTTLED",
    "status.ESME_RSYSERR",
)
@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (RX_T, ErrorClass.ABSENT),
        (CommandStatus.ESME_RMSGQFUL, ErrorClass.MEMORY_FULL),
        (CommandStatus.ESME_RTHROTTLED, ErrorClass.CONGESTION),
        (CommandStatus.ESME_RSYSERR, ErrorClass.SYSTEM),
        (RX_P, ErrorClass.PERMANENT),
        (RX_R, ErrorClass.REJECTED),
        (CommandStatus.ESME_RINVMSGLEN, ErrorClass.PERMANENT),
    ],
)
def test_statuses_by_name(status: CommandStatus, error_class: ErrorClass) -> None:
    assert failure_of(status).error_class is error_class


def test_a_vendors_own_status_is_permanent_and_named_in_hexadecimal() -> None:
    failure = failure_of(0x0412)
    assert failure.error_class is ErrorClass.PERMANENT
    assert failure.is_final
    assert failure.reason.endswith("(0x00000412)")


def test_esme_rok_is_no_failure() -> None:
    with pytest.raises(ValueError, match="ESME_ROK"):
        failure_of(CommandStatus.ESME_ROK)


# -- what the TLVs add -----------------------------------------------------------------------------


@pytest.mark.conformance("tlv.network_error_code")
@pytest.mark.parametrize("code", MAP_ERRORS)
def test_a_map_error_names_class_and_number(code: int) -> None:
    name, error_class = MAP_ERRORS[code]
    failure = failure_of(CommandStatus.ESME_RDELIVERYFAILURE, (network(code),))
    row = FAILURES[error_class]
    assert (failure.error_class, failure.retry_s, failure.final) == (error_class, row.retry_s, row.final)
    assert network_error_code(failure.number) == bytes((3, 0, code))
    assert failure.reason == f"{row.reason} (ESME_RDELIVERYFAILURE, {name})"


@pytest.mark.conformance("tlv.delivery_failure_reason")
@pytest.mark.parametrize("number", DELIVERY_FAILURE_REASONS)
def test_a_delivery_failure_reason_names_the_class(number: int) -> None:
    failure = failure_of(CommandStatus.ESME_RDELIVERYFAILURE, (reason(number),))
    row = FAILURES[DELIVERY_FAILURE_REASONS[number]]
    assert failure == Failure(
        row.error_class,
        f"{row.reason} (ESME_RDELIVERYFAILURE, delivery_failure_reason {number})",
        row.number,
        row.retry_s,
        row.final,
    )


def test_the_networks_code_comes_before_the_general_reason() -> None:
    failure = failure_of(CommandStatus.ESME_RDELIVERYFAILURE, (reason(2), network(31)))
    assert failure.error_class is ErrorClass.BUSY


def test_an_unknown_code_keeps_its_number_under_the_general_reason() -> None:
    failure = failure_of(CommandStatus.ESME_RDELIVERYFAILURE, (network(543, 1), reason(0)))
    assert failure.error_class is ErrorClass.ABSENT
    assert network_error_code(failure.number) == bytes((1, 2, 31))
    assert failure.reason.endswith("network 1 error 543)")


def test_an_unknown_code_alone_keeps_its_number_under_the_statuss_class() -> None:
    failure = failure_of(CommandStatus.ESME_RMSGQFUL, (network(200),))
    assert failure.error_class is ErrorClass.MEMORY_FULL
    assert error_code(failure.number) == 200


@pytest.mark.parametrize("silent", [network(0), network(0, 0), reason(4), reason(255), Tlv(0x1401, b"\1")])
def test_tlvs_that_say_nothing_leave_the_status_to_speak(silent: Tlv) -> None:
    assert failure_of(RX_T, (silent,)) == failure_of(RX_T)


@pytest.mark.parametrize("tlv", [network(1), network(9), reason(2)])
def test_try_later_stands_against_tlvs_that_say_never(tlv: Tlv) -> None:
    failure = failure_of(RX_T, (tlv,))
    assert failure.retry_s == USUAL
    assert failure.error_class in {ErrorClass.UNKNOWN_NUMBER, ErrorClass.PERMANENT}


def test_try_later_follows_the_schedule_of_what_the_tlvs_say() -> None:
    assert failure_of(RX_T, (network(32),)).retry_s == FAILURES[ErrorClass.MEMORY_FULL].retry_s


@pytest.mark.parametrize(
    ("status", "state"), [(RX_P, MessageState.UNDELIVERABLE), (RX_R, MessageState.REJECTED)]
)
@pytest.mark.parametrize("tlv", [network(6), network(1), network(777), reason(3)])
def test_never_again_stands_against_tlvs_that_say_later(
    status: CommandStatus, state: MessageState, tlv: Tlv
) -> None:
    failure = failure_of(status, (tlv,))
    assert (failure.is_final, failure.final) == (True, state)


@given(
    status=st.integers(1, 0xFFFF_FFFF) | st.sampled_from([each for each in CommandStatus if each]),
    codes=st.lists(
        st.builds(network, st.integers(0, 0xFFFF), st.integers(0, 255))
        | st.builds(reason, st.integers(0, 255)),
        max_size=4,
    ),
)
def test_every_response_has_a_meaning_that_the_store_and_a_receipt_can_carry(
    status: int, codes: list[Tlv]
) -> None:
    failure = failure_of(status, read_tlvs(write_tlvs(codes), 0))
    assert failure.reason.isprintable()
    assert len(failure.reason) < 200
    assert 0 < error_code(failure.number) <= 0xFFFF
    assert int.from_bytes(network_error_code(failure.number), "big") == failure.number
    assert failure.final.is_final


# -- the page --------------------------------------------------------------------------------------


def schedule(row: Failure) -> str:
    """The column of attempts on the page."""
    return ", ".join(map(str, row.retry_s)) or "none"


@pytest.mark.parametrize("row", FAILURES.values(), ids=lambda row: row.error_class)
def test_the_page_shows_every_class(row: Failure) -> None:
    code = f"{row.number >> 16}, {error_code(row.number)}"
    shown = f"| {row.error_class} | {row.reason} | {code} | {schedule(row)} | `{row.final}` |"
    assert shown in PAGE.read_text("utf-8")


@pytest.mark.parametrize("status", STATUS_CLASSES)
def test_the_page_shows_every_status_with_its_class(status: int) -> None:
    assert f"| `{status_name(status)}` | {STATUS_CLASSES[status]} |" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("code", MAP_ERRORS)
def test_the_page_shows_every_map_error_with_its_class(code: int) -> None:
    name, error_class = MAP_ERRORS[code]
    assert f"| {code} | {name} | {error_class} |" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("number", DELIVERY_FAILURE_REASONS)
def test_the_page_shows_every_delivery_failure_reason_with_its_class(number: int) -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(f"| `{number}` ")]
    assert [line.endswith(f"| {DELIVERY_FAILURE_REASONS[number]} |") for line in rows] == [True]
