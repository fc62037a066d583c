"""Wrong settings are told in words of the configuration, not of Python or of regular expressions."""

from pathlib import Path

import pytest

from gateway.config import ConfigError
from gateway.settings import load_config

ACCOUNT = '[[accounts]]\nsystem_id = "shop"\npassword = "s3cret"\nside = "application"\n'


def problem(text: str) -> str:
    Path("shortcode.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config({})
    assert len(caught.value.problems) == 1, caught.value.problems
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ACCOUNT.replace("shop", "s" * 16), "accounts[0].system_id: has 1 to 15 visible ASCII characters"),
        (ACCOUNT.replace("s3cret", "s" * 15), "accounts[0].password: has at most 8 characters"),
        (ACCOUNT.replace("s3cret", ""), "accounts[0].password: has at least 1 character"),
        (ACCOUNT.replace('system_id = "shop"\n', ""), "accounts[0].system_id: is needed and not there"),
        (
            ACCOUNT + 'short_codes = ["x"]',
            "accounts[0].short_codes[0]: has 1 to 15 digits, such as 1234 (got",
        ),
        (ACCOUNT + 'ussd_codes = ["500"]', "accounts[0].ussd_codes[0]: is written like *500#"),
        (ACCOUNT + 'sender_ids = ["ThisIsTooLong"]', "accounts[0].sender_ids[0]: has up to 11 letters"),
        (ACCOUNT + "tls_required = 'x'", "accounts[0].tls_required: is true or false (got 'x')"),
        ("accounts = 5", "accounts: is a list: [[...]] tables or [...] in the file"),
        ("accounts = [5]", "accounts[0]: is a table"),
        ("tls = 5", "tls: is a table"),
        ("profile = 'K Z'", "profile: is the name of a file in profiles/ without its ending"),
        ("log_level = 'loud'", "log_level: is one of debug, info, warning, error (got 'loud')"),
        ("[default_messages]\n256 = 'x'", "default_messages.256: Input should be less than or equal to 255"),
        ("[[distribution_lists]]\nname = 'a b'\nmembers = ['77011234567']", "name: has 1 to 20 visible"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    told = problem(text)
    assert said in told
    assert told.startswith("shortcode.toml: ")


def test_a_list_in_the_environment_that_is_no_json_is_said_to_be_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHORTCODE_ACCOUNTS", "[{")
    assert problem("") == (
        "SHORTCODE_ACCOUNTS: is a list: [[...]] tables or [...] in the file, JSON in the environment"
    )
