"""The command line: quick help, exit codes, one clear line for what a user can mend."""

import json
import subprocess
import sys
import time
import types
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway import commands
from gateway.bench.sizes import DEFAULT_SIZES, Sizes
from gateway.cli import app
from gateway.config import Config, ConfigError, LogFormat, StartError
from gateway.passwords import verify
from gateway.secret_keys import KeyFileError
from handlers.base.profile import ProfileError
from storage.errors import StoreNewer

runner = CliRunner()
OWN = ("serve", "demo", "ready", "hash-password", "bench", "db")


@pytest.fixture(autouse=True)
def _empty_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("gateway.logs.configure_logs", lambda *_: None)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """Instead of serving, the configuration is kept."""
    kept: list[Config] = []
    module = types.ModuleType("gateway.app")

    def run(config: Config) -> int:
        kept.append(config)
        return 0

    vars(module)["run"] = run
    monkeypatch.setitem(sys.modules, "gateway.app", module)
    return kept


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A package with a command, as the simulator is one; it notes when it is imported."""
    monkeypatch.delitem(sys.modules, "foreign_phones", raising=False)
    package = tmp_path / "foreign_phones.py"
    package.write_text(
        "from pathlib import Path\n"
        "Path('imported').touch()\n"
        "def phones(msisdn: str, quiet: bool = False) -> None:\n"
        '    """Keeps handsets switched on.\n\n    More about it."""\n'
        "    print('phones', msisdn, quiet)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    point = EntryPoint("phones", "foreign_phones:phones", commands.GROUP)
    broken = EntryPoint("broken", "no_such_package.cli:broken", commands.GROUP)
    shadowing = EntryPoint("serve", "no_such_package.cli:serve", commands.GROUP)
    monkeypatch.setattr(commands, "entry_points", lambda group: [point, broken, shadowing] * (group != ""))
    return tmp_path / "imported"


def test_help_lists_every_command_and_the_exit_codes() -> None:
    result = runner.invoke(app, ["--help"])
    assert result.exit_code == 0
    for name in OWN:
        assert name in result.output
    assert "0 done" in result.output
    assert "1 a check failed" in result.output


def test_help_shows_foreign_commands_without_importing_them(foreign: Path) -> None:
    result = runner.invoke(app, ["--help"])
    assert "Keeps handsets switched on." in result.output
    assert "(from no_such_package.cli)" in result.output
    assert not foreign.exists()


def test_a_foreign_command_runs_with_its_own_options(foreign: Path) -> None:
    result = runner.invoke(app, ["phones", "77011234567", "--quiet"])
    assert (result.exit_code, result.output) == (0, "phones 77011234567 True\n")
    assert foreign.exists()


def test_a_foreign_command_has_its_own_help(foreign: Path) -> None:
    result = runner.invoke(app, ["phones", "--help"])
    assert result.exit_code == 0
    assert "--quiet" in result.output
    assert foreign.exists()


@pytest.mark.usefixtures("foreign")
def test_a_command_of_ours_is_never_replaced(served: list[Config]) -> None:
    assert runner.invoke(app, ["serve"]).exit_code == 0
    assert len(served) == 1


@pytest.mark.parametrize(
    "arguments", [["sevre"], ["serve", "--smpp-prt", "1"], ["serve", "--smpp-port", "x"]]
)
def test_wrong_use_is_exit_code_2(arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2


def test_serve_hands_the_flags_on(served: list[Config], tmp_path: Path) -> None:
    arguments = ["serve", "--smpp-port", "0", "--http-port", "0", "--data-dir", "d", "--ports-file", "p.json"]
    result = runner.invoke(app, [*arguments, "--demo-data", "--log-format", "json"])
    assert result.exit_code == 0, result.output
    (config,) = served
    assert (config.smpp_port, config.http_port) == (0, 0)
    assert config.data_dir == tmp_path / "d"
    assert config.ports_file == Path("p.json")
    assert (config.demo_data, config.demo, config.log_format) == (True, False, LogFormat.JSON)


def test_demo_serves_with_demo_data(served: list[Config]) -> None:
    assert runner.invoke(app, ["demo", "--smpp-port", "0"]).exit_code == 0
    assert (served[0].demo, served[0].demo_data, served[0].smpp_port) == (True, True, 0)


def test_every_problem_of_the_configuration_is_told_and_nothing_starts(served: list[Config]) -> None:
    result = runner.invoke(app, ["serve", "--smpp-port", "99999", "--http-host", ""])
    assert result.exit_code == 2
    assert [line.partition(":")[2].split(":")[0] for line in result.stderr.splitlines()] == [
        " --smpp-port",
        " --http-host",
    ]
    assert served == []


@pytest.mark.parametrize(
    "error",
    [
        StartError("port 2775 on 127.0.0.1 is taken"),
        StoreNewer("the database is of a newer version"),
        KeyFileError("key file k has 3 octets"),
        ProfileError("kz", ("unknown key x",)),
        ConfigError(("accounts: a is there twice",)),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def run(_config: Config) -> int:
        raise error

    module = types.ModuleType("gateway.app")
    vars(module)["run"] = run
    monkeypatch.setitem(sys.modules, "gateway.app", module)
    result = runner.invoke(app, ["serve"])
    assert result.exit_code == 2
    assert result.stderr == f"shortcode: {error}\n"
    assert result.stdout == ""


def test_benchmarks_are_called_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[Any] = []
    module = types.ModuleType("gateway.bench.cli")

    def run(*arguments: Any) -> int:
        calls.append(arguments)
        return 1

    vars(module)["run"] = run
    monkeypatch.setitem(sys.modules, "gateway.bench.cli", module)
    assert runner.invoke(app, ["bench", "ledger", "--json", str(tmp_path / "f")]).exit_code == 1
    assert calls == [("ledger", tmp_path / "f", DEFAULT_SIZES)]
    runner.invoke(app, ["bench", "bank", "--sms-payments", "1", "--channel-payments", "2", "--rules", "0"])
    assert calls[1:] == [("bank", None, Sizes(sms_payments=1, channel_payments=2, rules=0))]
    assert runner.invoke(app, ["bench", "everything"]).exit_code == 2


def test_help_of_the_real_command_is_quick_and_loads_nothing_heavy() -> None:
    """The best of three: other work on the machine is not the command's fault."""
    heavy = ("fastapi", "twisted", "sqlalchemy", "pydantic", "structlog")
    script = (
        "import json, sys\nfrom gateway.cli import main\nsys.argv = ['shortcode', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('\\n' + json.dumps([m for m in sys.modules if '.' not in m]))\n"
    )
    root = Path(__file__).parents[2]
    times = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(  # noqa: S603 (our own interpreter and text)
            [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
        )
        times.append(time.perf_counter() - began)
    assert "serve" in done.stdout
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & set(heavy)
    assert min(times) < 1.0


@pytest.mark.parametrize("typed", ["s3cret\n", "s3cret", "s3cret\r\nmore\n"])
def test_hash_password_prints_a_hash_of_the_first_line_and_nothing_else(typed: str) -> None:
    """For ``shortcode hash-password < file``."""
    result = runner.invoke(app, ["hash-password"], input=typed)
    assert result.exit_code == 0, result.output
    assert verify(result.stdout.strip(), "s3cret")
    assert "s3cret" not in result.output


@pytest.mark.parametrize("typed", ["", "\n", "much-too-long\n", "two words\n"])
def test_hash_password_refuses_what_cannot_be_a_password_and_does_not_repeat_it(typed: str) -> None:
    """One line, exit code 2."""
    result = runner.invoke(app, ["hash-password"], input=typed)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert not typed.strip() or typed.strip() not in result.stderr
