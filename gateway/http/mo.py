"""``/mo``: the radio side sends a message from a handset, over SMPP."""

from collections.abc import Mapping, Sequence

from fastapi import APIRouter

from gateway.http.context import UseApi
from gateway.http.facade import Answered
from gateway.http.mo_schemas import MoRequest, Sent, SentMessage
from gateway.http.problems import SOON, Problem
from gateway.smpp.constants import CommandStatus, status_name

router = APIRouter(prefix="/mo", tags=["messages"])
_S = CommandStatus
#: The SMSC has too much to do or no store just now: the same submit may pass a moment later.
_LATER: frozenset[int] = frozenset({_S.ESME_RTHROTTLED, _S.ESME_RMSGQFUL, _S.ESME_RSYSERR})
#: What would be right, for the statuses with which a handset's submit is refused (SMPP 3.4 section 5.1.3).
_ADVICE: Mapping[int, str] = {
    _S.ESME_RINVSRCADR: "from has to be a number that the radio side serves, like 77011234567",
    _S.ESME_RINVDSTADR: "nobody owns this destination; to is a short code of a service or of an application, "
    "or a number like 77011234567",
    _S.ESME_RINVMSGLEN: "the octets break the rules of their data_coding or user data header; "
    "check hex, data_coding and udh",
    _S.ESME_RINVDCS: "this data_coding cannot be read there; 0 is GSM 7 bit, 3 Latin-1, 4 binary, 8 UCS-2, "
    "and a service of the operator reads text only",
    _S.ESME_RINVREGDLVFLG: "these bits of registered_delivery mean nothing (SMPP 3.4 section 5.2.17); try 1",
    _S.ESME_RINVESMCLASS: "udh announces a header that this destination does not take; leave it out",
    _S.ESME_RSUBMITFAIL: "this subscriber may not send; make it active with PATCH /api/v1/subscribers/MSISDN",
    _S.ESME_RINVOPTPARAMVAL: "a USSD parameter is not one that a handset sends",
}
_OTHERWISE = "the reference page SMPP says when this status is given"


@router.post("", status_code=201)
async def send_from_handset(body: MoRequest, api: UseApi) -> Sent:
    """Have a handset send a text, raw octets or a USSD string. Answers once the SMSC has accepted it.

    A text goes in GSM 7 bit where it can, else in UCS-2; a long one in segments, each with its id.
    """
    answers = await api.settings.radio.send(body.mo())
    refused = next((each for each in answers if each.status), None)
    if refused is not None:
        raise _refused(refused.status, answers)
    return Sent(messages=_accepted(answers))


def _accepted(answers: Sequence[Answered]) -> list[SentMessage]:
    return [SentMessage(id=each.message_id) for each in answers if not each.status]


def _refused(status: int, answers: Sequence[Answered]) -> Problem:
    """``messages`` tells of the segments that were accepted beside a refused one."""
    name = status_name(status)
    members: dict[str, object] = {"command_status": name}
    accepted = _accepted(answers)
    if accepted:
        members["messages"] = [each.model_dump() for each in accepted]
    if status in _LATER:
        return Problem(
            503, f"the SMSC is busy ({name}); ask again", code="busy", headers=SOON, members=members
        )
    advice = _ADVICE.get(status, _OTHERWISE)
    return Problem(422, f"the SMSC refused it ({name}): {advice}", code="submit_refused", members=members)
