"""Where settings come from, which wins, and that everything wrong is told at once with its origin."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.config import DEMO_ACCOUNTS, Config, ConfigError, LogFormat, Side
from gateway.settings import load_config

EVERYWHERE = "0.0.0.0"  # noqa: S104 (nothing listens on it here)
ACCOUNT = '[[accounts]]\nsystem_id = "shop"\npassword = "pa55word"\nside = "application"\n'


@pytest.fixture(autouse=True)
def _empty_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no file of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("SHORTCODE_SMPP_PORT", "SHORTCODE_HTTP_PORT", "SHORTCODE_DATA_DIR", "SHORTCODE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def write(text: str, name: str = "shortcode.toml") -> Path:
    path = Path.cwd() / name
    path.write_text(text)
    return path


def problems(flags: Mapping[str, object] | None = None, file: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_config(flags or {}, file=file)
    return caught.value.problems


def test_defaults_are_those_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    config = load_config({})
    assert (config.smpp_host, config.smpp_port) == ("127.0.0.1", 2775)
    assert (config.http_host, config.http_port) == ("127.0.0.1", 8080)
    assert config.data_dir == Path("/data/shortcode")
    assert config.database_url == "sqlite:////data/shortcode/shortcode.db"
    assert config.accounts == DEMO_ACCOUNTS
    assert config.log_format is LogFormat.AUTO
    assert (config.demo, config.demo_data, config.emulator, config.api_token) == (False, False, True, None)


def test_the_settings_defaults_and_the_frozen_ones_are_the_same(tmp_path: Path) -> None:
    """Both are written down: one for people who read the file, one for code that builds a Config."""
    config = load_config({"data_dir": tmp_path})
    assert config == Config(
        data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/shortcode.db", accounts=DEMO_ACCOUNTS
    )


def test_flags_win_over_environment_over_file_over_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    write('smpp_port = 1\nhttp_port = 1\nprofile = "xx"\n[timers]\nresponse_s = 1\nenquire_link_s = 1\n')
    monkeypatch.setenv("SHORTCODE_SMPP_PORT", "2")
    monkeypatch.setenv("SHORTCODE_HTTP_PORT", "2")
    monkeypatch.setenv("SHORTCODE_TIMERS__RESPONSE_S", "2.5")
    config = load_config({"smpp_port": 3, "http_port": None})
    assert (config.smpp_port, config.http_port, config.profile) == (3, 2, "xx")
    assert (config.timers.response_s, config.timers.enquire_link_s) == (2.5, 1)
    assert config.timers.session_init_s == 5


def test_demo_implies_demo_data() -> None:
    config = load_config({}, demo=True)
    assert (config.demo, config.demo_data) == (True, True)


def test_accounts_replace_the_demos_and_lose_the_closing_hash() -> None:
    (account,) = load_config({}, file=write(ACCOUNT + 'ussd_codes = ["*500#", "*501"]\n', "x.toml")).accounts
    assert (account.system_id, account.side) == ("shop", Side.APPLICATION)
    assert account.password.reveal() == "pa55word"
    assert account.ussd_codes == ("*500", "*501")


def test_accounts_can_come_from_the_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORTCODE_ACCOUNTS", '[{"system_id": "a", "password": "b", "side": "handset"}]')
    assert load_config({}).accounts[0].system_id == "a"


def test_everything_wrong_is_told_at_once_with_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(
        'smpp_host = ""\nhttp_prt = 1\n[limits]\nqueue_max = 0\nqueue = 1\n' + ACCOUNT + "window = 0\n",
        "my.toml",
    )
    monkeypatch.setenv("SHORTCODE_HTTP_PORT", "99999")
    monkeypatch.setenv("SHORTCODE_TIMERS__RESPONSE_S", "soon")
    monkeypatch.setenv("SHORTCODE_SMPP_PRT", "1")
    found = problems({"smpp_port": -1, "log_format": "xml"}, file)
    beginnings = [
        "SHORTCODE_SMPP_PRT: unknown setting; did you mean SHORTCODE_SMPP_PORT?",
        "--smpp-port: ",
        "--log-format: ",
        "SHORTCODE_HTTP_PORT: ",
        "SHORTCODE_TIMERS__RESPONSE_S: ",
        "my.toml: smpp_host: ",
        "my.toml: http_prt: unknown setting; did you mean http_port?",
        "my.toml: limits.queue_max: ",
        "my.toml: limits.queue: unknown setting",
        "my.toml: accounts[0].window: ",
    ]
    for beginning in beginnings:
        assert sum(line.startswith(beginning) for line in found) == 1, (beginning, found)
    assert len(found) == len(beginnings)


def test_no_secret_is_repeated_in_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the key is misspelt or the JSON cut short."""
    file = write(
        'database_url = "mysql://u:hunter2@h/d"\n'
        '[[accounts]]\nsystem_id = "a"\nside = "handset"\npasswrd = "hunter2"\n'
        '[[accounts]]\nsystem_id = "b"\nside = "handset"\npassword = "hunter2-is-too-long"\n'
    )
    assert "hunter2" not in str(problems({}, file))
    monkeypatch.setenv("SHORTCODE_ACCOUNTS", '[{"password": "hunter2"')
    assert "hunter2" not in str(problems())


