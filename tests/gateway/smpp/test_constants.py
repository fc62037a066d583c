"""The numbers have the names of the specification."""

import pytest
from smpplib import command_codes, consts  # type: ignore[import-untyped]  # smpplib has no annotations

from gateway.smpp.constants import (
    RESPONSE_BIT,
    CommandId,
    CommandStatus,
    command_name,
    status_name,
)


@pytest.mark.parametrize("name", [each for each in dir(consts) if each.startswith("SMPP_ESME_")])
def test_every_status_that_smpplib_knows_has_the_same_number_here(name: str) -> None:
    """An independent copy of SMPP 3.4 section 5.1.3."""
    assert CommandStatus[name.removeprefix("SMPP_")] == getattr(consts, name)


@pytest.mark.parametrize(("name", "number"), sorted(command_codes.commands.items()))
def test_every_command_that_smpplib_knows_has_the_same_number_here(name: str, number: int) -> None:
    """An independent copy of SMPP 3.4 section 5.1.2.1."""
    assert command_name(number) == name.replace("submit_sm_multi", "submit_multi")


def test_every_response_but_generic_nack_belongs_to_a_request() -> None:
    """The response bit is the only difference."""
    responses = {each for each in CommandId if each & RESPONSE_BIT} - {CommandId.GENERIC_NACK}
    assert all(each ^ RESPONSE_BIT in set(CommandId) for each in responses)


def test_a_number_without_a_name_is_shown_in_hex() -> None:
    """Vendors have their own statuses and commands."""
    assert status_name(0x58) == "ESME_RTHROTTLED"
    assert status_name(0x400) == "0x00000400"
    assert command_name(0x10200) == "0x00010200"
