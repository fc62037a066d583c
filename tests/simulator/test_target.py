"""The gateway's address: what is read, what is refused, and that the password stays secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import BadTarget
from simulator.target import DEFAULT_TARGET, Target


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
