"""The documentation agrees with the code: links, settings, commands, paths, refusals, metrics, decisions."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import pytest
from prometheus_client.metrics_core import Metric
from pydantic import BaseModel
from typer.testing import CliRunner

from gateway import settings
from gateway.cli import app
from gateway.failures import FAILURES, Failure
from gateway.http.app import create_app
from gateway.http.context import ApiSettings
from gateway.metrics import Metrics
from handlers import bank_phone, bank_sms, collect_lists
from handlers.base import collect_rules
from handlers.base.access import Denied
from handlers.base.profile import load_profile
from handlers.scratch_cards import Refused
from storage import check

if TYPE_CHECKING:
    from gateway.http.facade import Operator

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))

_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]*)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_OPTION_OF_HELP = re.compile(r"^ +(?:-[a-z], )?(--[a-z][a-z-]*)", re.MULTILINE)
_COMMAND_OF_HELP = re.compile(r"^  ([a-z][a-z-]*) ", re.MULTILINE)
#: The refusals of a service stand in the order in which they are looked for.
_ORDERS: Final[tuple[type[StrEnum], ...]] = (
    Denied,
    Refused,
    bank_sms.Refused,
    bank_phone.Refused,
    collect_rules.Refused,
    collect_lists.Refused,
)
#: Calls whose first argument is the id of a refusal.
_REFUSING = frozenset({"refuse", "refuse_fields", "decline", "Refusal"})


def read(path: str) -> str:
    """A page of the documentation."""
    return (DOCS / path).read_text("utf-8")


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return _FENCED.sub("", page.read_text("utf-8"))


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"there is no section {heading!r}"
    return rest.partition("\n## ")[0]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get where Markdown is shown."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# -- links -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_project_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target in _LINK.findall(prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.is_file(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(linked), f"{target} names no heading"


def test_the_index_names_every_page() -> None:
    linked = {(DOCS / target).resolve() for target in _LINK.findall(prose(DOCS / "index.md"))}
    assert set(DOCS.rglob("*.md")) - {DOCS / "index.md"} == linked


def test_code_blocks_are_closed() -> None:
    for page in PAGES:
        fences = [line for line in page.read_text("utf-8").splitlines() if line.startswith("```")]
        assert len(fences) % 2 == 0, page


# -- configuration ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(settings.Settings.model_fields))
def test_every_setting_is_described_with_its_variable_and_default(name: str) -> None:
    page = section(read("reference/configuration.md"), "Settings")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{name}` |")]
    assert f"`{settings.ENV_PREFIX}{name.upper()}" in row
    default = settings.Settings.model_fields[name].default
    if isinstance(default, bool | int | str) and default != "":
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        assert f"| `{shown}` |" in row


@pytest.mark.parametrize(
    ("heading", "table", "prefix"),
    [
        ("Accounts", settings.AccountSettings, ""),
        ("Timers", settings.TimerSettings, "SHORTCODE_TIMERS__"),
        ("Limits", settings.LimitSettings, "SHORTCODE_LIMITS__"),
        ("TLS", settings.TlsSettings, "SHORTCODE_TLS__"),
        ("USSD over HTTP", settings.UssdHttpSettings, ""),
        ("Distribution lists", settings.DistributionListSettings, ""),
    ],
)
def test_every_nested_setting_is_described_with_its_default(
    heading: str, table: type[BaseModel], prefix: str
) -> None:
    page = section(read("reference/configuration.md"), heading)
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    assert rows.keys() == table.model_fields.keys()
    for name, field in table.model_fields.items():
        if prefix:
            assert f"`{prefix}{name.upper()}`" in rows[name]
        if isinstance(field.default, bool):
            assert f"`{str(field.default).lower()}`" in rows[name]
        elif isinstance(field.default, int | float):
            assert f"`{field.default:g}`" in rows[name]


# -- commands --------------------------------------------------------------------------------------


def help_of(*words: str) -> str:
    """What ``--help`` says."""
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    return result.output


def commands() -> Iterator[tuple[str, ...]]:
    """Every command of the line."""
    for name in _COMMAND_OF_HELP.findall(help_of().partition("Commands:")[2].partition("Exit codes")[0]):
        if name != "db":
            yield (name,)
    for name in _COMMAND_OF_HELP.findall(help_of("db").partition("Commands:")[2].partition("Exit codes")[0]):
        yield "db", name


def test_every_command_is_described_and_no_other() -> None:
    headings = re.findall(r"^## shortcode (.+)$", read("reference/commands.md"), re.MULTILINE)
    assert set(headings) == {" ".join(words) for words in commands()}


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_option_of_a_command_is_described_and_no_other(words: tuple[str, ...]) -> None:
    page = read("reference/commands.md")
    # The demo's options are those of serve, as its section says.
    known = section(page, f"shortcode {' '.join(words)}".replace("shortcode demo", "shortcode serve"))
    options = set(_OPTION_OF_HELP.findall(help_of(*words))) - {"--help"}
    if words == ("demo",):
        options |= {"--demo-data"}
    assert options == set(re.findall(r"`(--[a-z][a-z-]*)", known))


# -- the control API -------------------------------------------------------------------------------


def operations() -> Iterator[tuple[str, str]]:
    """Method and path of every operation of the OpenAPI document, which asks no operator for anything."""
    document = create_app(cast("Operator", None), ApiSettings()).openapi()
    for path, item in document["paths"].items():
        for method in item:
            yield method.upper(), path


@pytest.mark.parametrize(("method", "path"), list(operations()))
def test_every_operation_of_the_api_is_described(method: str, path: str) -> None:
    assert f"| `{method} {path}` |" in read("reference/control-api.md")


def test_no_operation_is_described_that_is_not_there() -> None:
    described = re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) ([^`]+)` \|", read_api(), re.MULTILINE)
    assert set(described) == set(operations())


def read_api() -> str:
    """The page of the control API."""
    return read("reference/control-api.md")


# -- services and SMPP -----------------------------------------------------------------------------


def refusal_ids() -> set[str]:
    """Every id with which a handler refuses, the ids for single fields too."""
    trees = [ast.parse(file.read_text("utf-8")) for file in (ROOT / "handlers").rglob("*.py")]
    calls = [node for node in chain.from_iterable(map(ast.walk, trees)) if isinstance(node, ast.Call)]
    found = {str(each.value) for order in _ORDERS for each in order}
    for call in calls:
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name in _REFUSING:
            found |= _first_text(call)
        elif name == "FieldError":
            found |= {text for part in call.args if isinstance(part, ast.Call) for text in _first_text(part)}
    return found


def _first_text(call: ast.Call) -> set[str]:
    first = call.args[0] if call.args else None
    return {first.value} if isinstance(first, ast.Constant) and isinstance(first.value, str) else set()


@pytest.mark.parametrize("refusal", sorted(refusal_ids()))
def test_every_refusal_of_a_handler_is_described(refusal: str) -> None:
    assert f"`{refusal}`" in read("reference/services.md")


@pytest.mark.parametrize("order", _ORDERS)
def test_refusals_stand_in_their_order_of_precedence(
    order: type[StrEnum],
) -> None:
    page = read("reference/services.md")
    places = [page.index(f"| `{each.value}` |") for each in order]
    assert places == sorted(places)


def test_every_code_of_the_profile_is_described() -> None:
    profile, page = load_profile("kz"), read("reference/services.md")
    for code in (*profile.sms_services, *profile.ussd_services):
        assert code in page


@pytest.mark.parametrize("failure", FAILURES.values(), ids=lambda failure: failure.error_class.value)
def test_every_failure_is_described_with_the_times_of_its_attempts(failure: Failure) -> None:
    network, code = divmod(failure.number, 0x1_0000)
    times = ", ".join(map(str, failure.retry_s)) or "none"
    row = (failure.error_class.value, failure.reason, f"{network}, {code}", times, f"`{failure.final.value}`")
    assert f"| {' | '.join(row)} |" in section(read("reference/receipts.md"), "Failures")


# -- ledger, metrics, decisions --------------------------------------------------------------------


def test_every_invariant_is_shown_as_db_check_prints_it() -> None:
    page = read("reference/ledger.md")
    for invariant in check._INVARIANTS:
        assert f"{invariant.name:<4}{'ok':<8}{invariant.promise}" in page


def families() -> list[Metric]:
    """What a fresh registry collects."""
    return list(Metrics().registry.collect())


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_every_metric_is_described(family: Metric) -> None:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    assert f"| `{name}` | {family.type} |" in read("reference/logs-and-metrics.md")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_number_and_its_three_parts(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.name[:4]}. ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequence"]
