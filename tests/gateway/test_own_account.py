"""Accounts that the gateway makes for parts of its own."""

import pytest

from gateway.config import Side
from gateway.own_account import called, own_account


def test_each_has_a_password_of_its_own_that_nobody_is_shown() -> None:
    """Eight octets, which is all that the field holds."""
    first, second = (own_account("shop", Side.APPLICATION, "127.0.0.1") for _ in range(2))
    assert len(first.password.reveal()) == 8
    assert first.password.reveal() != second.password.reveal()
    assert first.password.reveal() not in repr(first)
    assert first.binds_max == 1


@pytest.mark.parametrize(
    ("listening_on", "calls", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", ("127.0.0.1",)),
        ("0.0.0.0", "127.0.0.1", ("127.0.0.1",)),  # noqa: S104 - nobody listens here
        ("::", "::1", ("::1",)),
        ("localhost", "localhost", ("127.0.0.0/8", "::1")),
        ("smsc.example", "smsc.example", ()),
    ],
)
def test_it_is_for_this_machine_alone(listening_on: str, calls: str, allowed: tuple[str, ...]) -> None:
    account = own_account("shop", Side.APPLICATION, listening_on, ussd_codes=("*501",))
    assert (called(listening_on), account.allowed_hosts) == (calls, allowed)
    assert account.ussd_codes == ("*501",)
