"""Rules that join several settings: what one value allows depends on another."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from gateway.config import DEMO_ACCOUNTS, RADIO, Account, Config, Side, is_loopback
from gateway.tls_files import problems_of_files
from handlers.base.command import Secret
from rating.msisdn import is_canonical

_DEMO_PASSWORDS = frozenset(account.password.reveal() for account in DEMO_ACCOUNTS)


def problems_of(config: Config) -> list[str]:
    """One line for every rule that is broken; none when the configuration can be used."""
    return [problem for rule in _RULES for problem in rule(config)]


def _open_api_needs_token(config: Config) -> Iterator[str]:
    if config.api_token is None and not is_loopback(config.http_host):
        yield (
            f"http_host {config.http_host} can be reached from other machines and no api_token is set; "
            "set SHORTCODE_API_TOKEN, or listen on 127.0.0.1"
        )


def _open_smpp_needs_own_passwords(config: Config) -> Iterator[str]:
    if is_loopback(config.smpp_host):
        return
    for account in config.accounts:
        if account.password.reveal() in _DEMO_PASSWORDS:
            yield (
                f"smpp_host {config.smpp_host} can be reached from other machines and account "
                f"{account.system_id} has a password of the demo; configure accounts of your own"
            )


def _token_is_sendable(config: Config) -> Iterator[str]:
    if config.api_token is not None and not _is_header_safe(config.api_token.reveal()):
        yield "api_token: use visible ASCII characters without spaces, for it travels in a header"


def _is_header_safe(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


def _accounts_are_distinct(config: Config) -> Iterator[str]:
    for name in _twice(account.system_id for account in config.accounts):
        yield f"accounts: system_id {name} is there twice"
    for code in _twice(code for account in config.accounts for code in _owned(account)):
        yield f"accounts: {code} is owned by two accounts"


def _radio_is_the_gateways_own(config: Config) -> Iterator[str]:
    if config.account(RADIO) is not None:
        yield f"accounts: system_id {RADIO} is the gateway's own, for POST /mo; give yours another name"


def _http_applications_are_accounts_too(config: Config) -> Iterator[str]:
    names = [each.name for each in config.ussd_http]
    for name in _twice(names):
        yield f"ussd_http: name {name} is there twice"
    for name in sorted(set(names) & {RADIO, *(account.system_id for account in config.accounts)}):
        yield f"ussd_http: {name} is the system_id of an account; give the entry another name"
    own = [code for each in config.ussd_http for code in each.codes]
    for code in _twice(own):
        yield f"ussd_http: {code} is there twice"
    for code in sorted(set(own) & {code for account in config.accounts for code in account.ussd_codes}):
        yield f"ussd_http: {code} is owned by an account"


def _http_applications_answer_in_time(config: Config) -> Iterator[str]:
    """The deliver_sm that waits for the answer must not be given up before."""
    response_s = config.timers.response_s
    for each in config.ussd_http:
        if 0 < response_s <= each.timeout_s:
            yield (
                f"ussd_http: timeout_s of {each.name} is {each.timeout_s:g}; it must be less than "
                f"timers.response_s ({response_s:g})"
            )


def _owned(account: Account) -> tuple[str, ...]:
    return (*account.short_codes, *account.ussd_codes)


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _sides_have_their_own_fields(config: Config) -> Iterator[str]:
    for account in config.accounts:
        if account.side is Side.HANDSET and (_owned(account) or account.sender_ids):
            yield f"accounts: {account.system_id} is handset side; only applications own codes and names"
        if account.side is Side.APPLICATION and account.address_range:
            yield f"accounts: {account.system_id} is application side; address_range is for handset side"


#: The fields that mean nothing to the radio network, with the value that says so.
_APPLICATIONS_ONLY = {
    name: getattr(Account(system_id="", password=Secret(""), side=Side.APPLICATION), name)
    for name in (
        *("outbind", "outbind_password", "long_messages", "deliver_with"),
        *("receipt_format", "receipt_delay_s", "receipt_order"),
    )
}


def _handsets_lack_what_applications_have(config: Config) -> Iterator[str]:
    for account in config.accounts:
        for name, unset in _APPLICATIONS_ONLY.items():
            if account.side is Side.HANDSET and getattr(account, name) != unset:
                yield f"accounts: {account.system_id} is handset side; {name} is for application side"


def _one_way_to_prove(config: Config) -> Iterator[str]:
    for account in config.accounts:
        if bool(account.password) is bool(account.password_hash):
            yield f"accounts: {account.system_id} needs exactly one of password and password_hash"


def _tls_where_it_is_asked_for(config: Config) -> Iterator[str]:
    for account in config.accounts:
        if config.tls is None:
            for name in ("tls_required", "client_certificates"):
                if getattr(account, name):
                    yield f"accounts: {account.system_id} has {name}, and there is no [tls]"
        elif account.client_certificates and config.tls.client_ca is None:
            yield f"accounts: {account.system_id} has client_certificates, and tls.client_ca is not set"


def _tls_files_can_be_used(config: Config) -> Iterator[str]:
    if config.tls is not None:
        yield from problems_of_files(config.tls)


def _tls_has_a_port_of_its_own(config: Config) -> Iterator[str]:
    if config.tls is not None and config.tls.port and config.tls.port == config.smpp_port:
        yield f"tls.port and smpp_port are both {config.smpp_port}"


def _outbinds_are_plain(config: Config) -> Iterator[str]:
    """The gateway calls without TLS, so nobody could bind on that connection."""
    for account in config.accounts:
        if account.outbind and (account.tls_required or account.client_certificates):
            yield f"accounts: {account.system_id} has outbind, which has no TLS, and asks for TLS"
        if account.outbind_password and not account.outbind:
            yield f"accounts: {account.system_id} has outbind_password and no outbind"


def _lists_name_each_number_once(config: Config) -> Iterator[str]:
    for name, members in config.distribution_lists.items():
        for number in _twice(members):
            yield f"distribution_lists: {number} is twice in {name}"


def repeated_lists(names: Iterable[str]) -> Iterator[str]:
    """One line for each name that two distribution lists have."""
    for name in _twice(names):
        yield f"distribution_lists: {name} is there twice"


def _passwords_are_ascii(config: Config) -> Iterator[str]:
    for account in config.accounts:
        for name in ("password", "outbind_password"):
            if not _is_header_safe(getattr(account, name).reveal()):
                wrong = "has spaces or characters beyond visible ASCII"
                yield f"accounts: the {name} of {account.system_id} {wrong}"


def _mail_password_is_sent_to_nobody_else(config: Config) -> Iterator[str]:
    server = config.mail
    if server is None:
        return
    if bool(server.user) is not bool(server.password):
        yield "mail_user and mail_password belong together: set both, or none of them"
    if server.user and not server.starttls and not is_loopback(server.host):
        yield f"mail_password would go to {server.host} in the clear; set mail_starttls"


def _codes_are_no_subscribers(config: Config) -> Iterator[str]:
    for account in config.accounts:
        for name in (*account.short_codes, *account.sender_ids):
            if is_canonical(name):
                yield f"accounts: {name} is a subscriber's number; {account.system_id} cannot own it"


_RULES: tuple[Callable[[Config], Iterator[str]], ...] = (
    _open_api_needs_token,
    _open_smpp_needs_own_passwords,
    _token_is_sendable,
    _accounts_are_distinct,
    _radio_is_the_gateways_own,
    _http_applications_are_accounts_too,
    _http_applications_answer_in_time,
    _sides_have_their_own_fields,
    _handsets_lack_what_applications_have,
    _one_way_to_prove,
    _passwords_are_ascii,
    _tls_where_it_is_asked_for,
    _tls_files_can_be_used,
    _tls_has_a_port_of_its_own,
    _outbinds_are_plain,
    _lists_name_each_number_once,
    _mail_password_is_sent_to_nobody_else,
    _codes_are_no_subscribers,
)
