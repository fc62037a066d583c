"""What ``shortcode demo`` prints when it is ready: pure text from data."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from gateway.config import Account, Side

#: Where the handset looks by itself, and as whom.
_USUAL_SMPP = "127.0.0.1:2775"
_USUAL_HTTP = "127.0.0.1:8080"
_USUAL_PROOF = "handset:handset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """A demo subscriber as the banner shows it: ``balance`` in tenge, ``500.00``; ``card`` in four digits.

    ``bank_phone`` is what is typed on a call to 7000: the identifier, and the password while it is the first.
    """

    msisdn: str
    brand: str
    billing: str
    language: str
    balance: str
    card: str = ""
    bank_phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoVoucher:
    """An unused voucher; ``code`` in the clear, for the demo's vouchers are there to be tried."""

    code: str
    face_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """All that the banner tells. ``smpp`` and ``http`` are host:port, as really listened on; ``command`` is
    how the command line is called from where the demo was started (``.venv/bin/shortcode``).
    """

    smpp: str
    http: str
    data_dir: str
    accounts: Sequence[Account]
    handsets: Sequence[Handset]
    vouchers: Sequence[DemoVoucher]
    command: str = "shortcode"


def banner(demo: Demo) -> str:
    """The whole banner, lines of at most 100 characters for usual addresses, ending in a newline."""
    blocks = (_head(demo), _accounts(demo), _handsets(demo), _vouchers(demo), _things_to_try(demo))
    return "\n\n".join(block for block in blocks if block) + "\n\n  Ctrl-C stops it.\n"


def _head(demo: Demo) -> str:
    rows = (
        ("SMPP", f"smpp://{demo.smpp}"),
        ("Control API", f"http://{demo.http}/api/v1"),
        ("API reference", f"http://{demo.http}/docs"),
        ("Bank's side", f"http://{demo.http}/bank"),
        ("Cash terminal", f"http://{demo.http}/terminal"),
        ("Parking", f"http://{demo.http}/parking"),
        ("Data", demo.data_dir),
    )
    return "\n".join(["  Shortcode: an operator in a box", *_table(rows)])


def _accounts(demo: Demo) -> str:
    rows = [(each.system_id, each.password.reveal() or "(hashed)", _role(each)) for each in demo.accounts]
    return "\n".join(["  SMPP accounts (system_id, password)", *_table(rows)])


def _role(account: Account) -> str:
    if account.side is Side.HANDSET:
        return "handset side"
    codes = (*account.short_codes, *(f"{code}#" for code in account.ussd_codes), *account.sender_ids)
    return "application, owns " + ", ".join(codes) if codes else "application"


def _handsets(demo: Demo) -> str:
    rows = [
        (
            each.msisdn,
            each.brand,
            each.billing,
            each.language,
            f"{each.balance} KZT",
            _card(each),
            each.bank_phone and f"7000: {each.bank_phone}",
        )
        for each in demo.handsets
    ]
    return "\n".join([_handsets_title(demo), *_table(rows)]) if rows else ""


def _card(handset: Handset) -> str:
    return handset.card and f"bank card ****{handset.card}"


def _handsets_title(demo: Demo) -> str:
    """The demo's handsets bind with a password that they can read, or not at all."""
    if _handset_account(demo) is not None:
        return "  Handsets"
    return "  Handsets (all off: no account of the handset side has a password that is not hashed)"


def _vouchers(demo: Demo) -> str:
    rows = [(each.code, f"{each.face_value} KZT") for each in demo.vouchers]
    return "\n".join(["  Unused vouchers", *_table(rows)]) if rows else ""


def _things_to_try(demo: Demo) -> str:
    msisdn = demo.handsets[0].msisdn if demo.handsets else "77011234567"
    card = (demo.handsets and demo.handsets[0].card) or "NNNN"
    code = demo.vouchers[0].code if demo.vouchers else "CODE"
    second = demo.vouchers[1].code if len(demo.vouchers) > 1 else code
    api = f"http://{demo.http}/api/v1"
    rows = (
        ("1", "another terminal:", f"{demo.command} handset {msisdn} --plain{_target(demo)}{_http(demo)}"),
        ("2", "redeem a voucher:", f"sms 9393 {code}"),
        ("3", "the same by USSD:", f"dial *110*{second}#"),
        ("4", "pay by bank card:", f"sms 8080 07 {card} 100"),
        ("5", "where money went:", f"curl {api}/subscribers/{msisdn}/history"),
    )
    return "\n".join(["  Five things to try (1 opens a handset; type 2, 3 and 4 into it)", *_table(rows)])


def _target(demo: Demo) -> str:
    account = _handset_account(demo)
    if account is None:
        return f" --target smpp://SYSTEM_ID:PASSWORD@{demo.smpp}"
    proof = f"{quote(account.system_id, safe='')}:{quote(account.password.reveal(), safe='')}"
    return (
        "" if (proof, demo.smpp) == (_USUAL_PROOF, _USUAL_SMPP) else f" --target smpp://{proof}@{demo.smpp}"
    )


def _http(demo: Demo) -> str:
    """Where the handset calls; it looks at the usual port beside its SMPP target by itself."""
    return "" if demo.http == _USUAL_HTTP else f" --http http://{demo.http}"


def _handset_account(demo: Demo) -> Account | None:
    return next((each for each in demo.accounts if each.side is Side.HANDSET and each.password), None)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["    " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
