"""The USSD side of a handset: one dialogue at a time (interfaces.md, "USSD over SMPP")."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from simulator.acknowledging import Post
from simulator.delivery import Delivery
from simulator.dialogue import (
    Dialogue,
    UssdOp,
    abort_info,
    after_screen,
    answering,
    begin,
    ussd_fields,
)
from simulator.errors import DialogueOver, NotConnected, SubmitFailed
from simulator.events import Event, UssdNotice, UssdScreen
from simulator.number import ADDRESS_OCTETS_MAX, dialled_string
from simulator.status import ESME_RINVOPTPARAMVAL
from simulator.text import decode


class Ussd:
    """``submit`` sends a submit_sm with these fields and waits for its response, ``post`` does not wait."""

    def __init__(
        self,
        submit: Callable[[dict[str, Any]], object],
        post: Post,
        emit: Callable[[Event], None],
        numbers: Iterator[int],
    ) -> None:
        self._submit = submit
        self._post = post
        self._emit = emit
        self._numbers = numbers
        self._dialogue: Dialogue | None = None

    def dial(self, code: str) -> None:
        """Begin a dialogue. Raises BadNumber, BadText, NotConnected, SubmitFailed, NoAnswer."""
        dialled = dialled_string(code)
        peer = dialled if len(dialled) <= ADDRESS_OCTETS_MAX else ""
        dialogue = begin(next(self._numbers), peer)
        self._say(UssdOp.PSSR_INDICATION, dialogue, dialogue, dialled, dialogue.session_info)

    def answer(self, text: str) -> None:
        """Answer the open screen. Raises NoDialogue, BadText, NotConnected, SubmitFailed, NoAnswer."""
        dialogue = answering(self._dialogue)
        self._say(UssdOp.USSR_CONFIRM, dialogue, dialogue, text, dialogue.session_info)

    def abort(self) -> None:
        """End the dialogue without an answer. Raises NoDialogue, NotConnected, SubmitFailed, NoAnswer."""
        dialogue = self._dialogue
        info = abort_info(dialogue)
        if dialogue is not None:
            self._say(UssdOp.USSR_CONFIRM, dialogue, None, "", info)

    def forget(self) -> None:
        """The handset is switched off: no dialogue is left."""
        self._dialogue = None

    def take(self, delivery: Delivery) -> None:
        """Show a screen or a notice."""
        text = decode(delivery.data_coding, delivery.payload)
        if delivery.ussd_service_op == UssdOp.USSN_REQUEST:
            self._confirm_notice(delivery)
            self._emit(UssdNotice(text))
            return
        dialogue = after_screen(delivery)
        self._dialogue = dialogue
        self._emit(UssdScreen(text, wants_answer=dialogue is not None))

    def _confirm_notice(self, delivery: Delivery) -> None:
        """What a telephone does by itself once a notice is on its screen. Nobody waits for the answer."""
        fields = ussd_fields(UssdOp.USSN_CONFIRM, delivery.source, "", delivery.its_session_info)
        with suppress(NotConnected):
            self._post(fields)

    def _say(
        self, op: UssdOp, to: Dialogue, after: Dialogue | None, text: str, session_info: int | None
    ) -> None:
        """Send one USSD operation. ``after`` is the dialogue then; a refusal leaves the one before, unless it
        says that there is none.
        """
        fields = ussd_fields(op, to.peer, text, session_info)
        # Before sending: the next screen may come on the reading thread before the response is seen here.
        before, self._dialogue = self._dialogue, after
        try:
            self._submit(fields)
        except SubmitFailed as error:
            if error.status == ESME_RINVOPTPARAMVAL and op is not UssdOp.PSSR_INDICATION:
                if self._dialogue is after:  # No other screen has come meanwhile.
                    self._dialogue = None
                raise DialogueOver(error.status) from None
            self._dialogue = before
            raise
        except NotConnected:
            self._dialogue = before
            raise
