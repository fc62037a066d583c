"""Collect call as it is asked for, by voice and by USSD; refused requests; what the other operator's hear."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pytest

from handlers.base.command import Channel
from handlers.base.grammar import Usage
from handlers.base.outcome import Outcome
from handlers.collect_call import (
    JOB_CALL_BACK,
    AskCollect,
    CallBack,
    CollectAsked,
    CountRefused,
)
from rating.msisdn import EMERGENCY, Msisdn
from rating.subscriber import Billing, Status
from storage.model import Job
from storage.store import Store
from tests.handlers.conftest import ZONE, Desk

ALIYA, BOLAT, OFF_NET = Msisdn("77011234567"), Msisdn("77021234567"), Msisdn("77051234567")
HOUR_S: Final = 3600


@pytest.fixture(autouse=True)
def pair(desk: Desk) -> None:
    """Aliya, who has nothing, and Bolat, who has 100 KZT."""
    desk.subscribe(ALIYA)
    desk.subscribe(BOLAT, opening_kzt=100)


def asked(desk: Desk, called: str = BOLAT, msisdn: str = ALIYA) -> Outcome:
    """A call to 000 and a number."""
    return desk.run(AskCollect(origin=desk.origin(Channel.VOICE, msisdn, "000"), called=called))


def refuse(desk: Desk, times: int = 1, every_s: float = 0) -> Outcome:
    """So many requests of Aliya's are refused; the last outcome."""
    outcome = Outcome()
    for number in range(times):
        desk.wait(every_s if number else 0)
        outcome = desk.run(CountRefused(origin=desk.origin(Channel.VOICE, ALIYA, "000"), called=BOLAT))
    return outcome


def said(outcome: Outcome) -> list[tuple[str, str, bool]]:
    """What goes out: text id, to whom, and whether by SMS."""
    return [(reply.text.id, reply.to or "", reply.by_sms) for reply in outcome.replies]


def jobs(desk: Desk) -> Sequence[Job]:
    """What is due by now."""
    return desk.do(lambda uow, _: uow.jobs.due(desk.now_us, 10))


def clock(desk: Desk, *at: int) -> None:
    """Set the operator's clock to a local time."""
    desk.now_us = int(datetime(*at, tzinfo=ZONE).timestamp()) * 1_000_000  # type: ignore[misc,arg-type]  # numbers


# -- asking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("called", [BOLAT, "87021234567", "8 702 123-45-67", "+77021234567"])
def test_a_good_request_says_whom_to_ring_and_nothing_to_the_caller(desk: Desk, called: str) -> None:
    outcome = asked(desk, called)
    assert outcome.result == CollectAsked(called=BOLAT, is_friend=False)
    assert said(outcome) == []


def test_a_friend_is_put_through_as_one(desk: Desk) -> None:
    desk.sms("6010", f"31 {ALIYA}", BOLAT)
    assert asked(desk).result == CollectAsked(called=BOLAT, is_friend=True)


def test_whoever_is_below_zero_or_in_debt_may_ask(desk: Desk) -> None:
    desk.subscribe("77017654321", opening_kzt=0, billing=Billing.POSTPAID, status=Status.DEBT)
    desk.spend(500, "77017654321")
    assert desk.balance("77017654321") < 0
    assert asked(desk, msisdn="77017654321").word == "ok"


def test_a_postpaid_party_pays_up_to_the_credit_limit(desk: Desk) -> None:
    postpaid = desk.subscribe("77022223344", billing=Billing.POSTPAID).msisdn
    desk.spend(9_999, postpaid)
    assert asked(desk, postpaid).word == "ok"
    desk.spend(1, postpaid)
    assert asked(desk, postpaid).word == "collect.cannot_pay"


@pytest.mark.parametrize(
    ("called", "text"),
    [
        ("", "collect.no_number"),
        ("  ", "collect.no_number"),
        ("112", "collect.emergency"),
        ("7000", "collect.bad_number"),
        ("78121234567", "collect.bad_number"),
        ("8702123456", "collect.bad_number"),
        ("*133#", "collect.bad_number"),
        ("9" * 4096, "collect.bad_number"),
    ],
)
def test_what_is_no_mobile_number_is_told_so(desk: Desk, called: str, text: str) -> None:
    outcome = asked(desk, called)
    assert outcome.word == "collect.bad_number"
    assert said(outcome) == [(text, "", False)]


def test_an_emergency_number_is_said_again_so_that_it_can_be_dialled(desk: Desk) -> None:
    for number in EMERGENCY:
        assert asked(desk, number).replies[0].text.params["number"] == number


def test_oneself_cannot_be_called(desk: Desk) -> None:
    assert asked(desk, "87011234567").word == "collect.self"


def test_an_off_net_party_gets_one_notice_in_ten_minutes_however_often_it_is_called(desk: Desk) -> None:
    told = ("collect.missed_call", OFF_NET, True)
    assert told in said(asked(desk, OFF_NET))
    desk.wait(599)
    again = asked(desk, OFF_NET)
    assert (again.word, said(again)) == ("collect.off_net", [("collect.off_net", "", False)])
    desk.wait(1)
    assert told in said(asked(desk, OFF_NET))


