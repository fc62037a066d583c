"""A flow as a flowchart: each kind of step with its look, each way with what leads there."""

import pytest

from handlers.base.outcome import Text
from tests.ussd_menus.prompts.toy_flow import FLOW, PLAYED
from ussd_menus.prompts.diagram import mermaid


def _words(text: Text) -> str:
    return " ".join((text.id, *map(str, text.params.values())))


LINES = [line.strip() for line in mermaid(FLOW, _words).splitlines()]


@pytest.mark.parametrize(
    "line",
    [
        "flowchart TD",
        "begin(( )) --> s1",
        's1["toy.hello"]',
        's1 -->|"then"| s2',
        's2[/"toy.user"/]',
        's2 -->|"(user) #35;"| s3',
        's2 -->|"no answer"| s15',
        's3 -->|"(pin, secret) #35;"| s4',
        's4(["command: log in"])',
        's4 -->|"toy.wrong"| s2',
        's4 -->|"any other refusal"| s17',
        's5{"is_new?"}',
        's5 -->|"yes"| s6',
        's6["toy.welcome (user)"]',
        's7 -->|"*"| s13',
        's9 -->|"2"| s7',
        's10 -->|"ok, any other refusal"| s7',
        's11 -->|"(name) or silence"| s12',
        's12[["rings (called), tariff toy, plays toy.played"]]',
        's12 -->|"busy"| s14',
        's13[["rings (called), tariff toy"]]',
        's13 -->|"any other cause"| s15',
        's17(("not_allowed"))',
    ],
)
def test_a_line_of_the_flowchart(line: str) -> None:
    assert line in LINES


def test_every_step_is_there_once() -> None:
    for number in range(1, len(FLOW.steps) + 1):
        boxes = [line for line in LINES if line.startswith(f"s{number}") and "-->" not in line]
        assert len([line for line in boxes if not line[len(f"s{number}")].isdigit()]) == 1


def test_taking_the_call_is_an_end() -> None:
    assert '(("taken"))' in mermaid(PLAYED, _words)
