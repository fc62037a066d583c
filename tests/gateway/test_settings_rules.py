"""Accounts' proofs and places, TLS, outbinds, lists and texts: what is taken, what does not go together."""

from pathlib import Path

import pytest

from gateway.config import (
    Config,
    ConfigError,
    DefaultAlphabet,
    DeliverWith,
    LongMessages,
    ReceiptOrder,
    Septets,
)
from gateway.passwords import hash_password
from gateway.settings import load_config
from tests.gateway.certificates import make

HASH = hash_password("right")
SHOP = '[[accounts]]\nsystem_id = "shop"\nside = "application"\n'
PASSWORD = 'password = "pa55word"\n'
PHONES = '[[accounts]]\nsystem_id = "phones"\nside = "handset"\npassword = "pa55word"\n'
PRINT = "AB:" * 31 + "CD"


@pytest.fixture(autouse=True)
def _empty_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def load(text: str) -> Config:
    path = Path("shortcode.toml")
    path.write_text(text)
    return load_config({}, file=path)


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(text)
    return caught.value.problems


def tls(folder: Path, *, ca: bool = False, key: str = "server") -> str:
    """The ``[tls]`` table, and its files."""
    authority = make(folder, "ca")
    make(folder, "server", authority)
    make(folder, "other", authority)
    text = f'[tls]\ncertificate = "server.pem"\nprivate_key = "{key}.key"\n'
    return text + ('client_ca = "ca.pem"\n' if ca else "")


# -- taken -----------------------------------------------------------------------------------------


def test_every_field_of_an_application_is_read() -> None:
    account = load(
        SHOP
        + f"password_hash = '{HASH}'\n"
        + 'allowed_hosts = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]\n'
        + 'outbind = "[::1]:2776"\noutbind_password = "hello"\n'
        + 'septets = "packed"\ndefault_alphabet = "latin1"\nlong_messages = "payload"\n'
        + 'deliver_with = "data_sm"\nreceipt_format = "standard"\nreceipt_delay_s = 1.5\n'
        + 'receipt_order = "shuffled"\nussd_dialect = "reference"\n'
    ).accounts[0]
    assert (account.password.reveal(), account.password_hash) == ("", HASH)
    assert account.allowed_hosts == ("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")
    assert (account.outbind, account.outbind_password.reveal()) == ("[::1]:2776", "hello")
    assert (account.septets, account.default_alphabet) == (Septets.PACKED, DefaultAlphabet.LATIN1)
    assert (account.long_messages, account.deliver_with) == (LongMessages.PAYLOAD, DeliverWith.DATA_SM)
    assert (account.receipt_format, account.receipt_delay_s) == ("standard", 1.5)
    assert account.receipt_order is ReceiptOrder.SHUFFLED
    assert account.ussd_dialect == "reference"


def test_tls_is_read_with_whole_paths_and_its_port(tmp_path: Path) -> None:
    config = load(
        tls(tmp_path, ca=True) + SHOP + PASSWORD + f'tls_required = true\nclient_certificates = ["{PRINT}"]\n'
    )
    assert config.tls is not None
    assert config.tls.certificate == tmp_path / "server.pem"
    assert config.tls.private_key == tmp_path / "server.key"
    assert config.tls.client_ca == tmp_path / "ca.pem"
    assert config.tls.port == 3550
    assert config.accounts[0].tls_required
    assert config.accounts[0].client_certificates == ("ab" * 31 + "cd",)


def test_tls_can_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls(tmp_path)
    monkeypatch.setenv("SHORTCODE_TLS__CERTIFICATE", str(tmp_path / "server.pem"))
    monkeypatch.setenv("SHORTCODE_TLS__PRIVATE_KEY", str(tmp_path / "server.key"))
    monkeypatch.setenv("SHORTCODE_TLS__PORT", "0")
    config = load("")
    assert config.tls is not None
    assert config.tls.port == 0


def test_distribution_lists_and_default_messages_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORTCODE_DEFAULT_MESSAGES__7", "Seven")
    config = load(
        '[[distribution_lists]]\nname = "staff"\nmembers = ["77011234567", "+7 702 123 45 67"]\n'
        '[default_messages]\n1 = "Hello"\n255 = "Сәлем"\n'
    )
    assert config.distribution_lists == {"staff": ("77011234567", "77021234567")}
    assert config.default_messages == {1: "Hello", 255: "Сәлем", 7: "Seven"}


