"""Codes as people really type them, and every reason to refuse one, by SMS and by USSD."""

from collections.abc import Callable

import pytest

from gateway.smpp.pdus import SubmitSmResp
from tests.e2e.conftest import Raw
from tests.e2e.control_api import ControlApi
from tests.e2e.raw_link import RawLink, segments

EN = "77781234567"
POSTPAID = "77751234567"
#: A card is good for 365 days (profiles/kz.toml).
YEAR_S = 365 * 86_400
HOUR_S = 3600
WRONG_CODES_MAX = 5

Enter = Callable[[str], str]


def _outcome(api: ControlApi, link: RawLink, response: SubmitSmResp) -> str:
    """The id of the text that the handset got."""
    assert response.command_status == 0
    link.delivery()
    (reply,) = api.whole(response.message_id)["replies"]
    return str(reply["text_id"])


@pytest.fixture
def link(raw: Raw) -> RawLink:
    """The English subscriber's handset."""
    return raw(address_range=EN)


@pytest.fixture
def by_sms(api: ControlApi, link: RawLink) -> Enter:
    """Sends a text to 9393; the answer's text id."""
    return lambda text: _outcome(api, link, link.submit(EN, "9393", text))


@pytest.fixture
def by_ussd(api: ControlApi, link: RawLink) -> Enter:
    """Dials ``*110*CODE#``; the screen's text id."""
    return lambda code: _outcome(api, link, link.dial(EN, f"*110*{code}#"))


@pytest.fixture(params=["sms", "ussd"])
def enter(request: pytest.FixtureRequest) -> Enter:
    """Both ways in, one after the other."""
    way: Enter = request.getfixturevalue(f"by_{request.param}")
    return way


@pytest.mark.parametrize(
    "form",
    ["{0} {1} {2} {3}", "{0}-{1}-{2}-{3}", "  {0}{1} - {2}{3} ", "{0}\u2013{1}\u2014{2}\u00a0{3}"],
)
def test_a_code_with_spaces_and_dashes_is_accepted(api: ControlApi, link: RawLink, form: str) -> None:
    """As it is printed on the card, or pasted with the dashes of a word processor."""
    (code,) = api.codes()
    text = form.format(code[:4], code[4:7], code[7:10], code[10:])
    response = link.submit(EN, "9393", data_coding=8, short_message=text.encode("utf-16-be"))
    assert _outcome(api, link, response) == "voucher.credited"


def test_a_dialled_code_with_spaces_and_dashes_is_accepted(api: ControlApi, by_ussd: Enter) -> None:
    """The same by USSD."""
    (code,) = api.codes()
    assert by_ussd(f"{code[:6]} {code[6:9]}-{code[9:]}") == "voucher.credited"


def test_a_code_in_full_width_digits_is_accepted(api: ControlApi, link: RawLink) -> None:
    """services.md section 0: full-width digits mean the same."""
    (code,) = api.codes()
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    response = link.submit(EN, "9393", data_coding=8, short_message=wide.encode("utf-16-be"))
    assert _outcome(api, link, response) == "voucher.credited"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (2, 1, 0)])
def test_a_code_in_three_parts_is_joined_in_whatever_order_they_come(
    api: ControlApi, link: RawLink, order: tuple[int, int, int]
) -> None:
    """One command, one answer, and only once all parts are there."""
    (code,) = api.codes()
    parts = segments(EN, "9393", code[:5], code[5:9], code[9:])
    for number in order:
        assert link.waiting() == []
        link.send(parts[number])
        assert link.expect(SubmitSmResp).command_status == 0
    assert link.delivery().short_message == b"500 KZT credited. Balance: 1,000 KZT."
    assert link.waiting() == []
    assert len(api.credits(EN)) == 1


def test_parts_that_never_become_a_whole_credit_nothing(api: ControlApi, link: RawLink) -> None:
    """The rest does not come: after a while the part is given up, and another message takes its reference."""
    code, other = api.codes(2)
    link.send(segments(EN, "9393", code[:5], code[5:])[0])
    link.expect(SubmitSmResp)
    api.advance(HOUR_S)
    for part in segments(EN, "9393", other[:5], other[5:]):
        link.send(part)
        link.expect(SubmitSmResp)
    assert b"credited" in link.delivery().short_message
    assert len(api.credits(EN)) == 1


@pytest.mark.parametrize(
    "typed", ["1", "123456789012", "12345678901234", "9" * 60, "CODE", "12345678901O3", "0x12345678901"]
)
def test_a_code_of_the_wrong_length_or_with_letters_is_malformed_and_no_wrong_code(
    api: ControlApi, enter: Enter, typed: str
) -> None:
    """It cannot be a guess, so however often it comes, voucher entry is not locked."""
    for _ in range(WRONG_CODES_MAX + 1):
        assert enter(typed) == "voucher.malformed"
    (code,) = api.codes()
    assert enter(code) == "voucher.credited"


