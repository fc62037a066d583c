"""``/calls``: filters, waiting, what is shown of one, and the CSV."""

import asyncio
import csv
from io import StringIO
from typing import Any, TypeAlias

import pytest

from handlers.base.call_charge import segments_json
from rating.msisdn import Msisdn
from rating.tariff import Segment
from storage.call_model import (
    Call,
    CallTurn,
    Cause,
    Leg,
    LegState,
    TurnKind,
)
from storage.call_views import CallFilter, CallView
from storage.model import Direction
from storage.views import PostingView

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
PATH = "/api/v1/calls"
NOW_US = 1_772_337_600_000_000  # 2026-03-01T09:00:00+05:00
S = 1_000_000
ID = "0192" + "c" * 28
ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")


class Reads:
    """The reads of calls that the fake operator's reads get."""

    def __init__(self, *calls: Call) -> None:
        self.kept = list(calls)
        self.asked: list[CallFilter] = []

    def calls(self, wanted: CallFilter) -> list[Call]:
        self.asked.append(wanted)
        return self.kept


def a_call(**changes: object) -> Call:
    """A collect call of 61 seconds, of which Bolat paid each."""
    legs = (
        Leg(
            ID,
            0,
            ALIYA,
            Direction.MO,
            LegState.RELEASED,
            NOW_US,
            0,
            NOW_US + S,
            NOW_US + 20 * S,
            NOW_US + 81 * S,
            "hangup",
        ),
        Leg(
            ID,
            1,
            BOLAT,
            Direction.MT,
            LegState.RELEASED,
            NOW_US + 5 * S,
            lost_us=NOW_US + 80 * S,
            cause="lost",
        ),
    )
    call = Call(
        id=ID,
        service="collect_call",
        caller=ALIYA,
        called=BOLAT,
        way="000",
        began_us=NOW_US,
        legs=legs,
        name="Aliya",
        payer=BOLAT,
        tariff="collect_call",
        hold_id="h" * 32,
        bridged_us=NOW_US + 20 * S,
        covered_us=NOW_US + 140 * S,
        ended_us=NOW_US + 81 * S,
        ended="hangup",
        duration_s=61,
        charge_tiyn=1107,
        journal_seq=7,
        rating=segments_json(
            [Segment("1", NOW_US + 20 * S, 31, 1500, 775), Segment("2", NOW_US + 51 * S, 30, 700, 350)]
        ),
    )
    return call._replace(**changes)  # type: ignore[arg-type]  # its own names


@pytest.fixture
def reads(operator: Operator) -> Reads:
    reads = Reads(a_call())
    operator.reads.calls = reads.calls
    return reads


# -- the list --------------------------------------------------------------------------------------


def test_filters_reach_the_store_in_its_own_form(client: Client, reads: Reads) -> None:
    query = (
        "?msisdn=87011234567&caller=%2B77011234567&called=8+702+123+45+67&service=collect_call"
        "&reason=No_Money&open=false&since=2026-03-01T09:00:00%2B05:00&limit=7"
    )
    assert client.get(PATH + query).status_code == 200
    assert reads.asked == [
        CallFilter(
            msisdn=ALIYA,
            caller=ALIYA,
            called=BOLAT,
            service="collect_call",
            ended=Cause.NO_MONEY,
            is_open=False,
            since_us=NOW_US,
            limit=7,
        )
    ]


def test_a_service_can_be_the_called_party(client: Client, reads: Reads) -> None:
    client.get(PATH + "?called=7000&open=true")
    assert reads.asked == [CallFilter(called="7000", is_open=True)]


