"""Printing scratch cards."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from handlers.base.context import Context
from handlers.voucher_admin import COUNT_MAX, CodeSpaceError, print_vouchers
from rating.money import tenge
from storage.model import AccountKind, AccountRef, VoucherState
from storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk


class TestPrinting:
    def test_gives_as_many_cards_as_asked_with_thirteen_digits_each(self, desk: "Desk") -> None:
        printed = desk.print(count=50, face_kzt=2000)
        codes = {card.code.reveal() for card in printed.vouchers}
        assert len(codes) == 50
        assert all(len(code) == 13 and code.isdigit() for code in codes)
        assert {card.face_value_tiyn for card in printed.vouchers} == {tenge(2000).tiyn}

    def test_serials_are_numbered_within_their_batch(self, desk: "Desk") -> None:
        serials = [card.serial for card in desk.print(2).vouchers + desk.print(1).vouchers]
        assert serials == ["000001-00001", "000001-00002", "000002-00001"]

    def test_books_what_the_cards_are_worth_as_a_liability(self, desk: "Desk") -> None:
        printed = desk.print(count=3, face_kzt=1000)
        assert desk.liability(printed.batch) == tenge(3000).tiyn
        assert desk.account(AccountRef(AccountKind.VOUCHER_SALES)) == -tenge(3000).tiyn

    def test_keeps_the_digest_of_a_code_and_when_it_ends(self, desk: "Desk") -> None:
        printed = desk.print()
        digest = desk.context().digest(printed.vouchers[0].code.reveal())
        voucher = desk.do(lambda uow, _: uow.vouchers.by_digest(digest))
        assert voucher is not None
        assert (voucher.serial, voucher.state) == ("000001-00001", VoucherState.UNUSED)
        assert voucher.batch.expires_us == desk.now_us + 365 * 86_400 * 1_000_000

    def test_codes_stay_out_of_representations_and_events(self, desk: "Desk") -> None:
        outcome = desk.run(desk.print_command(codes=("1234567890123",)))
        assert "1234567890123" not in f"{outcome!r}{outcome.result!r}{outcome.events!r}"

    def test_takes_given_codes_in_their_order(self, desk: "Desk") -> None:
        codes = ("0000000000017", "0000000000002")
        assert [card.code.reveal() for card in desk.print(2, codes=codes).vouchers] == list(codes)

    def test_the_largest_batch(self, desk: "Desk") -> None:
        assert len({card.code for card in desk.print(COUNT_MAX).vouchers}) == COUNT_MAX


class TestCollisions:
    def test_codes_that_exist_here_or_in_the_store_are_drawn_again(self, desk: "Desk") -> None:
        """The drum repeats itself: twice the same, then one that is printed already, then new ones."""
        old = desk.cards()[0]
        drum = iter([old, "1" * 13, "1" * 13, "2" * 13, "1" * 13, "3" * 13])

        def step(uow: UnitOfWork, context: Context) -> object:
            return print_vouchers(
                desk.print_command(3), uow, replace(context, random_digits=lambda _count: next(drum))
            ).result

        printed = desk.do(step)
        codes = {card.code.reveal() for card in printed.vouchers}  # type: ignore[attr-defined]  # a PrintedBatch
        assert codes == {"1" * 13, "2" * 13, "3" * 13}

    def test_a_drum_that_is_stuck_is_a_bug_and_no_endless_loop(self, desk: "Desk") -> None:
        def step(uow: UnitOfWork, context: Context) -> object:
            return print_vouchers(
                desk.print_command(2), uow, replace(context, random_digits=lambda count: "7" * count)
            )

        with pytest.raises(CodeSpaceError):
            desk.do(step)


class TestRefusals:
    @pytest.mark.parametrize(
        ("count", "face_kzt", "codes", "fields"),
        [
            (0, 500, (), ["count"]),
            (-1, 500, (), ["count"]),
            (COUNT_MAX + 1, 500, (), ["count"]),
            (1, 501, (), ["face_value_tiyn"]),
            (1, 0, (), ["face_value_tiyn"]),
            (0, -500, (), ["face_value_tiyn", "count"]),
            (2, 500, ("1" * 13,), ["codes"]),
            (2, 500, ("1" * 13, "1" * 13), ["codes"]),
            (1, 500, ("1" * 12,), ["codes"]),
            (1, 500, ("１" * 13,), ["codes"]),
            (0, 1, ("1",), ["face_value_tiyn", "count", "codes"]),
        ],
    )
    def test_wrong_fields_are_said_all_at_once_and_nothing_is_printed(
        self, desk: "Desk", count: int, face_kzt: int, codes: tuple[str, ...], fields: list[str]
    ) -> None:
        outcome = desk.run(desk.print_command(count, face_kzt, codes))
        assert outcome.refusal is not None
        assert outcome.word == "voucher.invalid_batch"
        assert [wrong.field for wrong in outcome.refusal.fields] == fields
        assert desk.account(AccountRef(AccountKind.VOUCHER_SALES)) == 0

    def test_given_codes_that_exist_are_refused(self, desk: "Desk") -> None:
        desk.print(codes=("1" * 13,))
        outcome = desk.run(desk.print_command(2, codes=("1" * 13, "2" * 13)))
        assert outcome.refusal is not None
        assert [wrong.text.id for wrong in outcome.refusal.fields] == ["voucher.code_taken"]
