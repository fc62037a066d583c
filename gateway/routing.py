"""Where a message goes: a destination address becomes a route. Longest match wins, ties are refused.

The table is made once from the profile and the accounts; ``Routes`` then only looks up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.config import Account, ConfigError
from handlers.base.profile import Profile
from rating.msisdn import InvalidMsisdn, Msisdn, parse_msisdn
from ussd_menus.menu import Menu
from ussd_menus.registry import MENUS

_OFFNET_DIGITS_MIN = 7
_CACHE_MAX = 100_000


class RouteKind(StrEnum):
    """The four places a message can go, and nowhere."""

    SERVICE = "service"
    HANDSET = "handset"
    ACCOUNT = "account"
    OFFNET = "offnet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Route:
    """``target`` is a service's name, an MSISDN, a system_id or the off-net number.

    ``code`` is the short code or service code that matched.
    """

    kind: RouteKind
    target: str = ""
    code: str = ""
    lane: str = field(init=False)
    """``handset:MSISDN`` or ``account:SYSTEM_ID``: whose order is kept."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lane", f"{self.kind.value}:{self.target}")


UNKNOWN = Route(RouteKind.UNKNOWN)


class Routes:
    """Answers for SMS destinations and dialled strings."""

    def __init__(self, profile: Profile, accounts: Iterable[Account], menus: Iterable[Menu] = MENUS) -> None:
        self._prefixes = profile.prefixes
        accounts = tuple(accounts)
        problems: list[str] = []
        self._sms = _table(
            profile.sms_services, ((a.system_id, a.short_codes) for a in accounts), "short code", problems
        )
        menu_codes = {menu.service_code: menu.service for menu in menus}
        self._ussd = _table(
            {**menu_codes, **profile.ussd_services},
            ((a.system_id, a.ussd_codes) for a in accounts),
            "service code",
            problems,
        )
        if problems:
            raise ConfigError(tuple(problems))
        self._senders = {
            name: Route(RouteKind.ACCOUNT, account.system_id, name)
            for account in reversed(accounts)
            for name in account.sender_ids
        }
        self._cache: dict[str, Route] = {}

    def sms(self, destination: str) -> Route:
        """The route of a message to ``destination``, as it stands in the PDU."""
        route = self._cache.get(destination)
        if route is None:
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            route = self._cache[destination] = self._sms.get(destination) or self._number(destination)
        return route

    def sender(self, name: str) -> Route:
        """The route back to whoever sends under a name: for acknowledgements, since nobody can text there."""
        return self._senders.get(name, UNKNOWN)

    def ussd(self, segments: tuple[str, ...]) -> Route:
        """The route of a dialled string: the longest owned prefix of its segments (``*110*1#``: 110, 1)."""
        for length in range(len(segments), 0, -1):
            route = self._ussd.get("*" + "*".join(segments[:length]))
            if route is not None:
                return route
        return UNKNOWN

    def is_on_net(self, msisdn: Msisdn) -> bool:
        """True for the operator's own prefixes."""
        return msisdn[1:4] in self._prefixes

    def _number(self, destination: str) -> Route:
        try:
            msisdn = parse_msisdn(destination)
        except InvalidMsisdn:
            digits = destination.removeprefix("+")
            international = digits.isascii() and digits.isdigit() and len(digits) >= _OFFNET_DIGITS_MIN
            return Route(RouteKind.OFFNET, digits) if international else UNKNOWN
        if self.is_on_net(msisdn):
            return Route(RouteKind.HANDSET, msisdn)
        return Route(RouteKind.OFFNET, msisdn)


def _table(
    services: Mapping[str, str],
    accounts: Iterable[tuple[str, tuple[str, ...]]],
    noun: str,
    problems: list[str],
) -> dict[str, Route]:
    table = {code: Route(RouteKind.SERVICE, name, code) for code, name in services.items()}
    for system_id, codes in accounts:
        for code in codes:
            if code in table:
                owner = table[code]
                problems.append(
                    f"{noun} {code} belongs to {owner.kind.value} {owner.target} and to account {system_id}; "
                    "give it to one of them"
                )
            table[code] = Route(RouteKind.ACCOUNT, system_id, code)
    return table
