"""The page of the voice channel names every frame, reason, error and close code, and no other."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from gateway.http import voice, voice_schemas
from gateway.http.guard import TOKEN_PROTOCOL
from gateway.http.voice_schemas import FRAMES, FrameFault
from gateway.voice.events import Fault, SignalKind
from gateway.web import FRAME_OCTETS_MAX
from storage.call_model import Cause

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/voice.md").read_text("utf-8")


def rows(heading: str) -> dict[str, str]:
    """The rows of a section's table by their first cell."""
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found
    body = rest.partition("\n## ")[0].partition("| --- |")[2]
    return dict(re.findall(r"^\| `?([a-z0-9_]+)`? \| (.*) \|$", body, re.MULTILINE))


@pytest.mark.parametrize(
    ("heading", "values"),
    [
        ("From the handset", FRAMES),
        ("From the network", SignalKind),
        ("Reasons", Cause),
        ("Errors", (*Fault, *FrameFault)),
        (
            "How a connection ends",
            (*{str(each.code) for each in voice.CLOSINGS}, "1007", "1009", "1011", "1012"),
        ),
    ],
)
def test_a_table_names_every_value_and_no_other(heading: str, values: Iterable[str]) -> None:
    assert rows(heading).keys() == {str(each) for each in values}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_shown_with_its_members(kind: str) -> None:
    members = re.findall(r"`([a-z]+)`", rows("From the handset")[kind].partition(" | ")[0])
    assert members == list(FRAMES[kind].model_fields)


def test_the_numbers_are_those_of_the_code() -> None:
    for words in (
        f"at most {FRAME_OCTETS_MAX} octets",
        f"1 to {voice_schemas.KEYS_MAX} of",
        f"up to {voice_schemas.WORDS_MAX} characters",
        f"more than {voice.FRAMES_AT_ONCE} frames at once or {voice.FRAMES_A_SECOND} a second",
        f"{voice.WAITING_MAX} frames wait",
        f'["{voice.PROTOCOL}", "{TOKEN_PROTOCOL}" +',
    ):
        assert words in PAGE
