"""The gateway's address: what is read, what is refused, and that the password stays secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import BadTarget
from simulator.target import DEFAULT_TARGET, Target, VoiceTarget


def test_the_default_is_the_demos_handset_account() -> None:
    assert Target.parse(DEFAULT_TARGET) == Target("127.0.0.1", 2775, "handset", "handset")


def test_percent_encoding_and_ipv6_are_read() -> None:
    target = Target.parse("smpp://me:p%40s%3A@[::1]:2776")
    assert (target.password, target.address) == ("p@s:", "[::1]:2776")


def test_the_port_may_be_left_out() -> None:
    assert Target.parse("smpp://a:b@example").port == 2775


def test_no_representation_holds_the_password() -> None:
    target = Target.parse("smpp://me:hunter22@localhost:2775")
    assert "hunter22" not in f"{target!r} {target} {target.address}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter22",
        "http://me:hunter22@localhost",
        "smpp://me:hunter22",
        "smpp://hunter22@localhost",
        "smpp://me:hunter22@",
        "smpp://me:hunter22@localhost:0",
        "smpp://me:hunter22@localhost:99999",
        "smpp://me:hunter22@[::1",
        "smpp://me:hunter222@localhost",
        "smpp://me:hünter22@localhost",
        f"smpp://{'m' * 16}:hunter22@localhost",
    ],
)
def test_a_wrong_target_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadTarget) as refusal:
        Target.parse(text)
    assert "hunter22" not in str(refusal.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        target = Target.parse(text)
    except BadTarget:
        return
    assert 1 <= target.port <= 65535


@pytest.mark.parametrize(
    ("text", "address", "url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "ws://127.0.0.1:8080/api/v1/voice?msisdn=7"),
        (" http://operator/ ", "http://operator:80", "ws://operator:80/api/v1/voice?msisdn=7"),
        ("https://[::1]", "https://[::1]:443", "wss://[::1]:443/api/v1/voice?msisdn=7"),
    ],
)
def test_the_http_address_leads_to_the_voice_channel(text: str, address: str, url: str) -> None:
    target = VoiceTarget.parse(text)
    assert (target.address, target.url("7")) == (address, url)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:8080",
        "smpp://me:hunter22@localhost",
        "http://",
        "http://me:hunter22@localhost",
        "http://localhost/api/v1",
        "http://localhost:0",
        "http://hunter22:localhost",
        "http://[::1",
    ],
)
def test_a_wrong_http_address_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(BadTarget, match="the HTTP address looks like http://") as refusal:
        VoiceTarget.parse(text)
    assert "hunter22" not in str(refusal.value)