@pytest.mark.parametrize("text", ["smpp_port = ", "\x00", "smpp_port = 1\nsmpp_port = 2\n"])
def test_a_file_that_is_no_toml_is_one_clear_line(text: str) -> None:
    (line,) = problems({}, write(text))
    assert "not valid TOML" in line


def test_a_named_file_that_is_not_there_is_told() -> None:
    (line,) = problems({}, Path("missing.toml"))
    assert line == "missing.toml: cannot be read: No such file or directory"


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "10.0.0.1", "gateway.example"])
def test_an_api_that_others_reach_needs_a_token(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = problems({"http_host": host})
    assert "SHORTCODE_API_TOKEN" in line
    monkeypatch.setenv("SHORTCODE_API_TOKEN", "")
    assert len(problems({"http_host": host})) == 1
    monkeypatch.setenv("SHORTCODE_API_TOKEN", "a-long-token")
    token = load_config({"http_host": host}).api_token
    assert token is not None
    assert token.reveal() == "a-long-token"


def test_smpp_that_others_reach_refuses_the_demos_passwords() -> None:
    assert len(problems({"smpp_host": EVERYWHERE})) == 2
    assert load_config({"smpp_host": EVERYWHERE}, file=write(ACCOUNT)).smpp_host == EVERYWHERE


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ACCOUNT + ACCOUNT, "shop is there twice"),
        (
            ACCOUNT + 'short_codes = ["1234"]\n' + ACCOUNT.replace("shop", "b") + 'short_codes = ["1234"]\n',
            "1234",
        ),
        (ACCOUNT + 'address_range = "^7701"\n', "address_range"),
        (ACCOUNT.replace("application", "handset") + 'short_codes = ["1234"]\n', "handset side"),
        (ACCOUNT.replace("application", "handset") + 'address_range = "(a+)+"\n', "^7701"),
        (ACCOUNT.replace("pa55word", "пароль"), "ASCII"),
        ('api_token = "two words"\n', "api_token"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(text: str, says: str) -> None:
    assert any(says in line for line in problems({}, write(text)))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_a_postgresql_address_is_taken(scheme: str) -> None:
    config = load_config({"database_url": f"{scheme}://u@h/d"})
    assert config.database_url == "postgresql+psycopg://u@h/d"


def test_an_application_cannot_own_a_subscribers_number(tmp_path: Path) -> None:
    """Else it could act in that subscriber's name."""
    file = tmp_path / "shortcode.toml"
    file.write_text(
        '[[accounts]]\nsystem_id = "a"\npassword = "p"\nside = "application"\nshort_codes = ["77011234567"]\n'
    )
    with pytest.raises(ConfigError, match="77011234567 is a subscriber's number"):
        load_config({}, file=file)


def test_an_empty_list_of_accounts_is_not_the_demos(tmp_path: Path) -> None:
    """Who takes all accounts away wants nobody to bind with a password that everybody knows."""
    file = tmp_path / "shortcode.toml"
    file.write_text("accounts = []\n")
    assert load_config({}, file=file).accounts == ()
    file.write_text("")
    assert load_config({}, file=file).accounts == DEMO_ACCOUNTS
