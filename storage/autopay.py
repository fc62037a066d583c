"""AutoPay rules inside a unit of work."""

from collections.abc import Collection, Iterable, Iterator
from functools import partial
from operator import attrgetter

from sqlalchemy import func, select, text

from rating.msisdn import Msisdn
from storage.bank_model import AutoPayRule, RuleKind, RuleState
from storage.driver import Driver, Lookup, Row, Verb, Write
from storage.errors import Broken
from storage.model import AccountKind
from storage.row_map import RowGroups, RowMap
from storage.tables import autopay_rule as table

RULE_COLUMNS = tuple(table.columns)
_FIXED = {"id", "payer", "target", "created_us"}
#: What a run changes; no index and no other table has anything to do with it.
_OF_RUNS = ("due_us", "failures", "running")
_INSERT = Write(Verb.INSERT, table, RULE_COLUMNS)
_UPDATE = Write(Verb.UPDATE, table, tuple(c for c in RULE_COLUMNS if c.name not in _FIXED), (table.c.id,))
_UPDATE_RUN = Write(Verb.UPDATE, table, tuple(table.c[name] for name in _OF_RUNS), (table.c.id,))
_LOOKUP = Lookup(select(*RULE_COLUMNS), (table.c.id,))
_BY_PAYER = Lookup(select(*RULE_COLUMNS), (table.c.payer,))
_BY_TARGET = Lookup(select(*RULE_COLUMNS), (table.c.target,))
_WATCHED = (
    select(table.c.target, func.max(table.c.limit_tiyn))
    .where(text("state = 'on' AND kind = 'limit'"))
    .group_by(table.c.target)
)
_KINDS = {kind.value: kind for kind in RuleKind}
_STATES = {state.value: state for state in RuleState}


class AutoPayRules:
    """Rules by id, by who pays, and by whose balance they fill."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._rows = RowMap[str, AutoPayRule](partial(_load, driver))
        self._by_payer = RowGroups[Msisdn, str, AutoPayRule](self._rows, partial(_load_payers, driver))
        self._by_target = RowGroups[Msisdn, str, AutoPayRule](self._rows, partial(_load_targets, driver))
        self._rearranged: set[str] = set()

    def get(self, rule_id: str) -> AutoPayRule | None:
        """The rule, or None."""
        return self._rows.get(rule_id)

    def of(self, payer: Msisdn) -> tuple[AutoPayRule, ...]:
        """The rules by which this subscriber pays, oldest first, in every state."""
        return self._by_payer.of(payer)

    def towards(self, target: Msisdn) -> tuple[AutoPayRule, ...]:
        """The rules that fill this subscriber's balance, oldest first, in every state."""
        return self._by_target.of(target)

    def add(self, rule: AutoPayRule) -> None:
        """A new rule. Raises Broken when the id is taken."""
        self._rows.add(rule.id, rule)
        self._by_payer.add(rule.payer, rule.id)
        self._by_target.add(rule.target, rule.id)

    def put(self, rule: AutoPayRule) -> None:
        """Replace a rule. Raises Broken for an unknown one, or where payer or target are others."""
        known = self._rows.get(rule.id)
        if known is None or (known.payer, known.target) != (rule.payer, rule.target):
            raise Broken(f"there is no AutoPay rule {rule.id} of this payer for this number")
        if _terms(known) != _terms(rule):
            self._rearranged.add(rule.id)
        self._rows.put(rule.id, rule)

    def prefetch(self, ids: Iterable[str]) -> None:
        """Read many at once."""
        self._rows.prefetch(ids)

    def named(self, ids: Iterable[str]) -> list[AutoPayRule]:
        """Those that exist among these ids: what they name is about to be needed."""
        return [rule for rule in map(self._rows.get, ids) if rule is not None]

    def flush(self) -> None:
        """Write what is new or changed."""
        if added := self._rows.added():
            self._driver.write(_INSERT, [_row(rule) for rule in added])
        changed = self._rows.changed()
        if rearranged := [_changes(rule) for rule in changed if rule.id in self._rearranged]:
            self._driver.write(_UPDATE, rearranged)
        if ran := [rule for rule in changed if rule.id not in self._rearranged]:
            rows = [(rule.due_us, rule.failures, rule.running, rule.id) for rule in ran]
            self._driver.write(_UPDATE_RUN, rows)


def read_watched(driver: Driver) -> dict[str, int]:
    """Account codes of the balances that limit rules wait on, with the highest limit (tiyn) of each."""
    return {f"{AccountKind.MAIN.value}:{target}": limit for target, limit in driver.query(_WATCHED)}


def rule_of(row: Row) -> AutoPayRule:
    """The value of a row whose columns are ``RULE_COLUMNS``."""
    number, payer, target, card_id, kind, amount, limit, anchor_us, state, *rest = row
    due_us, failures, running, created_us = rest
    return AutoPayRule(
        id=number,
        payer=payer,
        target=target,
        card_id=card_id,
        kind=_KINDS[kind],
        amount_tiyn=amount,
        limit_tiyn=limit,
        anchor_us=anchor_us,
        state=_STATES[state],
        due_us=due_us,
        failures=failures,
        running=running,
        created_us=created_us,
    )


#: What a rule is, as against what its runs change.
_terms = attrgetter("card_id", "kind", "amount_tiyn", "limit_tiyn", "anchor_us", "state")


def _row(rule: AutoPayRule) -> Row:
    *kept, number = _changes(rule)
    return (number, rule.payer, rule.target, *kept, rule.created_us)


def _changes(rule: AutoPayRule) -> Row:
    return (
        rule.card_id,
        rule.kind.value,
        rule.amount_tiyn,
        rule.limit_tiyn,
        rule.anchor_us,
        rule.state.value,
        rule.due_us,
        rule.failures,
        rule.running,
        rule.id,
    )


def _read(driver: Driver, lookup: Lookup, keys: Collection[str]) -> list[AutoPayRule]:
    """Oldest first: those of one payer or one target are few."""
    found = [rule_of(row) for row in driver.lookup(lookup, [(key,) for key in keys])]
    return sorted(found, key=lambda rule: (rule.created_us, rule.id))


def _load(driver: Driver, ids: Collection[str]) -> Iterator[tuple[str, AutoPayRule]]:
    for row in driver.lookup(_LOOKUP, [(number,) for number in ids]):
        yield row[0], rule_of(row)


def _load_payers(driver: Driver, payers: Collection[Msisdn]) -> Iterator[tuple[Msisdn, str, AutoPayRule]]:
    return ((rule.payer, rule.id, rule) for rule in _read(driver, _BY_PAYER, payers))


def _load_targets(driver: Driver, targets: Collection[Msisdn]) -> Iterator[tuple[Msisdn, str, AutoPayRule]]:
    return ((rule.target, rule.id, rule) for rule in _read(driver, _BY_TARGET, targets))
