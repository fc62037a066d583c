"""Printing scratch cards (control API, demo data). The codes are shown this once and kept as digests only."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handlers.base.command import Command, Secret
from handlers.base.context import Context
from handlers.base.outcome import Event, FieldError, Outcome, Text, refuse_fields
from handlers.base.service import Service
from rating.money import TIYN_PER_TENGE
from storage.model import AccountKind, AccountRef, VoucherBatch, transfer
from storage.needs import Needs
from storage.unit_of_work import UnitOfWork

NAME: Final = "voucher_admin"
COUNT_MAX: Final = 10_000
REASON_PRINT: Final = "voucher.print"
EVENT_PRINTED: Final = "voucher.printed"
#: The setting that holds the number of the last batch.
BATCH_NUMBER: Final = "voucher_batch_number"
_US_PER_DAY: Final = 86_400 * 1_000_000
#: Rounds of drawing anew what exists already; with 13 digits a second round is a rarity.
_ROUNDS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintVouchers(Command):
    """A batch of ``count`` cards of one face value. ``codes`` sets them (demo data), else they are drawn."""

    face_value_tiyn: int
    count: int
    codes: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedVoucher:
    """One card: what is printed on it."""

    serial: str
    code: Secret
    face_value_tiyn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedBatch:
    """The result: the batch and its cards, in order of their serial numbers."""

    batch: VoucherBatch
    vouchers: tuple[PrintedVoucher, ...]


class CodeSpaceError(Exception):
    """Draws kept hitting codes that exist: the code space is full, or the randomness is broken."""


def print_vouchers(command: PrintVouchers, uow: UnitOfWork, context: Context) -> Outcome:
    """Make the batch and book what its cards are worth. All wrong fields are refused at once."""
    wrong = _wrong_fields(command, context)
    if not wrong and command.codes and len(_fresh(command.codes, uow, context)) < command.count:
        wrong = (FieldError("codes", Text("voucher.code_taken")),)
    if wrong:
        return refuse_fields("voucher.invalid_batch", wrong)
    codes = command.codes or _draw(command.count, uow, context)
    batch = _new_batch(command, uow, context)
    serials = [f"{batch.id}-{number:05d}" for number in range(1, command.count + 1)]
    digests = [context.digest(code.reveal()) for code in codes]
    uow.vouchers.add_batch(batch, list(zip(serials, digests, strict=True)))
    seq = _book(command, batch, uow)
    cards = tuple(
        PrintedVoucher(serial=serial, code=code, face_value_tiyn=batch.face_value_tiyn)
        for serial, code in zip(serials, codes, strict=True)
    )
    data = {"batch": batch.id, "count": batch.count, "face_value_tiyn": batch.face_value_tiyn}
    return Outcome(
        events=(Event(kind=EVENT_PRINTED, data=data),),
        journal_seq=seq,
        result=PrintedBatch(batch=batch, vouchers=cards),
    )


def _wrong_fields(command: PrintVouchers, context: Context) -> tuple[FieldError, ...]:
    profile, wrong = context.profile, []
    if command.face_value_tiyn not in profile.voucher_face_values_tiyn:
        values = ", ".join(str(each // TIYN_PER_TENGE) for each in profile.voucher_face_values_tiyn)
        wrong.append(FieldError("face_value_tiyn", Text("voucher.face_value", {"values": values})))
    if not 1 <= command.count <= COUNT_MAX:
        wrong.append(FieldError("count", Text("voucher.count", {"most": COUNT_MAX})))
    if command.codes and not _are_well_formed(command, profile.voucher_code_digits):
        text = Text("voucher.codes", {"digits": profile.voucher_code_digits, "count": command.count})
        wrong.append(FieldError("codes", text))
    return tuple(wrong)


def _are_well_formed(command: PrintVouchers, digits: int) -> bool:
    plain = [code.reveal() for code in command.codes]
    return len(set(plain)) == len(plain) == command.count and all(
        len(code) == digits and code.isascii() and code.isdigit() for code in plain
    )


def _draw(count: int, uow: UnitOfWork, context: Context) -> tuple[Secret, ...]:
    """Codes that are new here and in the store; the first digit may be zero. Collisions are drawn again."""
    digits = context.profile.voucher_code_digits
    drawn: dict[Secret, None] = {}
    for _ in range(_ROUNDS_MAX):
        wanted = count - len(drawn)
        if not wanted:
            return tuple(drawn)
        draws = tuple(Secret(context.random_digits(digits)) for _ in range(wanted))
        drawn.update(_fresh(draws, uow, context))
    raise CodeSpaceError(f"no {count} free codes after {_ROUNDS_MAX} rounds of drawing")


def _fresh(codes: tuple[Secret, ...], uow: UnitOfWork, context: Context) -> dict[Secret, None]:
    """Those of the codes that the store has not yet, each once, in order. Read at once."""
    digests = {code: context.digest(code.reveal()) for code in codes}
    uow.prefetch(Needs(voucher_digests=frozenset(digests.values())))
    return {code: None for code, digest in digests.items() if uow.vouchers.by_digest(digest) is None}


def _new_batch(command: PrintVouchers, uow: UnitOfWork, context: Context) -> VoucherBatch:
    number = int(uow.settings.get(BATCH_NUMBER) or 0) + 1
    uow.settings.put(BATCH_NUMBER, str(number))
    return VoucherBatch(
        id=f"{number:06d}",
        face_value_tiyn=command.face_value_tiyn,
        count=command.count,
        created_us=context.now_us,
        expires_us=context.now_us + context.profile.voucher_validity_days * _US_PER_DAY,
    )


def _book(command: PrintVouchers, batch: VoucherBatch, uow: UnitOfWork) -> int:
    """What the cards are worth is owed to whoever will use them (invariant L9)."""
    sales = AccountRef(AccountKind.VOUCHER_SALES)
    liability = AccountRef(AccountKind.VOUCHER_LIABILITY, batch.id)
    origin, amount_tiyn = command.origin, batch.face_value_tiyn * batch.count
    return uow.ledger.post(
        transfer(
            sales, liability, amount_tiyn, reason=REASON_PRINT, source=origin.source_id, actor=origin.acting
        )
    )


SERVICE: Final = Service(name=NAME, handlers=MappingProxyType({PrintVouchers: print_vouchers}))
