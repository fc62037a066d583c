"""Sessions of HTTP USSD applications, and what their answers say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ussd_http_session import (
    INPUTS_MAX,
    NETWORK_CODE,
    SESSIONS_MAX,
    TEXT_MAX,
    Answer,
    Failed,
    Sessions,
    read_answer,
)

HANDSET = "77011234567"


def sessions(*codes: str) -> Sessions:
    numbers = iter(range(SESSIONS_MAX * 2))
    return Sessions(codes or ("*501",), lambda: f"id{next(numbers)}")


def info(number: int, sequence: int) -> bytes:
    return bytes((number, sequence << 1))


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"CON Menu\n1 One", Answer(last=False, text="Menu\n1 One")),
        (b"END Bye", Answer(last=True, text="Bye")),
        (b"END Bye\r\nnow\r\n", Answer(last=True, text="Bye\nnow")),
        (b"CON\nMenu", Answer(last=False, text="Menu")),
        (b"END", Answer(last=True, text="")),
        (b"\xef\xbb\xbfEND Bye", Answer(last=True, text="Bye")),
        ("CON Тілді таңдаңыз".encode(), Answer(last=False, text="Тілді таңдаңыз")),
    ],
)
def test_an_answer_is_con_or_end_and_a_text(body: bytes, answer: Answer) -> None:
    assert read_answer(body) == answer


@pytest.mark.parametrize(
    "body", [b"", b"CO", b"con Menu", b"CONTINUE", b"END:", b" CON Menu", b"<html>CON Menu", b"CON \xff"]
)
def test_all_else_is_refused_without_a_word_of_it(body: bytes) -> None:
    with pytest.raises(Failed) as caught:
        read_answer(body)
    assert str(caught.value) in {"the body is not UTF-8", "the body begins with neither CON nor END"}


@given(st.binary())
def test_no_body_breaks_the_reader(body: bytes) -> None:
    try:
        assert len(read_answer(body).text) <= TEXT_MAX
    except Failed:
        assert body[:3] not in (b"CON", b"END") or not body[3:4].isspace() or not _is_text(body)


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


# -- sessions --------------------------------------------------------------------------------------


def test_the_form_is_that_of_the_aggregators() -> None:
    form = sessions().begin(HANDSET, info(7, 0), "*501#").form()
    assert form == {
        "sessionId": "id0",
        "phoneNumber": "+77011234567",
        "networkCode": NETWORK_CODE,
        "serviceCode": "*501#",
        "text": "",
    }


@pytest.mark.parametrize(
    ("dialled", "text"),
    [("*501#", ""), ("*501*1#", "1"), ("*501*1*2#", "1*2"), ("*501", ""), ("*501*#", ""), ("*501**2#", "*2")],
)
def test_what_was_dialled_after_the_code_comes_first(dialled: str, text: str) -> None:
    assert sessions().begin(HANDSET, info(7, 0), dialled).form()["text"] == text


def test_the_text_is_all_inputs_so_far() -> None:
    """Joined by ``*``; the id stays."""
    own = sessions()
    first = own.begin(HANDSET, info(7, 0), "*501*1#").form()
    own.answered(HANDSET, info(7, 1), "22")
    last = own.answered(HANDSET, info(7, 2), "").form()
    assert (last["text"], last["sessionId"]) == ("1*22*", first["sessionId"])


def test_the_longest_code_of_the_application_counts() -> None:
    own = sessions("*501", "*501*9")
    assert own.begin(HANDSET, info(7, 0), "*501*9*1#").form()["serviceCode"] == "*501*9#"
    assert own.begin(HANDSET, info(8, 0), "*501*91#").form()["serviceCode"] == "*501#"


@pytest.mark.parametrize("dialled", ["", "#", "*502#", "*5011#", "501"])
def test_a_string_without_a_code_of_the_application_is_refused(dialled: str) -> None:
    with pytest.raises(Failed):
        sessions().begin(HANDSET, info(7, 0), dialled)


def test_what_comes_again_counts_once() -> None:
    """After a lost connection the gateway brings the same again."""
    own = sessions()
    first = own.begin(HANDSET, info(7, 0), "*501*1#")
    assert own.begin(HANDSET, info(7, 0), "*501*1#") is first
    own.answered(HANDSET, info(7, 1), "2")
    assert own.answered(HANDSET, info(7, 1), "2").form()["text"] == "1*2"


def test_a_handset_that_dials_anew_has_another_session() -> None:
    own = sessions()
    old = own.begin(HANDSET, info(7, 0), "*501#")
    new = own.begin(HANDSET, info(8, 0), "*501#")
    assert old.id != new.id
    assert (own.is_open(old), own.is_open(new), len(own)) == (False, True, 1)
    own.ended(HANDSET, 7)
    own.forget(old)
    assert own.is_open(new), "the end of the old one is not its end"
    own.ended(HANDSET, 8)
    assert len(own) == 0


@pytest.mark.parametrize("number", [6, 8])
def test_an_answer_with_another_number_is_no_answer(number: int) -> None:
    own = sessions()
    own.begin(HANDSET, info(7, 0), "*501#")
    with pytest.raises(Failed):
        own.answered(HANDSET, info(number, 1), "1")


def test_an_answer_after_the_end_is_refused() -> None:
    own = sessions()
    own.forget(own.begin(HANDSET, info(7, 0), "*501#"))
    with pytest.raises(Failed):
        own.answered(HANDSET, info(7, 1), "1")


def test_sessions_are_told_apart_by_handset() -> None:
    own = sessions()
    for last in range(3):
        own.begin(f"7701123456{last}", info(7, 0), f"*501*{last}#")
    form = own.answered("77011234561", info(7, 1), "x").form()
    assert (form["text"], form["phoneNumber"]) == ("1*x", "+77011234561")


def test_a_session_has_a_bounded_number_of_inputs_even_where_the_sequence_wraps() -> None:
    """The sequence has seven bits."""
    own = sessions()
    own.begin(HANDSET, info(7, 0), "*501*0#")
    for step in range(1, INPUTS_MAX):
        session = own.answered(HANDSET, info(7, step % 128), str(step))
    assert session.form()["text"] == "*".join(map(str, range(INPUTS_MAX)))
    with pytest.raises(Failed):
        own.answered(HANDSET, info(7, INPUTS_MAX % 128), "x")


def test_the_oldest_session_goes_when_there_are_too_many() -> None:
    """Of those whose end the gateway never told."""
    own = sessions()
    first = own.begin("0", info(7, 0), "*501#")
    for number in range(1, SESSIONS_MAX + 1):
        own.begin(str(number), info(7, 0), "*501#")
    assert len(own) == SESSIONS_MAX
    assert not own.is_open(first)


def test_no_input_is_in_the_representation() -> None:
    """It may be a PIN."""
    assert "4711" not in repr(sessions().begin(HANDSET, info(7, 0), "*501*4711#"))
