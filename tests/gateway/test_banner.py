"""The demo's banner: everything that a newcomer needs, in plain lines."""

from dataclasses import replace

from gateway.banner import Demo, DemoVoucher, Handset, banner
from gateway.config import DEMO_ACCOUNTS
from handlers.base.command import Secret


def demo(smpp: str = "127.0.0.1:2775", *, empty: bool = False) -> Demo:
    handsets = [
        Handset(
            msisdn=f"7701123456{n}",
            brand="kcell",
            billing="prepaid",
            language="ru",
            balance="500.00",
            card=f"123{n}",
            bank_phone="70007000, 1234567" if n == 0 else "",
        )
        for n in range(3)
    ]
    vouchers = [DemoVoucher(code=f"000000000000{n}", face_value="500") for n in range(3)]
    return Demo(
        smpp=smpp,
        http="127.0.0.1:8080",
        data_dir="/data",
        accounts=DEMO_ACCOUNTS,
        handsets=[] if empty else handsets,
        vouchers=[] if empty else vouchers,
        command=".venv/bin/shortcode",
    )


def test_it_names_addresses_accounts_handsets_and_codes() -> None:
    text = banner(demo())
    for part in (
        "smpp://127.0.0.1:2775",
        "http://127.0.0.1:8080/api/v1",
        "http://127.0.0.1:8080/docs",
        "http://127.0.0.1:8080/bank\n",
        "http://127.0.0.1:8080/terminal\n",
        "http://127.0.0.1:8080/parking\n",
        "/data",
        "handset side",
        "secret1",
        "owns 1234, *500#, MyBank, Shortcode",
        "77011234560",
        "77011234562",
        "0000000000002",
        "500.00 KZT",
        "bank card ****1231",
        "bank card ****1230  7000: 70007000, 1234567\n",
        "Ctrl-C",
    ):
        assert part in text


def test_it_has_five_things_to_try_with_real_codes() -> None:
    _, _, things = banner(demo()).partition("Five things to try")
    lines = [line.split() for line in things.splitlines() if line.startswith("    ")]
    assert [line[0] for line in lines] == ["1", "2", "3", "4", "5"]
    assert ".venv/bin/shortcode handset 77011234560 --plain\n" in things
    assert "sms 9393 0000000000000" in things
    assert "dial *110*0000000000001#" in things
    assert "sms 8080 07 1230 100" in things
    assert "--target" not in things


def test_on_another_port_the_handset_is_told_where() -> None:
    assert "--target smpp://handset:handset@127.0.0.1:40000" in banner(demo("127.0.0.1:40000"))


def test_on_another_http_port_the_handset_is_told_where_to_call() -> None:
    assert "--http" not in banner(demo())
    assert " --http http://127.0.0.1:40001\n" in banner(replace(demo(), http="127.0.0.1:40001"))


def test_a_handset_account_of_ones_own_is_named_also_on_the_usual_port() -> None:
    own = replace(DEMO_ACCOUNTS[0], system_id="phones", password=Secret("p@ss/1"))
    assert "--target smpp://phones:p%40ss%2F1@127.0.0.1:2775" in banner(replace(demo(), accounts=[own]))


def test_without_a_password_to_bind_with_the_handsets_are_said_to_be_off() -> None:
    hashed = replace(DEMO_ACCOUNTS[0], password=Secret(""), password_hash="$argon2id$...")
    text = banner(replace(demo(), accounts=[hashed]))
    assert "Handsets (all off: no account of the handset side has a password that is not hashed)" in text
    assert "--target smpp://SYSTEM_ID:PASSWORD@127.0.0.1:2775" in text
    assert "(all off" not in banner(demo())


def test_it_is_plain_text_that_fits_a_terminal() -> None:
    for text in (banner(demo()), banner(demo(empty=True))):
        assert text.isascii()
        assert text.endswith("\n")
        assert max(len(line) for line in text.splitlines()) <= 100
        assert all(line == line.rstrip() for line in text.splitlines())


def test_a_hashed_account_is_shown_without_a_password_and_no_handset_is_told_to_use_it() -> None:
    """Nobody knows it here; the next handset-side account with a password is as good."""
    hashed = replace(DEMO_ACCOUNTS[0], system_id="locked", password=Secret(""), password_hash="$argon2id$x")
    text = banner(replace(demo("10.0.0.1:2775"), accounts=(hashed, *DEMO_ACCOUNTS)))
    assert "(hashed)" in text
    assert "$argon2id" not in text
    assert "smpp://handset:handset@10.0.0.1:2775" in text
    assert "smpp://locked" not in text