def test_an_off_net_party_is_not_called_but_learns_who_did(desk: Desk) -> None:
    outcome = asked(desk, OFF_NET)
    assert outcome.word == "collect.off_net"
    assert said(outcome) == [("collect.off_net", "", False), ("collect.missed_call", OFF_NET, True)]
    assert outcome.replies[1].sender == "6010"
    assert outcome.replies[1].text.params["number"] == ALIYA


def test_a_number_that_was_ported_in_is_on_net(desk: Desk) -> None:
    desk.subscribe(OFF_NET, opening_kzt=10)
    assert asked(desk, OFF_NET).result == CollectAsked(called=OFF_NET, is_friend=False)


def test_a_party_that_spends_its_last_money_can_pay_no_more(desk: Desk) -> None:
    desk.spend(100, BOLAT)
    assert asked(desk).word == "collect.cannot_pay"


# -- by USSD ---------------------------------------------------------------------------------------


def called_back(desk: Desk, number: str = BOLAT) -> Outcome:
    """``*133*NUMBER#``."""
    return desk.run(CallBack(origin=desk.origin(Channel.USSD, ALIYA, "*133"), number=number))


def test_the_network_calls_back_at_once(desk: Desk) -> None:
    outcome = called_back(desk)
    assert said(outcome) == [("collect.will_call", "", False)]
    (job,) = jobs(desk)
    assert (job.kind, job.due_us) == (JOB_CALL_BACK, desk.now_us)
    place = {"service": "collect_call", "way": "*133", "sender": "6010"}
    assert job.payload == {"msisdn": ALIYA, "number": BOLAT, **place}


def test_asking_again_before_the_call_replaces_the_number(desk: Desk) -> None:
    desk.subscribe("77022223344", opening_kzt=1)
    called_back(desk)
    called_back(desk, "77022223344")
    assert [job.payload["number"] for job in jobs(desk)] == ["77022223344"]


def test_a_request_that_is_refused_calls_nobody_back(desk: Desk) -> None:
    outcome = called_back(desk, OFF_NET)
    assert said(outcome) == [("collect.off_net", "", False), ("collect.missed_call", OFF_NET, True)]
    desk.change(BOLAT, roaming=True)
    assert called_back(desk).word == "collect.called_away"
    assert list(jobs(desk)) == []


def test_whoever_may_not_dial_service_codes_may_still_call_000(desk: Desk) -> None:
    desk.change(ALIYA, ussd_barred=True)
    assert called_back(desk).word == "access.ussd_barred"
    assert asked(desk).word == "ok"


def test_what_is_dialled_is_read_by_the_menu_and_not_by_rules(desk: Desk) -> None:
    assert isinstance(desk.dial("*133*911#"), Usage)


# -- refused requests ------------------------------------------------------------------------------


def test_nine_refused_requests_lead_to_nothing_and_the_tenth_suspends_for_an_hour(desk: Desk) -> None:
    assert said(refuse(desk, 9)) == []
    assert asked(desk).word == "ok"
    outcome = refuse(desk)
    assert said(outcome) == [("collect.suspended_now", ALIYA, True)]
    assert outcome.replies[0].sender == "6010"
    assert [event.kind for event in outcome.events] == ["collect.suspended"]
    assert asked(desk).word == called_back(desk).word == "collect.suspended"
    assert f"{asked(desk).replies[0].text.params['until']:%H:%M}" == "13:00"
    desk.wait(HOUR_S - 0.000001)
    assert asked(desk).word == "collect.suspended"
    desk.wait(0.000001)
    assert asked(desk).word == "ok"
    assert said(refuse(desk, 9)) == []


def test_ten_refused_requests_over_more_than_an_hour_lead_to_nothing(desk: Desk) -> None:
    assert said(refuse(desk, 29, every_s=401)) == []
    assert asked(desk).word == "ok"


def test_the_thirtieth_of_a_calendar_day_suspends_until_midnight(desk: Desk) -> None:
    clock(desk, 2025, 3, 14, 8, 0)
    refuse(desk, 30, every_s=600)
    assert f"{asked(desk).replies[0].text.params['until']:%d.%m %H:%M}" == "15.03 00:00"
    clock(desk, 2025, 3, 14, 23, 59, 59)
    assert asked(desk).word == "collect.suspended"
    clock(desk, 2025, 3, 15)
    assert asked(desk).word == "ok"
    assert said(refuse(desk, 9)) == [], "yesterday's are forgotten"


def test_a_day_ends_at_midnight_of_the_operators_calendar_also_where_it_has_25_hours(desk: Desk) -> None:
    """Almaty put its clocks back by an hour at midnight of 2024-03-01 (tz database, Asia/Almaty)."""
    clock(desk, 2024, 2, 29, 8, 0)
    refuse(desk, 30, every_s=600)
    until = asked(desk).replies[0].text.params["until"]
    assert isinstance(until, datetime)
    assert f"{until:%d.%m %H:%M %z}" == "01.03 00:00 +0500"


def test_others_are_not_suspended(desk: Desk) -> None:
    desk.subscribe("77017654321")
    refuse(desk, 10)
    assert asked(desk, msisdn="77017654321").word == "ok"


def test_the_count_outlives_a_restart(desk: Desk, tmp_path: object) -> None:
    refuse(desk, 9)
    desk.store.close()
    desk.store = Store.open(f"sqlite:///{tmp_path}/desk.db")
    assert said(refuse(desk)) == [("collect.suspended_now", ALIYA, True)]
