"""The frozen configuration's own small rules."""

from pathlib import Path

import pytest

from gateway.config import DEMO_ACCOUNTS, Account, Config, Side, is_loopback
from handlers.base.command import Secret

EVERYWHERE = "0.0.0.0"  # noqa: S104 (nothing listens on it here)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_addresses_are_reached_from_here_only(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "10.0.0.1", "example.org", "127.0.0.1.example.org", ""])
def test_any_other_address_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_the_demo_has_both_sides_as_the_contract_names_them() -> None:
    """interfaces.md "SMPP"."""
    handset, app1 = DEMO_ACCOUNTS
    assert (handset.system_id, handset.password.reveal(), handset.side) == (
        "handset",
        "handset",
        Side.HANDSET,
    )
    assert (app1.system_id, app1.password.reveal(), app1.side) == ("app1", "secret1", Side.APPLICATION)
    assert app1.short_codes == ("1234",)
    assert app1.ussd_codes == ("*500",)
    assert app1.sender_ids == ("MyBank", "Shortcode")


def test_an_empty_source_becomes_the_first_code_then_the_first_name() -> None:
    _, app1 = DEMO_ACCOUNTS
    named = Account(system_id="a", password=Secret("p"), side=Side.APPLICATION, sender_ids=("MyBank",))
    nothing = Account(system_id="a", password=Secret("p"), side=Side.APPLICATION)
    assert [each.default_source for each in (app1, named, nothing)] == ["1234", "MyBank", ""]


def test_an_account_owns_its_codes_and_names_and_nothing_else() -> None:
    _, app1 = DEMO_ACCOUNTS
    assert all(app1.owns(source) for source in ("1234", "*500", "MyBank"))
    assert not any(app1.owns(source) for source in ("9393", "mybank", "77011234567", ""))


def test_no_secret_is_in_any_representation() -> None:
    config = Config(
        data_dir=Path("data"),
        database_url="postgresql+psycopg://u:hunter2@h/d",
        accounts=DEMO_ACCOUNTS,
        api_token=Secret("hunter2"),
    )
    assert "hunter2" not in f"{config!r} {config}"
    assert "secret1" not in repr(config)
    assert config.account("app1") is DEMO_ACCOUNTS[1]
    assert config.account("nobody") is None