def test_an_unknown_code_is_refused_and_credits_nothing(api: ControlApi, enter: Enter) -> None:
    """Thirteen digits that nobody printed."""
    assert enter("0000000000000") == "voucher.unknown"
    assert api.credits(EN) == []


def test_a_used_code_is_refused(api: ControlApi, enter: Enter) -> None:
    """Also when it was used by the same subscriber."""
    (code,) = api.codes()
    assert [enter(code), enter(code)] == ["voucher.credited", "voucher.used"]
    assert len(api.credits(EN)) == 1


def test_a_code_expires_after_a_year_and_not_a_second_earlier(api: ControlApi, enter: Enter) -> None:
    """The operator's clock is advanced by the control API."""
    api.virtual_clock()
    early, late = api.codes(2)
    api.advance(YEAR_S - 1)
    assert enter(early) == "voucher.credited"
    api.advance(1)
    assert enter(late) == "voucher.expired"
    assert len(api.credits(EN)) == 1


def test_five_wrong_codes_within_an_hour_lock_entry_for_an_hour(api: ControlApi, enter: Enter) -> None:
    """The lock ends by the operator's clock, to the second; before that the right code is refused too."""
    api.virtual_clock()
    (code,) = api.codes()
    said = [enter(f"000000000000{number}") for number in range(WRONG_CODES_MAX)]
    assert said == ["voucher.unknown"] * 4 + ["voucher.locked_now"]
    assert enter(code) == "voucher.locked"
    api.advance(HOUR_S - 1)
    assert enter(code) == "voucher.locked"
    api.advance(1)
    assert enter(code) == "voucher.credited"


def test_wrong_codes_count_together_on_all_ways(api: ControlApi, by_sms: Enter, by_ussd: Enter) -> None:
    """SMS, USSD and an agent's entry share one counter, and the lock holds on all of them."""
    agent = {"msisdn": EN, "code": "0000000000004", "owner_name": "Alan Brown"}
    assert [by_sms("0000000000000"), by_ussd("0000000000001"), by_sms("0000000000002")] == [
        "voucher.unknown"
    ] * 3
    assert api.http.post("/vouchers/redeem", json=agent).status_code == 422
    assert by_ussd("0000000000005") == "voucher.locked_now"
    (code,) = api.codes()
    assert by_sms(code) == "voucher.locked"
    refused = api.http.post("/vouchers/redeem", json=agent | {"code": code})
    assert (refused.status_code, refused.json()["code"]) == (429, "voucher.locked")


def test_wrong_codes_older_than_an_hour_are_forgotten(api: ControlApi, by_sms: Enter) -> None:
    """Four, an hour's pause, four more: no lock."""
    api.virtual_clock()
    for _ in range(2):
        assert [by_sms(f"000000000000{number}") for number in range(4)] == ["voucher.unknown"] * 4
        api.advance(HOUR_S)
    (code,) = api.codes()
    assert by_sms(code) == "voucher.credited"


def test_one_subscribers_lock_is_not_anothers(api: ControlApi, raw: Raw, by_sms: Enter) -> None:
    """Guessing locks the guesser only."""
    for number in range(WRONG_CODES_MAX):
        by_sms(f"000000000000{number}")
    (code,) = api.codes()
    other = raw(address_range=POSTPAID)
    assert _outcome(api, other, other.submit(POSTPAID, "9393", code)) == "voucher.credited"


def test_an_empty_message_is_answered_with_the_usage_and_changes_nothing(
    api: ControlApi, link: RawLink
) -> None:
    """Nothing, blanks, and words that are no command; by SMS to both services."""
    for destination, usage in (("9393", "voucher.usage"), ("6000", "account.usage")):
        for text in ("", "   "):
            assert _outcome(api, link, link.submit(EN, destination, text)) == usage
    assert _outcome(api, link, link.submit(EN, "6000", "HELLO WORLD")) == "account.usage"
    assert api.get(f"/subscribers/{EN}/history")[0]["reason"] != "voucher.redeem"


def test_an_unknown_service_code_is_told_on_a_screen(api: ControlApi, link: RawLink) -> None:
    """What nobody serves, and what is no dialled string at all."""
    for dialled in ("*999#", "*999*1*2#", "*#", "hello", "*100", ""):
        assert _outcome(api, link, link.dial(EN, dialled)) == "system.unknown_code", dialled


@pytest.mark.parametrize(
    ("status", "text_id"),
    [("blocked_outgoing", "voucher.credited"), ("debt", "voucher.credited"), ("blocked", "access.blocked")],
)
def test_who_is_blocked_two_way_cannot_redeem_and_who_is_in_debt_can(
    api: ControlApi, enter: Enter, status: str, text_id: str
) -> None:
    """services.md section 2: that is how people get out of it."""
    (code,) = api.codes()
    api.patch(EN, status=status)
    assert enter(code) == text_id
