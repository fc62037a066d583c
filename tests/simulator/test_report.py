"""Receipts as operators write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.delivery import Delivery
from simulator.mark import Mark
from simulator.report import Report, read_report

APPENDIX_B = (
    b"id:{id} sub:001 dlvrd:001 submit date:2611220647 done date:2611220647 stat:{stat} err:000 text:id:x"
)


def received(
    text: bytes = b"",
    *,
    esm_class: int = 0x04,
    message_id: str = "",
    state: int | None = None,
    reference: int | None = None,
) -> Delivery:
    """A delivery of a report."""
    return Delivery(
        source="9393",
        service_type="",
        esm_class=esm_class,
        data_coding=0,
        payload=text,
        ussd_service_op=None,
        its_session_info=None,
        sar=None,
        user_message_reference=reference,
        receipted_message_id=message_id,
        message_state=state,
        body=b"",
    )


@pytest.mark.parametrize(
    ("stat", "mark"),
    [
        ("ENROUTE", Mark.WAITING),
        ("DELIVRD", Mark.DELIVERED),
        ("ACCEPTD", Mark.DELIVERED),
        ("EXPIRED", Mark.FAILED),
        ("DELETED", Mark.FAILED),
        ("UNDELIV", Mark.FAILED),
        ("UNKNOWN", Mark.FAILED),
        ("REJECTD", Mark.FAILED),
        ("delivrd", Mark.DELIVERED),
    ],
)
def test_a_receipt_without_parameters_is_read_from_its_text(stat: str, mark: Mark) -> None:
    text = APPENDIX_B.replace(b"{id}", b"0a1b").replace(b"{stat}", stat.encode())
    assert read_report(received(text)) == Report("0a1b", None, mark)


@pytest.mark.parametrize(
    ("state", "mark"),
    [(1, Mark.WAITING), (2, Mark.DELIVERED), (6, Mark.DELIVERED)]
    + [(state, Mark.FAILED) for state in (3, 4, 5, 7, 8)],
)
def test_parameters_go_before_the_text(state: int, mark: Mark) -> None:
    text = APPENDIX_B.replace(b"{id}", b"10").replace(b"{stat}", b"DELIVRD")
    report = read_report(received(text, message_id="a", state=state, reference=7))
    assert report == Report("a", 7, mark)


@pytest.mark.parametrize(
    ("esm_class", "mark"), [(0x20, Mark.WAITING), (0x08, Mark.DELIVERED), (0x10, Mark.READ)]
)
def test_other_reports_say_all_by_their_type(esm_class: int, mark: Mark) -> None:
    assert read_report(received(b"stat:UNDELIV", esm_class=esm_class, state=5)) == Report("", None, mark)


@given(st.binary(max_size=160), st.none() | st.integers(0, 255))
def test_any_receipt_is_understood_or_passed_over(text: bytes, state: int | None) -> None:
    assert isinstance(read_report(received(text, state=state)), Report | None)