# -- refused, each with its line -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SHOP, "shop needs exactly one of password and password_hash"),
        (SHOP + PASSWORD + f"password_hash = '{HASH}'\n", "shop needs exactly one of password"),
        (SHOP + PASSWORD + "tls_required = true\n", "shop has tls_required, and there is no [tls]"),
        (SHOP + PASSWORD + f'client_certificates = ["{PRINT}"]\n', "client_certificates, and there is no"),
        (SHOP + PASSWORD + 'outbind_password = "x"\n', "outbind_password and no outbind"),
        (SHOP + PASSWORD + 'outbind = "a:1"\noutbind_password = "привет"\n', "the outbind_password of shop"),
        (PHONES + 'outbind = "127.0.0.1:1"\n', "handset side; outbind is for application side"),
        (PHONES + 'long_messages = "payload"\n', "handset side; long_messages is for"),
        (PHONES + 'deliver_with = "data_sm"\n', "handset side; deliver_with is for"),
        (PHONES + "receipt_delay_s = 1\n", "handset side; receipt_delay_s is for"),
        (PHONES + 'receipt_order = "reversed"\n', "handset side; receipt_order is for"),
        (
            '[[distribution_lists]]\nname = "a"\nmembers = ["77011234567"]\n' * 2,
            "distribution_lists: a is there twice",
        ),
        (
            '[[distribution_lists]]\nname = "a"\nmembers = ["77011234567", "87011234567"]\n',
            "77011234567 is twice in a",
        ),
        (
            '[tls]\ncertificate = "no.pem"\nprivate_key = "no.key"\n',
            "/no.pem: No such file or directory",
        ),
    ],
)
def test_settings_that_do_not_go_together_have_their_line(text: str, says: str) -> None:
    assert any(says in line for line in problems(text)), problems(text)


@pytest.mark.parametrize(
    ("line", "where", "says"),
    [
        ('password_hash = "hunter2"', "accounts[0].password_hash", "no argon2 hash"),
        ('allowed_hosts = ["10.0.0.1/8"]', "accounts[0].allowed_hosts[0]", "host bits"),
        ('allowed_hosts = ["example.com"]', "accounts[0].allowed_hosts[0]", "no IP address"),
        ('client_certificates = ["AB:CD"]', "accounts[0].client_certificates[0]", "64 hexadecimal"),
        ('outbind = "2776"', "accounts[0].outbind", "host:port"),
        ('outbind = "::1:2776"', "accounts[0].outbind", "brackets"),
        ('outbind = "a:0"', "accounts[0].outbind", "host:port"),
        ('outbind = "a:65536"', "accounts[0].outbind", "host:port"),
        ('outbind_password = "hunter2too"', "accounts[0].outbind_password", "at most 8"),
        ('receipt_format = "nobodys"', "accounts[0].receipt_format", "standard"),
        ("receipt_delay_s = -1", "accounts[0].receipt_delay_s", "greater"),
        ('receipt_order = "best"', "accounts[0].receipt_order", "submitted"),
        ('ussd_dialect = "nobodys"', "accounts[0].ussd_dialect", "standard"),
        ('septets = "boxed"', "accounts[0].septets", "packed"),
        ("shrt_codes = []", "accounts[0].shrt_codes", "unknown setting"),
    ],
)
def test_a_wrong_value_of_an_account_is_told_with_its_place(line: str, where: str, says: str) -> None:
    (problem,) = problems(SHOP + ("" if "password_hash" in line else PASSWORD) + line + "\n")
    assert problem.startswith(f"shortcode.toml: {where}: ".removesuffix(": ")), problem
    assert says in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[[distribution_lists]]\nname = "two words"\nmembers = ["77011234567"]\n', "[0].name"),
        (f'[[distribution_lists]]\nname = "{"x" * 21}"\nmembers = ["77011234567"]\n', "[0].name"),
        ('[[distribution_lists]]\nname = "a"\nmembers = []\n', "[0].members"),
        ('[[distribution_lists]]\nname = "a"\nmembers = ["1234"]\n', "[0].members[0]"),
        ('[[distribution_lists]]\nname = "a"\nmembers = ["77011234567"]\nsize = 1\n', "[0].size"),
        ('[default_messages]\n0 = "x"\n', "default_messages.0"),
        ('[default_messages]\n256 = "x"\n', "default_messages.256"),
        ('[default_messages]\n1 = ""\n', "default_messages.1"),
        ('[default_messages]\none = "x"\n', "default_messages.one"),
        ('[tls]\ncertificate = "a"\n', "tls.private_key"),
        ('[tls]\ncertificate = "a"\nprivate_key = "b"\npassphrase = "hunter2"\n', "tls.passphrase"),
        ('[tls]\ncertificate = "a"\nprivate_key = "b"\nport = 65536\n', "tls.port"),
    ],
)
def test_wrong_lists_texts_and_tls_are_told_with_their_place(text: str, where: str) -> None:
    (problem,) = problems(text)
    assert where in problem
    assert "hunter2" not in problem


# -- TLS and accounts ------------------------------------------------------------------------------


def test_client_certificates_need_their_authority(tmp_path: Path) -> None:
    (problem,) = problems(tls(tmp_path) + SHOP + PASSWORD + f'client_certificates = ["{PRINT}"]\n')
    assert problem == "accounts: shop has client_certificates, and tls.client_ca is not set"


def test_an_account_that_is_called_cannot_ask_for_tls(tmp_path: Path) -> None:
    """The gateway calls without TLS."""
    account = SHOP + PASSWORD + 'outbind = "127.0.0.1:2776"\ntls_required = true\n'
    (problem,) = problems(tls(tmp_path) + account)
    assert "shop has outbind" in problem


def test_both_ports_may_not_be_the_same(tmp_path: Path) -> None:
    (problem,) = problems(tls(tmp_path).replace("[tls]\n", "smpp_port = 3550\n[tls]\n"))
    assert problem == "tls.port and smpp_port are both 3550"
