"""What is written down of a dialogue, whoever owns it: what was said, its guard time, and its end."""

from typing import Final

from gateway.batch import Batch
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.work import Submit, UssdTurn
from storage.model import Dialogue, DialogueTurn, Job

#: The job that ends a dialogue without an answer.
GUARD_JOB: Final = "ussd.guard"
#: Bits of the sequence number in its_session_info (SMPP 3.4 section 5.3.2.43).
SEQUENCE_MASK: Final = 0x7F
#: Before the system_id of an application that owns a dialogue.
ACCOUNT: Final = "account:"
_US = 1_000_000


class NotInDialogue(Exception):
    """What was said belongs to no dialogue of this handset, session or application. ``reason`` is for the
    log, ``status`` for the response.
    """

    usual: Final = CommandStatus.ESME_RINVOPTPARAMVAL

    def __init__(self, reason: str, status: CommandStatus = usual) -> None:
        self.reason = reason
        self.status = status
        super().__init__(reason)


def after(dialogue: Dialogue) -> int:
    """The sequence number that follows."""
    return (dialogue.sequence + 1) & SEQUENCE_MASK


def names(dialogue: Dialogue, turn: UssdTurn, numbers: int) -> bool:
    """Whether a turn names this dialogue and its last sequence, as far as the speaker's dialect says; it can
    tell ``numbers`` dialogues apart.
    """
    if turn.sequence not in (None, dialogue.sequence):
        return False
    return turn.dialogue is None or turn.dialogue == dialogue.number % numbers


def note(dialogue: Dialogue, number: int, turn: UssdTurn, work: Submit, batch: Batch) -> None:
    """Write down what a handset typed, as far as it may be kept."""
    said(dialogue, number, turn.operation, work.text, turn.octets, "ended" if turn.end else "", batch)


def said(
    dialogue: Dialogue, number: int, operation: int, text: str, octets: int, remark: str, batch: Batch
) -> None:
    """Write down anything that was said in a dialogue."""
    name = UssdServiceOp(operation).name
    turn = DialogueTurn(dialogue.id, number, batch.uow.now_us, name, text, octets, remark)
    batch.uow.dialogues.said(turn)


def go_on(dialogue: Dialogue, batch: Batch) -> None:
    """It waits for an answer, for so long as the profile allows."""
    batch.uow.dialogues.put(dialogue._replace(updated_us=batch.uow.now_us))
    due_us = batch.uow.now_us + batch.context.profile.ussd_dialogue_s * _US
    payload: dict[str, str | int] = {"msisdn": dialogue.msisdn, "dialogue": dialogue.id}
    batch.uow.jobs.put(Job(kind=GUARD_JOB, key=_guard(dialogue), due_us=due_us, payload=payload))


def end(dialogue: Dialogue, how: str, batch: Batch, state: str = "") -> None:
    """It is over, and nobody waits for an answer; nothing is left of its state but what is given."""
    ended = dialogue._replace(state=state, ended=how, updated_us=batch.uow.now_us)
    batch.uow.dialogues.put(ended)
    batch.uow.jobs.cancel(_guard(dialogue))


def _guard(dialogue: Dialogue) -> str:
    return f"ussd:{dialogue.msisdn}"
