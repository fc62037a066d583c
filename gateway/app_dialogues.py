"""USSD dialogues of applications: what a handset says goes to the owner of the service code, and what the
owner says is shown on the handset (interfaces.md "USSD over SMPP").

Both sides see the same dialogue number and sequence: each echoes what it got last, and the sequence grows
with each answer of the handset. Whoever cannot be reached, or is silent for the profile's time, ends the
dialogue, and the other side is told.
"""

import json
from collections.abc import Callable
from typing import Final, NamedTuple

from gateway import dialogue_book as book
from gateway.account_dialects import AccountDialects
from gateway.batch import Batch
from gateway.coding.alphabet import alphabet_of
from gateway.coding.ussd import Screen, fresh_screen
from gateway.config import RADIO
from gateway.dialogue_book import ACCOUNT, NotInDialogue
from gateway.dialogue_screens import Done, Said, Screens
from gateway.failures import NO_RESPONSE, network_error_code
from gateway.onward import Onward
from gateway.redaction import mask_octets, mask_pdu, mask_text
from gateway.rendering import (
    ONCE,
    Encoded,
    Letter,
    Renderer,
    UssdScreen,
    address,
    as_dialled,
    mt_message,
    to_handset,
)
from gateway.routing import Route, RouteKind
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.pdus import DeliverSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.ussd_dialects import Place
from gateway.work import Submit, UssdTurn
from handlers.base.command import Secret
from handlers.base.outcome import Outcome, Text
from handlers.texts import NO_ANSWER
from storage.model import Dialogue, Direction, Outbox

#: Stays of a dialogue whose application owed an answer: one that comes late must not begin a new dialogue.
_OWED: Final = '"owed"'
#: Stays of one whose application was told of the end: an answer to that must not begin a new one either.
_TOLD: Final = '"told"'
_CONFIRMS: Final = {
    int(UssdServiceOp.USSR_REQUEST): UssdServiceOp.USSR_CONFIRM,
    int(UssdServiceOp.USSN_REQUEST): UssdServiceOp.USSN_CONFIRM,
}
_NO_ANSWER: Final = Said(Outcome(), Text(NO_ANSWER))
_US = 1_000_000
#: A turn's number where it is not known how many there were.
_BEHIND_ALL: Final = 1 << 20


