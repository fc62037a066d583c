"""Rules that join several settings: what one value allows depends on another."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from gateway.config import DEMO_ACCOUNTS, Account, Config, Side, is_loopback
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


def _passwords_are_ascii(config: Config) -> Iterator[str]:
    for account in config.accounts:
        if not _is_header_safe(account.password.reveal()):
            yield f"accounts: the password of {account.system_id} has characters beyond visible ASCII"


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
    _sides_have_their_own_fields,
    _passwords_are_ascii,
    _codes_are_no_subscribers,
)
