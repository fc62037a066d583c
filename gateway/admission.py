"""Who may bind: the one place where credentials and limits of a bind request are looked at.

The first of these that is wrong answers: the password (ESME_RINVPASWD; an unknown system_id is answered like
a wrong password, and as late), then ESME_RBINDFAIL for the address that the client comes from, TLS and the
client's certificate, the address_range, and the number of binds. While too many passwords of hashed accounts
are being verified the answer is ESME_RTHROTTLED: nobody has looked at the password, try again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.address_range import AddressRange, InvalidAddressRange, parse_address_range
from gateway.config import Account, Side
from gateway.passwords import Answer, Passwords
from gateway.smpp.constants import CommandStatus
from gateway.smpp.pdus import Bind

_EVERYTHING = parse_address_range("")
_WRONG = {
    Answer.WRONG: (CommandStatus.ESME_RINVPASWD, "password"),
    Answer.BUSY: (CommandStatus.ESME_RTHROTTLED, "too many verifications"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where a bind comes from.

    ``host`` is the client's address, ``secure`` True on TLS, ``certificate`` the SHA-256 fingerprint of the
    client's certificate in lower-case hex, empty without one. ``invited`` is the account that the gateway
    itself called (SMPP 3.4 section 4.1.7), empty where the client called us.
    """

    host: str
    secure: bool = False
    certificate: str = ""
    invited: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The bind is good; ``serves`` is the numbers that the session serves."""

    account: Account
    serves: AddressRange


@dataclass(frozen=True, slots=True)
class Denied:
    """It is not. ``reason`` is for the log; ``system_id`` is empty unless the password was right."""

    status: CommandStatus
    reason: str
    system_id: str = ""


Verdict = Admitted | Denied
_Network = IPv4Network | IPv6Network


class Admission:
    """One per gateway, used in the reactor. ``bound`` tells how many sessions of an account are bound."""

    def __init__(
        self, accounts: Iterable[Account], passwords: Passwords, bound: Callable[[str], int]
    ) -> None:
        self._rules = {account.system_id: _Rules(account) for account in accounts}
        self._passwords = passwords
        self._bound = bound

    def ask(self, pdu: Bind, caller: Caller, done: Callable[[Verdict], None]) -> None:
        """``done`` is called in the reactor, at once or when the password has been verified."""

        def checked(answer: Answer) -> None:
            if answer is Answer.RIGHT:
                done(self._decide(self._rules[pdu.system_id], pdu, caller))
            else:
                done(Denied(*_WRONG[answer]))

        self._passwords.check(pdu.system_id, pdu.password, checked)

    def _decide(self, rules: "_Rules", pdu: Bind, caller: Caller) -> Verdict:
        account = rules.account
        objection = rules.objection_to(caller)
        if objection:
            return Denied(CommandStatus.ESME_RBINDFAIL, objection, account.system_id)
        try:
            serves = rules.range_of(pdu)
        except InvalidAddressRange as error:
            return Denied(CommandStatus.ESME_RBINDFAIL, str(error), account.system_id)
        if self._bound(account.system_id) >= account.binds_max:
            return Denied(CommandStatus.ESME_RBINDFAIL, "binds_max", account.system_id)
        return Admitted(account, serves)


class _Rules:
    """What one account asks of a bind, read once."""

    __slots__ = ("_certificates", "_networks", "_range", "account")

    def __init__(self, account: Account) -> None:
        self.account = account
        self._networks: tuple[_Network, ...] = tuple(
            ip_network(host, strict=False) for host in account.allowed_hosts
        )
        self._certificates = frozenset(account.client_certificates)
        self._range = parse_address_range(account.address_range)

    def objection_to(self, caller: Caller) -> str:
        """Empty when the client may come from there; else what is wrong, in a word or two."""
        if caller.invited not in {"", self.account.system_id}:
            return "invited another account"
        if self._networks and not self._is_allowed(caller.host):
            return "allowed_hosts"
        if self.account.tls_required and not caller.secure:
            return "tls_required"
        if self._certificates and caller.certificate not in self._certificates:
            return "client_certificates"
        return ""

    def _is_allowed(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def range_of(self, pdu: Bind) -> AddressRange:
        """The numbers that a bind serves: what it asks for, within its account's. Raises InvalidAddressRange.

        An application has no range.
        """
        if self.account.side is Side.APPLICATION:
            return _EVERYTHING
        asked = parse_address_range(pdu.address_range)
        if asked.exact and not self._range.serves(asked.exact):
            raise InvalidAddressRange(f"{asked.exact} is not a number of this account")
        return AddressRange(asked.pattern, asked.narrowness, asked.exact, asked.regex, self._range)
