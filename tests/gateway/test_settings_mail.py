"""The settings of the mail server: what is taken, what is refused, and a password that is shown nowhere."""

from pathlib import Path

import pytest

from gateway.config import Config, ConfigError, MailServer
from gateway.settings import load_config
from handlers.base.command import Secret

HOST = 'mail_host = "127.0.0.1"\n'
FAR = 'mail_host = "mail.example.com"\n'
PROOF = 'mail_user = "parking"\nmail_password = "hunter2"\n'


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


def test_without_a_host_no_letter_leaves() -> None:
    assert load("").mail is None


def test_a_host_is_enough() -> None:
    assert load(HOST).mail == MailServer(host="127.0.0.1", sender="parking@shortcode.example")


def test_every_setting_is_read() -> None:
    rest = 'mail_port = 587\nmail_from = "parking@example.com"\nmail_starttls = true\n'
    assert load(FAR + PROOF + rest).mail == MailServer(
        host="mail.example.com",
        port=587,
        sender="parking@example.com",
        user="parking",
        password=Secret("hunter2"),
        starttls=True,
    )


def test_settings_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORTCODE_MAIL_HOST", "::1")
    monkeypatch.setenv("SHORTCODE_MAIL_PORT", "8025")
    assert load("").mail == MailServer(host="::1", port=8025, sender="parking@shortcode.example")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('mail_host = "two words"\n', "mail_host: is no name and no address"),
        ('mail_host = "mail.example.com:25"\n', "mail_host: is no name and no address"),
        (HOST + "mail_port = 0\n", "mail_port: "),
        (HOST + "mail_port = 65536\n", "mail_port: "),
        (HOST + 'mail_from = "Parking <parking@example.com>"\n', "mail_from: is no e-mail address"),
        (HOST + 'mail_from = "a@b\\nBcc: c@d"\n', "mail_from: is no e-mail address"),
        (HOST + 'mail_starttls = "perhaps"\n', "mail_starttls: is true or false"),
        (HOST + 'mail_user = "parking"\n', "mail_user and mail_password belong together"),
        (HOST + 'mail_password = "hunter2"\n', "mail_user and mail_password belong together"),
        (FAR + PROOF, "mail_password would go to mail.example.com in the clear; set mail_starttls"),
    ],
)
def test_what_is_wrong_has_its_line(text: str, says: str) -> None:
    (problem,) = problems(text)
    assert says in problem
    assert "hunter2" not in problem


def test_on_this_machine_a_password_needs_no_encryption() -> None:
    mail = load(HOST + PROOF).mail
    assert mail is not None
    assert mail.password.reveal() == "hunter2"


def test_the_password_is_in_no_representation() -> None:
    assert "hunter2" not in repr(load(FAR + PROOF + "mail_starttls = true\n"))
