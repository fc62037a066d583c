"""Outcomes: what the shorthands make."""

from handlers.base.outcome import (
    FieldError,
    Outcome,
    Refusal,
    Reply,
    Text,
    decline,
    refuse,
    refuse_fields,
    reply,
)


def test_a_reply_goes_to_whoever_asked_with_its_params() -> None:
    outcome = reply("a.text", fallback="9393", count=3)
    assert outcome.replies == (Reply(text=Text("a.text", {"count": 3}), fallback="9393"),)
    assert outcome.word == "ok"


def test_a_refusal_is_told_to_whoever_asked() -> None:
    outcome = refuse("a.reason", count=3)
    assert outcome.word == "a.reason"
    assert outcome.refusal == Refusal("a.reason", outcome.replies[0].text)


def test_a_refusal_can_have_a_text_of_another_id() -> None:
    assert refuse("a.reason", "a.text").replies[0].text.id == "a.text"


def test_declining_sends_nothing() -> None:
    assert decline("a.reason").replies == ()
    assert decline("a.reason").word == "a.reason"


def test_wrong_fields_come_all_at_once() -> None:
    wrong = (FieldError("a", Text("x")), FieldError("b", Text("y")))
    outcome = refuse_fields("a.reason", wrong)
    assert outcome.refusal is not None
    assert outcome.refusal.fields == wrong


def test_a_result_stays_out_of_representations() -> None:
    assert "1234567890123" not in repr(Outcome(result="1234567890123"))