@pytest.mark.parametrize(
    "query",
    [
        "msisdn=12",
        "caller=7000",
        "called=" + "1" * 41,
        "called=1%00",
        "service=Robert'--",
        "reason=lonely",
        "reason=",
        "open=maybe",
        "since=monday",
        "limit=0",
        "limit=1001",
        "wait=61s",
        "wait=x",
        "state=open",
    ],
)
def test_a_wrong_filter_is_422_and_names_itself(client: Client, query: str) -> None:
    answer = client.get(f"{PATH}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [each["field"] for each in answer.json()["errors"]] == [query.partition("=")[0]]


def test_a_call_is_shown_with_its_legs(client: Client, reads: Reads) -> None:
    assert len(reads.kept[0].legs) == 2
    assert client.get(PATH).json() == [
        {
            "id": ID,
            "service": "collect_call",
            "way": "000",
            "caller": ALIYA,
            "called": BOLAT,
            "name": "Aliya",
            "state": "ended",
            "reason": "hangup",
            "began": "2026-03-01T09:00:00+05:00",
            "connected": "2026-03-01T09:00:20+05:00",
            "ended": "2026-03-01T09:01:21+05:00",
            "duration_s": 61,
            "charge": "11.07",
            "payer": BOLAT,
            "tariff": "collect_call",
            "legs": [
                {
                    "number": 0,
                    "msisdn": ALIYA,
                    "direction": "mo",
                    "state": "released",
                    "began": "2026-03-01T09:00:00+05:00",
                    "alerting": None,
                    "answered": "2026-03-01T09:00:01+05:00",
                    "connected": "2026-03-01T09:00:20+05:00",
                    "lost": None,
                    "ended": "2026-03-01T09:01:21+05:00",
                    "reason": "hangup",
                },
                {
                    "number": 1,
                    "msisdn": BOLAT,
                    "direction": "mt",
                    "state": "released",
                    "began": "2026-03-01T09:00:05+05:00",
                    "alerting": None,
                    "answered": None,
                    "connected": None,
                    "lost": "2026-03-01T09:01:20+05:00",
                    "ended": None,
                    "reason": "lost",
                },
            ],
        }
    ]


def test_waiting_ends_with_the_commit_that_brings_a_match(
    client: Client, operator: Operator, reads: Reads
) -> None:
    found, reads.kept = reads.kept, []

    async def story() -> Any:
        async with client.asgi() as http:
            asked = asyncio.ensure_future(http.get(PATH + "?wait=60s"))
            while not reads.asked:
                await asyncio.sleep(0)
            reads.kept = found
            operator.committed.set()
            return await asyncio.wait_for(asked, 10)

    assert [each["id"] for each in asyncio.run(story()).json()] == [ID]
    assert len(reads.asked) == 2


# -- one -------------------------------------------------------------------------------------------


def whole(client: Client, operator: Operator, view: CallView) -> Any:
    operator.reads.call = lambda call_id: view if call_id == ID else None
    answer = client.get(f"{PATH}/{ID}")
    assert answer.status_code == 200
    return answer.json()


def test_one_call_shows_what_was_heard_and_pressed_and_how_it_was_rated(
    client: Client, operator: Operator
) -> None:
    view = CallView(
        a_call(),
        (
            CallTurn(ID, 0, 1, NOW_US + 10 * S, TurnKind.PROMPT, "Aliya calls", "collect.announce"),
            CallTurn(ID, 1, 1, NOW_US + 12 * S, TurnKind.KEYS, "***"),
        ),
        (
            PostingView(seq=7, line=0, account=f"main:{BOLAT}", amount_tiyn=-1107, balance_after_tiyn=0),
            PostingView(
                seq=7, line=1, account="revenue:collect_call", amount_tiyn=954, balance_after_tiyn=954
            ),
            PostingView(
                seq=7, line=2, account="vat_payable:operator", amount_tiyn=153, balance_after_tiyn=153
            ),
        ),
    )
    shown = whole(client, operator, view)
    assert [(each["kind"], each["leg"], each["text"], each["text_id"]) for each in shown["turns"]] == [
        ("prompt", 1, "Aliya calls", "collect.announce"),
        ("keys", 1, "***", ""),
    ]
    assert shown["turns"][0]["at"] == "2026-03-01T09:00:10+05:00"
    assert [
        (each["version"], each["seconds"], each["per_minute"], each["charge"]) for each in shown["rating"]
    ] == [
        ("1", 31, "15.00", "7.75"),
        ("2", 30, "7.00", "3.50"),
    ]
    assert shown["rating"][1]["began"] == "2026-03-01T09:00:51+05:00"
    assert shown["tax"] == {"net": "9.54", "vat": "1.53"}
    assert [each["amount"] for each in shown["postings"]] == ["-11.07", "9.54", "1.53"]
    assert shown["hold"] is None


def test_a_call_in_progress_shows_the_hold_that_covers_it(client: Client, operator: Operator) -> None:
    call = a_call(ended="", ended_us=0, duration_s=0, charge_tiyn=0, journal_seq=None, rating="")
    shown = whole(client, operator, CallView(call, (), ()))
    assert shown["hold"] == {"id": "h" * 32, "covered": "2026-03-01T09:02:20+05:00"}
    assert (shown["state"], shown["reason"], shown["ended"], shown["charge"]) == ("open", "", None, "0.00")
    assert (shown["tax"], shown["rating"], shown["postings"]) == (None, [], [])


@pytest.mark.parametrize("call_id", ["0" * 32, "a%00b", "..", "x' OR 1=1"])
def test_an_unknown_call_is_404(client: Client, operator: Operator, call_id: str) -> None:
    operator.reads.call = lambda _: None
    answer = client.get(f"{PATH}/{call_id}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


# -- CSV -------------------------------------------------------------------------------------------


def test_the_sheet_has_a_row_for_each_call(client: Client, reads: Reads) -> None:
    reads.kept.append(
        a_call(id="b", bridged_us=0, ended_us=0, ended="", duration_s=0, charge_tiyn=0, rating="")
    )
    answer = client.get(PATH + ".csv?service=collect_call")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    assert reads.asked == [CallFilter(service="collect_call", limit=10_000)]
    assert answer.text.splitlines()[0].endswith("\r\n") is False
    assert answer.text.count("\r\n") == 3
    first, second = csv.DictReader(StringIO(answer.text))
    assert first == {
        "id": ID,
        "service": "collect_call",
        "way": "000",
        "caller": ALIYA,
        "called": BOLAT,
        "name": "Aliya",
        "began": "2026-03-01T09:00:00+05:00",
        "connected": "2026-03-01T09:00:20+05:00",
        "ended": "2026-03-01T09:01:21+05:00",
        "reason": "hangup",
        "duration_s": "61",
        "charge": "11.07",
        "payer": BOLAT,
        "tariff": "collect_call",
        "tariff_versions": "1 2",
    }
    answered = "2026-03-01T09:00:01+05:00"
    shown = [second[name] for name in ("connected", "ended", "reason", "tariff_versions")]
    assert shown == [answered, "", "", ""]


@pytest.mark.parametrize("name", ["=1+1", "+7", "-1", "@SUM(A1)", "\t=1", 'a"b,c', "'=1", "Әлия"])
def test_a_name_is_a_text_in_every_spreadsheet(client: Client, reads: Reads, name: str) -> None:
    """CWE-1236: who calls says the name, and whoever opens the sheet would compute it."""
    reads.kept = [a_call(name=name)]
    (row,) = csv.DictReader(StringIO(client.get(PATH + ".csv").text))
    assert row["name"].endswith(name)
    assert row["name"][0] not in "=+-@\t"


@pytest.mark.parametrize("query", ["wait=5s", "limit=10001", "limit=0", "format=xls", "reason=x"])
def test_the_sheet_has_the_filters_of_the_list_but_no_waiting(client: Client, query: str) -> None:
    answer = client.get(f"{PATH}.csv?{query}")
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [query.partition("=")[0]]