class Held(NamedTuple):
    """What is kept between two operations.

    ``asked`` is the operation that the handset is to confirm, 0 while the application is to speak.
    ``under_way`` is the message whose loss ends the dialogue, ``shown`` the screen that waits for an answer.
    ``notice``: all is over when the handset has confirmed it.
    """

    turns: int = 0
    asked: int = 0
    under_way: str = ""
    shown: str = ""
    notice: bool = False

    def pack(self) -> str:
        """As JSON."""
        return json.dumps(self, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def of(cls, dialogue: Dialogue) -> "Held":
        """What ``pack`` wrote into its state; nothing where that cannot be read, so that it can still end."""
        try:
            return cls(*json.loads(dialogue.state)) if dialogue.state else cls()
        except (TypeError, ValueError):
            return cls(turns=_BEHIND_ALL)


class Form(NamedTuple):
    """How a handset is shown something: ``is_last`` ends the dialogue, ``is_notice`` its confirmation."""

    operation: int
    is_last: bool = False
    is_notice: bool = False


_ASK: Final = Form(int(UssdServiceOp.USSR_REQUEST))
_TELL: Final = Form(int(UssdServiceOp.USSN_REQUEST))
_TELL_ONLY: Final = Form(int(UssdServiceOp.USSN_REQUEST), is_notice=True)
_LAST: Final = Form(int(UssdServiceOp.PSSR_RESPONSE), is_last=True)


def _form(turn: UssdTurn, *, begins: bool) -> Form:
    """To a handset that did not ask, a last screen is a notice."""
    match turn.operation, turn.end:
        case UssdServiceOp.USSR_REQUEST, False:
            return _ASK
        case UssdServiceOp.USSN_REQUEST, False:
            return _TELL_ONLY if begins else _TELL
        case UssdServiceOp.USSN_REQUEST, True:
            return _TELL_ONLY
    return _TELL_ONLY if begins else _LAST


class AppDialogues:
    """One per gateway, in the writer thread."""

    def __init__(
        self,
        screens: Screens,
        renderer: Renderer,
        onward: Onward,
        dialects: AccountDialects,
        new_id: Callable[[], str],
    ) -> None:
        self._screens = screens
        self._renderer = renderer
        self._onward = onward
        self._dialects = dialects
        self._new_id = new_id

    # -- what a handset says -----------------------------------------------------------------------

    def dialled(self, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Done:
        """It begins: the owner of the code is told."""
        book.note(dialogue, 0, turn, work, batch)
        done = self._to_owner(work, turn._replace(end=False), dialogue, Held(), batch)
        return done._replace(asks=True)

    def answered(self, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Done:
        """An answer, a confirmation, or the end. Raises NotInDialogue."""
        held = Held.of(dialogue)
        if turn.end:
            ended = self._end(dialogue, held, "the handset ended it", batch)
            book.note(dialogue, held.turns, turn, work, batch)
            return self._forward(work, turn._replace(typed=Secret("")), ended, batch)
        if not held.asked:
            raise NotInDialogue("the application has not answered yet")
        if turn.operation != _CONFIRMS[held.asked]:
            raise NotInDialogue("the last screen wants another operation")
        book.note(dialogue, held.turns, turn, work, batch)
        return self._to_owner(work, turn, dialogue._replace(sequence=book.after(dialogue)), held, batch)

    def _to_owner(self, work: Submit, turn: UssdTurn, dialogue: Dialogue, held: Held, batch: Batch) -> Done:
        if held.notice:
            book.end(dialogue, "completed", batch, _TOLD)
            return self._forward(work, turn._replace(end=True), dialogue, batch)
        waits = Held(held.turns + 1, under_way=work.message_id)
        book.go_on(dialogue._replace(state=waits.pack()), batch)
        return self._forward(work, turn, dialogue, batch)

    def _forward(self, work: Submit, turn: UssdTurn, dialogue: Dialogue, batch: Batch) -> Done:
        """The handset's own submit, on its way to the owner of the code."""
        owner = dialogue.owner.removeprefix(ACCOUNT)
        place = Place(turn.operation, dialogue.number, dialogue.sequence, turn.end)
        pdu = self._pdu(dialogue, place, turn.typed.reveal())
        work = work._replace(route=Route(RouteKind.ACCOUNT, owner, dialogue.service_code))
        payload = self._onward.for_account(pdu, owner)
        return Done(work, onward=_to_application(work.message_id, payload, owner, batch))

    def _pdu(self, dialogue: Dialogue, place: Place, text: str, *others: Tlv) -> DeliverSm:
        dialect = self._dialects.of(dialogue.owner.removeprefix(ACCOUNT))
        begins = place.operation == UssdServiceOp.PSSR_INDICATION
        to, text = dialect.asked(as_dialled(dialogue.service_code), text, begins=begins)
        body = fresh_screen(text)
        return DeliverSm(
            service_type="USSD",
            source=address(dialogue.msisdn),
            destination=address(to),
            data_coding=body.data_coding,
            short_message=body.short_message,
            tlvs=(*dialect.tlvs(place), *others),
        )

    # -- what the owner says -----------------------------------------------------------------------

    def said(self, work: Submit, turn: UssdTurn, batch: Batch) -> Done:
        """A screen or a notice for a handset. Raises NotInDialogue."""
        open_one = self._current(work, turn, batch)
        dialogue = open_one or self._opened(work, turn, batch)
        form = _form(turn, begins=open_one is None)
        text = turn.typed.reveal()
        shown = fresh_screen(text)
        remark = f"cut: {len(text)} characters are too many for one screen" if shown.cut else ""
        turns = Held.of(dialogue).turns
        book.said(dialogue, turns, form.operation, _visible(shown), len(shown.short_message), remark, batch)
        if form.is_last:
            book.end(dialogue, "completed", batch, _TOLD)
        else:
            kept = Held(turns + 1, form.operation, work.message_id, shown.text, form.is_notice)
            book.go_on(dialogue._replace(state=kept.pack()), batch)
        pdu = self._renderer.screen_pdu(dialogue, shown, form.operation, end=form.is_last)
        work = work._replace(source=as_dialled(dialogue.service_code))
        outbox = to_handset(work.message_id, pdu, dialogue, batch.uow, batch.context)
        return Done(work, onward=outbox._replace(bind=_receiver(dialogue)))

    def awaits(self, work: Submit, turn: UssdTurn, batch: Batch) -> bool:
        """Whether an open dialogue waits for just this of the application."""
        dialogue = batch.uow.dialogues.of(work.route.target)
        if dialogue is None or dialogue.owner != ACCOUNT + work.account:
            return False
        if turn.sequence is None or Held.of(dialogue).asked:
            return False
        return self._names(dialogue, turn, work.account)

    def _current(self, work: Submit, turn: UssdTurn, batch: Batch) -> Dialogue | None:
        """The dialogue that it is for, None where it begins one. Raises NotInDialogue."""
        dialogue, owner = batch.uow.dialogues.of(work.route.target), ACCOUNT + work.account
        asks = turn.operation != UssdServiceOp.PSSR_RESPONSE
        if dialogue is None:
            if not asks:
                raise NotInDialogue("the handset has no dialogue open")
            self._check_not_late(work, turn, owner, batch)
            return None
        if dialogue.owner != owner:
            self._check_not_late(work, turn, owner, batch)
            busy = CommandStatus.ESME_RSUBMITFAIL if asks else NotInDialogue.usual
            raise NotInDialogue("the handset is in another dialogue", busy)
        if not self._names(dialogue, turn, work.account):
            raise NotInDialogue("that is not the place of the handset's last message")
        if Held.of(dialogue).asked:
            raise NotInDialogue("the handset has not answered yet")
        return dialogue

    def _check_not_late(self, work: Submit, turn: UssdTurn, owner: str, batch: Batch) -> None:
        """What looks like the application's own beginning may answer a dialogue that is over.

        Where a dialect has no sequence, what was told cannot be told from a new beginning.
        """
        since_us = batch.uow.now_us - batch.context.profile.ussd_dialogue_s * _US
        for each in batch.uow.dialogues.ended_since(work.route.target, owner, since_us):
            is_late = each.state == _OWED or (each.state == _TOLD and turn.sequence is not None)
            if turn.dialogue is None and turn.operation == UssdServiceOp.USSN_REQUEST:
                continue  # Nobody answers with a notice, and in this dialect it cannot say what it is.
            if is_late and self._names(each, turn, work.account):
                raise NotInDialogue("the dialogue is over")

    def _names(self, dialogue: Dialogue, turn: UssdTurn, system_id: str) -> bool:
        return book.names(dialogue, turn, self._dialects.of(system_id).numbers)

    def _opened(self, work: Submit, turn: UssdTurn, batch: Batch) -> Dialogue:
        """A dialogue that the application begins; whoever serves the handset shows it."""
        dialogue = Dialogue(
            id=work.message_id,
            msisdn=work.route.target,
            number=turn.dialogue or 0,
            owner=ACCOUNT + work.account,
            service_code=work.source.rstrip("#"),
            account="",
            session_id="",
            opened_us=batch.uow.now_us,
            sequence=turn.sequence or 0,
        )
        batch.uow.dialogues.begin(dialogue)
        return dialogue

    # -- how it ends -------------------------------------------------------------------------------

    def end(self, dialogue: Dialogue, how: str, batch: Batch, code: int = 0) -> None:
        """The handset or the network ends it: the owner is told. ``code`` is the network's failure."""
        held = Held.of(dialogue)
        ended = self._end(dialogue, held, how, batch)
        self._tell_owner(ended, held, batch, code)

    def timed_out(self, dialogue: Dialogue, batch: Batch) -> None:
        """One of both was silent for too long."""
        held = Held.of(dialogue)
        if held.asked:
            self.end(dialogue, "no answer in time", batch, NO_RESPONSE.number)
            return
        self._last_words(dialogue, held, "the application did not answer in time", batch)
        self._tell_owner(dialogue, held, batch, NO_RESPONSE.number)

    def lost(self, dialogue: Dialogue, message_id: str, code: int, batch: Batch) -> None:
        """A message of the dialogue could not be brought to its receiver."""
        held = Held.of(dialogue)
        if held.under_way != message_id:
            return
        if held.asked:
            self.end(dialogue, "the handset could not be reached", batch, code)
        else:
            self._last_words(dialogue, held, "the application could not be reached", batch)

    def show_again(self, work: Submit, dialogue: Dialogue, batch: Batch) -> Done:
        """The screen that waits for an answer, to a session that may not have seen it."""
        held = Held.of(dialogue)
        if not held.asked:
            return Done(work)
        operation = UssdServiceOp(held.asked)
        screen = UssdScreen(held.shown, "", operation, end=False, cause_id=work.message_id)
        message, outbox = self._renderer.screen(screen, dialogue, batch.uow, batch.context)
        shown = fresh_screen(held.shown)
        visible = _visible(shown)
        masked = mask_octets(shown.short_message, shown.data_coding, secret_digits=False)
        kept_pdu = mask_pdu(message.pdus, shown.short_message, masked)
        octets = len(shown.short_message)
        book.said(dialogue, held.turns, operation, visible, octets, "shown again", batch)
        kept = held._replace(turns=held.turns + 1, under_way=message.id)
        book.go_on(dialogue._replace(state=kept.pack()), batch)
        return Done(work, replies=((message._replace(text=visible, pdus=kept_pdu), outbox),))

    @staticmethod
    def _end(dialogue: Dialogue, held: Held, how: str, batch: Batch) -> Dialogue:
        """In the place of an answer its end has the answer's sequence number."""
        if held.asked:
            dialogue = dialogue._replace(sequence=book.after(dialogue))
        book.end(dialogue, how, batch, _TOLD if held.asked else _OWED)
        return dialogue

    def _last_words(self, dialogue: Dialogue, held: Held, how: str, batch: Batch) -> None:
        """The subscriber is told that nothing more comes."""
        turns, cause_id = held.turns, held.under_way
        message, outbox = self._screens.say(_NO_ANSWER, dialogue, turns, cause_id, batch, how, _OWED)
        batch.promise(message, outbox._replace(bind=_receiver(dialogue)))

    def _tell_owner(self, dialogue: Dialogue, held: Held, batch: Batch, code: int) -> None:
        operation = _CONFIRMS.get(held.asked, UssdServiceOp.USSR_CONFIRM)
        place = Place(operation, dialogue.number, dialogue.sequence, end=True)
        why = (Tlv(Tag.NETWORK_ERROR_CODE, network_error_code(code)),) if code else ()
        pdu = self._pdu(dialogue, place, "", *why)
        owner, message_id = dialogue.owner.removeprefix(ACCOUNT), self._new_id()
        payload = self._onward.for_account(pdu, owner)
        letter = Letter("", as_dialled(dialogue.service_code), dialogue.msisdn, held.under_way)
        encoded = Encoded(payload, alphabet_of(pdu.data_coding).value, pdu.data_coding, 1)
        outbox = _to_application(message_id, payload, owner, batch)
        lane = f"{RouteKind.ACCOUNT}:{owner}"
        message = mt_message(message_id, letter, encoded, batch.uow, bearer="ussd", route=lane)
        batch.promise(message._replace(direction=Direction.MO), outbox)


def _receiver(dialogue: Dialogue) -> str:
    """``Outbox.bind``: the session that spoke last, or another one of its account where that is gone; whoever
    serves the handset where none has spoken.
    """
    if dialogue.account in ("", RADIO):
        return dialogue.session_id
    return f"{dialogue.session_id} {dialogue.account}"


def _visible(shown: Screen) -> str:
    """A screen as it may be kept."""
    return mask_text(shown.text, secret_digits=False)


def _to_application(message_id: str, payload: bytes, owner: str, batch: Batch) -> Outbox:
    """A dialogue does not wait: at once, or not at all."""
    return Outbox(
        message_id=message_id,
        lane=f"{ONCE}{RouteKind.ACCOUNT}:{owner}",
        payload=payload,
        due_us=batch.uow.now_us,
        expires_us=batch.uow.now_us + batch.context.profile.ussd_dialogue_s * _US,
        bearer="ussd",
    )
