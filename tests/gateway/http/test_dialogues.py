"""``/dialogues``: filters, and what is shown of one."""

from typing import Any, TypeAlias

import pytest

from storage.model import Dialogue, DialogueTurn
from storage.views import DialogueFilter, DialogueView

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
PATH = "/api/v1/dialogues"
NOW_US = 1_772_337_600_000_000  # 2026-03-01T09:00:00+05:00
S = 1_000_000


def talk(*turns: DialogueTurn, **changes: object) -> DialogueView:
    """An open dialogue with the operator's menu."""
    dialogue = Dialogue(
        id="0192" + "d" * 28,
        msisdn="77011234567",
        number=42,
        owner="menu",
        service_code="*100",
        account="handset",
        session_id="session1",
        opened_us=NOW_US,
        sequence=3,
        state='["state of the menu"]',
        updated_us=NOW_US + S,
    )
    return DialogueView(dialogue._replace(**changes), turns)  # type: ignore[arg-type]  # its own names


def turn(number: int, operation: str, text: str, note: str = "") -> DialogueTurn:
    return DialogueTurn(talk().dialogue.id, number, NOW_US + number * S, operation, text, len(text), note)


def test_filters_reach_the_store_in_its_own_form(client: Client, operator: Operator) -> None:
    query = "?msisdn=87011234567&service_code=*100%23&state=OPEN&since=2026-03-01T09:00:00%2B05:00&limit=7"
    assert client.get(PATH + query).json() == []
    assert operator.reads.talks_asked == [
        DialogueFilter(msisdn="77011234567", service_code="*100#", is_open=True, since_us=NOW_US, limit=7)
    ]


@pytest.mark.parametrize(("query", "is_open"), [("", None), ("?state=open", True), ("?state=ended", False)])
def test_a_state_is_one_of_two_or_any(
    client: Client, operator: Operator, query: str, is_open: bool | None
) -> None:
    client.get(PATH + query)
    assert operator.reads.talks_asked == [DialogueFilter(is_open=is_open)]


@pytest.mark.parametrize(
    "query",
    [
        "msisdn=12",
        "service_code=100",
        "service_code=*1%00",
        "service_code=*1'--",
        "service_code=",
        "service_code=*" + "1" * 40,
        "state=lost",
        "state=",
        "since=monday",
        "limit=0",
        "limit=1001",
        "wait=5s",
    ],
)
def test_a_wrong_filter_is_422_and_names_itself(client: Client, query: str) -> None:
    """``wait`` is known to ``/messages`` only."""
    answer = client.get(f"{PATH}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


def test_a_dialogue_is_shown_whole_but_for_the_menus_own_state(client: Client, operator: Operator) -> None:
    operator.reads.talks = [
        talk(
            turn(0, "PSSR_INDICATION", "*100#"),
            turn(1, "USSR_REQUEST", "1 Last charges", "cut at a word"),
            ended="completed",
        )
    ]
    expected = {
        "id": "0192" + "d" * 28,
        "msisdn": "77011234567",
        "service_code": "*100#",
        "state": "ended",
        "ending": "completed",
        "owner": "menu",
        "account": "handset",
        "session": "session1",
        "number": 42,
        "opened": "2026-03-01T09:00:00+05:00",
        "updated": "2026-03-01T09:00:01+05:00",
        "turns": [
            {
                "number": 0,
                "at": "2026-03-01T09:00:00+05:00",
                "direction": "mo",
                "operation": "PSSR_INDICATION",
                "text": "*100#",
                "octets": 5,
                "note": "",
            },
            {
                "number": 1,
                "at": "2026-03-01T09:00:01+05:00",
                "direction": "mt",
                "operation": "USSR_REQUEST",
                "text": "1 Last charges",
                "octets": 14,
                "note": "cut at a word",
            },
        ],
    }
    assert client.get(PATH).json() == [expected]
    assert client.get(f"{PATH}/{expected['id']}").json() == expected


def test_one_that_went_no_further_was_updated_when_it_was_opened(client: Client, operator: Operator) -> None:
    operator.reads.talks = [talk(updated_us=0, service_code="*555#", owner="account:app1")]
    (shown,) = client.get(PATH).json()
    assert shown["updated"] == shown["opened"]
    assert (shown["state"], shown["ending"]) == ("open", "")
    assert (shown["service_code"], shown["owner"]) == ("*555#", "account:app1")


@pytest.mark.parametrize(
    ("operation", "direction"),
    [
        ("PSSR_INDICATION", "mo"),
        ("USSR_CONFIRM", "mo"),
        ("USSN_CONFIRM", "mo"),
        ("USSR_REQUEST", "mt"),
        ("USSN_REQUEST", "mt"),
        ("PSSR_RESPONSE", "mt"),
    ],
)
def test_an_operation_goes_one_way(
    client: Client, operator: Operator, operation: str, direction: str
) -> None:
    """SMPP 3.4 section 5.3.2.44."""
    operator.reads.talks = [talk(turn(0, operation, ""))]
    assert client.get(PATH).json()[0]["turns"][0]["direction"] == direction


@pytest.mark.parametrize("dialogue_id", ["0" * 32, "a%00b", "..", "x' OR 1=1"])
def test_an_unknown_dialogue_is_404(client: Client, dialogue_id: str) -> None:
    answer = client.get(f"{PATH}/{dialogue_id}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_openapi_document_knows_both_calls_and_the_filters(client: Client) -> None:
    document = client.get("/openapi.json").json()
    names = {each["name"] for each in document["paths"][PATH]["get"]["parameters"]}
    assert names == {"msisdn", "service_code", "state", "since", "limit"}
    shown = document["components"]["schemas"]["ShownDialogue"]["properties"]
    assert "get" in document["paths"][PATH + "/{dialogue_id}"]
    assert {"turns", "ending", "owner", "account"} <= shown.keys()
