"""What a second reading of applications' dialogues found."""

from pathlib import Path
from typing import Any

import pytest

from gateway.coding.alphabet import decode
from gateway.config import DEMO_ACCOUNTS, Account, Side
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Accepted, Result
from handlers.base.command import Secret
from storage.views import DialogueFilter
from tests.gateway.stand import ALIYA, Stand, pdus_of
from tests.gateway.talk import App, Talk, advance

REFUSED = CommandStatus.ESME_RINVOPTPARAMVAL
HANDSET = DEMO_ACCOUNTS[0]
ASKS, NOTICE, LAST = UssdServiceOp.USSR_REQUEST, UssdServiceOp.USSN_REQUEST, UssdServiceOp.PSSR_RESPONSE
CONFIRMS, CONFIRMS_NOTICE = UssdServiceOp.USSR_CONFIRM, UssdServiceOp.USSN_CONFIRM


def test_a_second_answer_after_the_last_screen_begins_no_dialogue(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Goodbye", LAST))
    for operation in (ASKS, NOTICE):
        assert app.refused(app.says("Again?", operation)) is REFUSED


def test_a_dialogue_that_ends_with_the_last_words_is_still_that_of_its_session(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    advance(talk.stand, 61)
    (view,) = talk.stand.store.reads.dialogues(DialogueFilter(msisdn=ALIYA))
    assert (view.dialogue.session_id, view.dialogue.account) == (talk.bind.session_id, "handset")


def test_what_a_handset_says_with_its_end_is_not_passed_on(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    heard = app.hears(talk.said(CONFIRMS, "never mind", end=True))
    assert (heard.text, heard.end) == ("", True)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"data_coding": 4}, CommandStatus.ESME_RINVDCS),
        ({"data_coding": 0x44}, CommandStatus.ESME_RINVDCS),
        ({"esm_class": 0x40, "short_message": b"\x05\0\x03\x07\x02\x01one"}, CommandStatus.ESME_RINVESMCLASS),
    ],
)
def test_a_handset_answers_with_a_whole_text(
    talk: Talk, app: App, fields: dict[str, Any], status: CommandStatus
) -> None:
    """Half a text or octets without an alphabet would pass for an answer."""
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    with pytest.raises(Exception, match=status.name):
        talk.stand.sms(
            "",
            "*500#",
            ALIYA,
            talk.bind,
            **{
                "service_type": "USSD",
                "short_message": b"yes",
                "tlvs": (Tlv(Tag.USSD_SERVICE_OP, CONFIRMS), Tlv(Tag.ITS_SESSION_INFO, bytes((7, 1 << 1)))),
                **fields,
            },
        )


def test_a_notice_is_confirmed_anew_though_a_lost_session_confirmed_the_same(talk: Talk, app: App) -> None:
    """The octets are those of the first confirmation, and the first session had no response to it."""
    for session in ("s2", "s3"):
        talk.sees(app.says("Your parcel is here", NOTICE, to=ALIYA, number=3, sequence=0))
        heard = app.hears(talk.said(CONFIRMS_NOTICE, "", number=3))
        assert (heard.operation, heard.end) == (CONFIRMS_NOTICE, True)
        talk.stand.lost(talk.bind)
        talk.bind = talk.stand.bound(session, HANDSET)


def test_an_end_ends_though_a_lost_session_said_the_same(talk: Talk, app: App) -> None:
    for session in ("s2", "s3"):
        app.hears(talk.dialled("*500#"))
        talk.sees(app.says("Name?"))
        assert app.hears(talk.said(CONFIRMS, "", end=True)).end
        talk.stand.lost(talk.bind)
        talk.bind = talk.stand.bound(session, HANDSET)


BARE = Account(system_id="bare", password=Secret("x"), side=Side.HANDSET, ussd_dialect="bare")


def test_an_answer_that_is_repeated_after_a_lost_session_is_taken_once_without_a_sequence(
    tmp_path: Path,
) -> None:
    """Taken for the answer to the next screen, it could say yes to what nobody has read."""
    stand = Stand(tmp_path, accounts=(*DEMO_ACCOUNTS, BARE))
    stand.subscribe(ALIYA)
    bind = stand.bound("s1", BARE)
    said = [_bare(stand, bind, 1, b"*111#"), _bare(stand, bind, 18, b"1")]
    first = [_text(stand.one(each)) for each in said]
    stand.lost(bind)
    again = stand.one(_bare(stand, stand.bound("s2", BARE), 18, b"1"))
    assert isinstance(again.value, Accepted)
    assert again.value.repeated
    assert _text(again) == first[-1]
    stand.store.close()


def _text(result: Result) -> str:
    (shown,) = pdus_of(result.outboxes)
    text = decode(shown.data_coding, shown.short_message)
    assert isinstance(text, str)
    return text


def _bare(stand: Stand, bind: Any, operation: int, text: bytes) -> Any:
    tlvs = (Tlv(Tag.USSD_SERVICE_OP, operation),)
    return stand.sms("", "", ALIYA, bind, service_type="USSD", short_message=text, tlvs=tlvs)


def test_of_two_codes_of_one_owner_the_longer_one_that_is_named_begins(tmp_path: Path) -> None:
    owner = Account(
        system_id="both", password=Secret("x"), side=Side.APPLICATION, ussd_codes=("*600", "*600*1")
    )
    stand = Stand(tmp_path, accounts=(*DEMO_ACCOUNTS, owner))
    work = stand.sms(
        "Hello",
        ALIYA,
        "*600*1#",
        stand.session("b", owner),
        service_type="USSD",
        tlvs=(Tlv(Tag.USSD_SERVICE_OP, NOTICE), Tlv(Tag.ITS_SESSION_INFO, b"\x01\0")),
    )
    assert work.source == "*600*1#"
    stand.store.close()
