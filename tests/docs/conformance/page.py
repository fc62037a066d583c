"""Writes docs/reference/conformance.md: ``python -m tests.docs.conformance.page``, or ``make docs``."""

from collections import Counter
from collections.abc import Iterable, Iterator

from gateway.smpp.constants import command_name
from tests.docs.conformance import items
from tests.docs.conformance.fields import CLAUSES, FIELDS
from tests.docs.conformance.items import Item
from tests.docs.conformance.markers import ROOT, Shown, marked
from tests.docs.conformance.operations import MESSAGE_STATES, OPERATIONS, SESSION_STATES
from tests.docs.conformance.parameters import PARAMETERS
from tests.docs.conformance.row import How, Row
from tests.docs.conformance.statuses import STATUSES
from tests.docs.conformance.values import RULES, VALUES

PAGE = ROOT / "docs" / "reference" / "conformance.md"
ROWS: tuple[Row, ...] = (
    *OPERATIONS,
    *FIELDS,
    *PARAMETERS,
    *STATUSES,
    *SESSION_STATES,
    *MESSAGE_STATES,
    *RULES,
    *VALUES,
)
BY_ITEM = {row.item: row for row in ROWS}
#: More tests than these are counted, not named.
_SHOWN_MAX = 3
_INTRO = """\
# Conformance

What Shortcode does about every operation, field, parameter, status and state of SMPP 3.4, and those of SMPP
5.0 that it knows. The page is made by `make docs` from the tables of `gateway/smpp`, `gateway/checks.py` and
`gateway/receipts.py`, from what `tests/docs/conformance` says of each item, and from the tests that carry
`@pytest.mark.conformance`. A test fails when the page is behind, when an item is missing, and when something
is claimed that no test shows.

Clauses are those of SMPP 3.4 issue 1.2 and SMPP 5.0. The octets of every PDU are shown by `tests/wire`.
"""


def shown_by(item: str) -> tuple[Shown, ...]:
    """The tests that show an item, or what it is like."""
    own = marked().get(item, ())
    other = BY_ITEM[item].like
    return tuple(dict.fromkeys((*own, *(shown_by(other) if other else ()))))


def clause_of(item: Item) -> str:
    """From the row, the code's tables, or the table of fields."""
    return BY_ITEM[item.name].clause or item.clause or CLAUSES.get(item.shown, "")


def page() -> str:
    """The whole page."""
    return "\n".join((_INTRO, *_summary(), *_sections())) + "\n"


def _summary() -> Iterator[str]:
    counts = Counter(BY_ITEM[item.name].how for item in items.everything())
    yield "| | items |"
    yield "| --- | --- |"
    yield from (f"| {how.value} | {counts[how]} |" for how in How)
    yield f"| tests that are named | {len({shown for each in marked().values() for shown in each})} |"
    yield ""


def _sections() -> Iterator[str]:
    yield from _section("Operations", "operation", items.commands())
    yield "## Fields\n"
    yield from _table("header", items.header())
    yield ""
    for pdu, found in items.pdus():
        yield f"### {command_name(pdu.command_id)}\n"
        yield from _table("field", found)
        yield ""
    yield "## Optional parameters\n"
    yield "Tags that are not in this table are passed on as octets, in their place.\n"
    yield from _table("parameter", (item for _, item in items.tlvs()))
    yield ""
    yield from _section("Statuses", "`command_status`", items.statuses())
    yield from _session()
    yield "## States of a message\n"
    yield from _table("state", (item for item, _ in items.message_states()))
    yield ""
    yield "## Reserved values\n"
    yield "In the order of their answers, with what may stand there.\n"
    yield from _rules()
    yield "## Values\n"
    for field, found in items.values():
        yield f"### {field}\n"
        yield from _table("value", found)
        yield ""


def _section(title: str, noun: str, found: Iterable[Item]) -> Iterator[str]:
    yield f"## {title}\n"
    yield from _table(noun, found)
    yield ""


def _session() -> Iterator[str]:
    yield "## States of a session\n"
    yield from _table("state", (item for _, item in items.session_states()))
    yield ""
    yield "| state | a client may ask | the gateway may ask |"
    yield "| --- | --- | --- |"
    for state, item in items.session_states():
        asked = items.requests_of(state)
        cells = (", ".join(f"`{each}`" for each in asked.get(issuer, ())) for issuer in ("esme", "smsc"))
        yield f"| `{item.shown}` | {' | '.join(cells)} |"
    yield ""


def _rules() -> Iterator[str]:
    yield "| field | status | clause | may hold | shown by |"
    yield "| --- | --- | --- | --- | --- |"
    for rule, item in items.rules():
        words = BY_ITEM[item.name].words
        yield f"| `{rule.field}` | `{rule.status.name}` | {item.clause} | {words} | {_links(item)} |"
    yield ""


def _table(noun: str, found: Iterable[Item]) -> Iterator[str]:
    rows = list(found)
    numbered = any(item.number for item in rows)
    yield f"| {noun} |{' number |' if numbered else ''} clause | | what it is | shown by |"
    yield f"| --- |{' --- |' if numbered else ''} --- | --- | --- | --- |"
    for item in rows:
        row = BY_ITEM[item.name]
        number = f" {item.number} |" if numbered else ""
        said = f"{clause_of(item)} | {row.how.value} | {row.words} | {_links(item)}"
        yield f"| `{item.shown}` |{number} {said} |"


def _links(item: Item) -> str:
    tests = shown_by(item.name)
    links = [f"[{each.sentence}](../../{each.path})" for each in tests[:_SHOWN_MAX]]
    more = len(tests) - _SHOWN_MAX
    return "; ".join((*links, f"and {more} more") if more > 0 else links)


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
