"""Reserved values: every row has its status, and of two wrong fields the earlier row answers."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from gateway.checks import RULES, Checks, Rule, Values, for_one
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.constants import EsmClass, Npi, Ton
from gateway.smpp.pdus import Address, SubmitMulti, SubmitSm

DEFAULT_MESSAGES = (1, 7)
#: A value of each field that its rule does not allow, in the order of the rules.
WRONG: dict[str, int] = {
    "source_ton": 7,
    "source_npi": 2,
    "destination_ton": 255,
    "destination_npi": 19,
    "esm_class": EsmClass.DELIVERY_RECEIPT,
    "priority_flag": 4,
    "registered_delivery": 0x20,
    "replace_if_present_flag": 2,
    "sm_default_msg_id": 2,
}


def pdu(**fields: int) -> SubmitSm:
    """A request whose other fields are good."""
    values: dict[str, Any] = dict(fields)
    for end in ("source", "destination"):
        values[end] = Address(values.pop(f"{end}_ton", 1), values.pop(f"{end}_npi", 1), "77011234567")
    return SubmitSm(**values)


@pytest.fixture
def checks() -> Checks:
    return Checks(DEFAULT_MESSAGES)


def rule_of(checks: Checks, field: str) -> Rule:
    return next(rule for rule in checks.rules if rule.field == field)


def test_every_field_with_reserved_values_has_a_row_and_a_case(checks: Checks) -> None:
    assert [rule.field for rule in checks.rules] == list(Values._fields) == list(WRONG)
    assert checks.rules[: len(RULES)] == RULES


def test_each_row_has_a_status_of_its_own(checks: Checks) -> None:
    assert len({rule.status for rule in checks.rules}) == len(checks.rules)


@pytest.mark.parametrize("field", WRONG)
def test_a_reserved_value_is_objected_to_by_its_row(checks: Checks, field: str) -> None:
    assert checks.objection(pdu(**{field: WRONG[field]})) is rule_of(checks, field)


@pytest.mark.parametrize(("first", "second"), list(combinations(WRONG, 2)))
def test_of_two_reserved_values_the_earlier_row_answers(checks: Checks, first: str, second: str) -> None:
    both = pdu(**{first: WRONG[first], second: WRONG[second]})
    assert checks.objection(both) is rule_of(checks, first)


@pytest.mark.parametrize(
    ("field", "good"),
    [
        *(("source_ton", int(ton)) for ton in Ton),
        *(("destination_npi", int(npi)) for npi in Npi),
        *(("esm_class", mode) for mode in range(4)),
        ("esm_class", EsmClass.DELIVERY_ACKNOWLEDGEMENT),
        ("esm_class", EsmClass.USER_ACKNOWLEDGEMENT | EsmClass.UDHI | EsmClass.REPLY_PATH),
        *(("priority_flag", priority) for priority in range(4)),
        *(("registered_delivery", value) for value in range(0x20)),
        ("replace_if_present_flag", 1),
        *(("sm_default_msg_id", number) for number in (0, *DEFAULT_MESSAGES)),
    ],
)
def test_what_the_specification_names_is_taken(checks: Checks, field: str, good: int) -> None:
    assert checks.objection(pdu(**{field: good})) is None


@pytest.mark.parametrize("kind", [0x04, 0x0C, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x3C])
def test_an_esme_sends_no_receipts_and_no_types_that_are_reserved(checks: Checks, kind: int) -> None:
    """SMPP 3.4 section 5.2.12, ESME to SMSC."""
    assert checks.objection(pdu(esm_class=kind)) is rule_of(checks, "esm_class")


def test_without_default_messages_only_number_0_may_be_named() -> None:
    none = Checks(())
    assert none.objection(pdu(sm_default_msg_id=1)) is rule_of(none, "sm_default_msg_id")
    assert none.objection(pdu()) is None


def test_what_was_found_once_is_found_again_among_many(checks: Checks) -> None:
    """However many combinations come, each has its own answer, and memory is bounded."""
    combinations_of = [(priority, ton) for priority in range(256) for ton in range(40)]
    for _ in range(2):
        for priority, ton in combinations_of:
            objection = checks.objection(pdu(priority_flag=priority, source_ton=ton))
            wanted = "source_ton" if ton > 6 else "priority_flag" if priority > 3 else None
            assert (objection.field if objection else None) == wanted
    assert len(checks._found) <= 4096


def test_the_submit_sm_of_one_recipient_asks_for_what_the_submit_multi_does() -> None:
    """All fields that both have, whatever they hold (SMPP 3.4 sections 4.4.1 and 4.5.1)."""
    values: dict[str, Any] = {
        "service_type": "CMT",
        "source": Address(5, 0, "MyBank"),
        "esm_class": 3,
        "protocol_id": 4,
        "priority_flag": 2,
        "schedule_delivery_time": "000000010000000R",
        "validity_period": "000000020000000R",
        "registered_delivery": 17,
        "replace_if_present_flag": 1,
        "data_coding": 8,
        "sm_default_msg_id": 6,
        "short_message": b"\x04\x10",
        "tlvs": (),
    }
    one = Address(1, 1, "77011234567")
    multi = SubmitMulti(9, destinations=(one, replace(one, addr="77021234567")), **values)
    assert for_one(multi, one) == SubmitSm(9, destination=one, **values)


def test_every_objection_has_the_status_of_section_5_1_3(checks: Checks) -> None:
    assert {rule.field: rule.status for rule in checks.rules} == {
        "source_ton": St.ESME_RINVSRCTON,
        "source_npi": St.ESME_RINVSRCNPI,
        "destination_ton": St.ESME_RINVDSTTON,
        "destination_npi": St.ESME_RINVDSTNPI,
        "esm_class": St.ESME_RINVESMCLASS,
        "priority_flag": St.ESME_RINVPRTFLG,
        "registered_delivery": St.ESME_RINVREGDLVFLG,
        "replace_if_present_flag": St.ESME_RINVREPFLAG,
        "sm_default_msg_id": St.ESME_RINVDFTMSGID,
    }
