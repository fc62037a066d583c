"""All 256 values of each field that has reserved ones: which are taken, and which status the others get."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.checks import Checks
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.pdus import Address, SubmitSm

OCTET = range(256)
TONS = frozenset(range(7))
NPIS = frozenset({0, 1, 3, 4, 6, 8, 9, 10, 14, 18})
GOOD = SubmitSm(source=Address(1, 1, "1234"), destination=Address(1, 1, "77011234567"))
CHECKS = Checks({7, 200})


def objected(with_value: Callable[[int], SubmitSm]) -> dict[int, St]:
    """The statuses of the values that are refused."""
    found = {value: CHECKS.objection(with_value(value)) for value in OCTET}
    return {value: rule.status for value, rule in found.items() if rule is not None}


def all_but(allowed: frozenset[int], status: St) -> dict[int, St]:
    """That all other values get the status."""
    return dict.fromkeys((value for value in OCTET if value not in allowed), status)


@pytest.mark.conformance("rule.source_ton", "status.ESME_RINVSRCTON")
def test_seven_types_of_number_are_known_of_a_source() -> None:
    """SMPP 3.4 section 5.2.5."""
    refused = objected(lambda value: replace(GOOD, source=Address(value, 1, "1234")))
    assert refused == all_but(TONS, St.ESME_RINVSRCTON)


@pytest.mark.conformance("rule.source_npi", "status.ESME_RINVSRCNPI")
def test_ten_numbering_plans_are_known_of_a_source() -> None:
    """SMPP 3.4 section 5.2.6."""
    refused = objected(lambda value: replace(GOOD, source=Address(1, value, "1234")))
    assert refused == all_but(NPIS, St.ESME_RINVSRCNPI)


@pytest.mark.conformance("rule.destination_ton", "status.ESME_RINVDSTTON")
def test_seven_types_of_number_are_known_of_a_destination() -> None:
    refused = objected(lambda value: replace(GOOD, destination=Address(value, 1, "1234")))
    assert refused == all_but(TONS, St.ESME_RINVDSTTON)


@pytest.mark.conformance("rule.destination_npi", "status.ESME_RINVDSTNPI")
def test_ten_numbering_plans_are_known_of_a_destination() -> None:
    refused = objected(lambda value: replace(GOOD, destination=Address(1, value, "1234")))
    assert refused == all_but(NPIS, St.ESME_RINVDSTNPI)


@pytest.mark.conformance(
    "rule.esm_class",
    "status.ESME_RINVESMCLASS",
    "esm_class.DELIVERY_RECEIPT",
    "esm_class.CONVERSATION_ABORT",
    "esm_class.INTERMEDIATE_NOTIFICATION",
)
def test_a_client_sends_messages_and_acknowledgements_and_no_types_of_an_smsc() -> None:
    """SMPP 3.4 section 5.2.12: bits 5 to 2; modes and features go with each."""
    allowed = frozenset(value for value in OCTET if value & 0x3C in {0x00, 0x08, 0x10})
    assert objected(lambda value: replace(GOOD, esm_class=value)) == all_but(allowed, St.ESME_RINVESMCLASS)


@pytest.mark.conformance("rule.priority_flag", "status.ESME_RINVPRTFLG")
def test_four_priorities_are_known() -> None:
    """SMPP 3.4 section 5.2.14."""
    refused = objected(lambda value: replace(GOOD, priority_flag=value))
    assert refused == all_but(frozenset(range(4)), St.ESME_RINVPRTFLG)


@pytest.mark.conformance("rule.registered_delivery", "status.ESME_RINVREGDLVFLG")
def test_five_bits_of_registered_delivery_are_known() -> None:
    """SMPP 3.4 section 5.2.17."""
    refused = objected(lambda value: replace(GOOD, registered_delivery=value))
    assert refused == all_but(frozenset(range(32)), St.ESME_RINVREGDLVFLG)


@pytest.mark.conformance("rule.replace_if_present_flag", "status.ESME_RINVREPFLAG")
def test_the_flag_to_replace_is_on_or_off() -> None:
    """SMPP 3.4 section 5.2.18."""
    refused = objected(lambda value: replace(GOOD, replace_if_present_flag=value))
    assert refused == all_but(frozenset({0, 1}), St.ESME_RINVREPFLAG)


@pytest.mark.conformance("rule.sm_default_msg_id", "status.ESME_RINVDFTMSGID")
def test_texts_that_are_kept_here_have_the_numbers_of_the_configuration() -> None:
    """SMPP 3.4 section 5.2.20."""
    refused = objected(lambda value: replace(GOOD, sm_default_msg_id=value))
    assert refused == all_but(frozenset({0, 7, 200}), St.ESME_RINVDFTMSGID)
