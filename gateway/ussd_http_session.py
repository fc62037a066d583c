"""HTTP USSD applications as aggregators made them common: what is posted, and what the answer says. Pure.

Source: Africa's Talking, "USSD" (https://developers.africastalking.com/docs/ussd/overview), whose form
others took over (https://helliomessaging.com/docs/request/ussd, https://mobilesasa.com/ussd/). There, too,
an answer that is an HTTP error or begins with neither ``CON`` nor ``END`` ends the session.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

#: The network that Africa's Talking gives to its own simulator ("Athena"): no operator has this code.
NETWORK_CODE: Final = "99999"
#: Open sessions of one application; the oldest goes. The gateway has 10,000 dialogues open at once.
SESSIONS_MAX: Final = 20_000
#: Inputs of one session, which all travel with each request.
INPUTS_MAX: Final = 200
#: More than any screen shows; the gateway cuts at its own limit, and notes it.
TEXT_MAX: Final = 1_000

_LAST: Final = {"CON": False, "END": True}


class Failed(Exception):
    """The application gave no screen; the message says why, without anything that it sent."""


class Answer(NamedTuple):
    """What the application wants shown. ``last`` ends the session."""

    last: bool
    text: str


def read_answer(body: bytes) -> Answer:
    """``CON text`` or ``END text``, in UTF-8. Raises Failed."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failed("the body is not UTF-8") from None
    word, rest = text[:3], text[3:]
    if word not in _LAST or (rest and not rest[0].isspace()):
        raise Failed("the body begins with neither CON nor END")
    return Answer(_LAST[word], rest.strip().replace("\r\n", "\n")[:TEXT_MAX])


@dataclass(slots=True, eq=False)
class Session:
    """A dialogue as the application sees it. ``code`` is without the ``#``.

    ``info`` is the ``its_session_info`` of the last of its ``inputs``, so that what comes again counts once.
    The first input is what was dialled after the code.
    """

    id: str
    msisdn: str
    code: str
    info: bytes
    inputs: list[str] = field(repr=False)

    @property
    def number(self) -> int:
        """Of the dialogue."""
        return self.info[0]

    def form(self) -> dict[str, str]:
        """The fields of the request."""
        return {
            "sessionId": self.id,
            "phoneNumber": f"+{self.msisdn}",
            "networkCode": NETWORK_CODE,
            "serviceCode": f"{self.code}#",
            "text": "*".join(self.inputs if self.inputs[0] else self.inputs[1:]),
        }


class Sessions:
    """The open ones of one application: one at most for each handset."""

    def __init__(self, codes: Iterable[str], new_id: Callable[[], str]) -> None:
        """``codes`` without the ``#``; ``new_id`` gives an id that was never given before."""
        self._codes = sorted(codes, key=len, reverse=True)
        self._new_id = new_id
        self._open: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, msisdn: str, info: bytes, dialled: str) -> Session:
        """A handset has dialled. The same again (after a lost connection) gives the same session.

        ``info`` is its_session_info (dialogue number, sequence << 1 | end bit). Raises Failed where the
        string begins with no code of the application.
        """
        code, rest = self._split(dialled)
        open_one = self._open.get(msisdn)
        if open_one is not None and (open_one.code, open_one.info, open_one.inputs) == (code, info, [rest]):
            return open_one
        session = Session(self._new_id(), msisdn, code, info, [rest])
        self._open[msisdn] = session
        self._open.move_to_end(msisdn)
        if len(self._open) > SESSIONS_MAX:
            self._open.popitem(last=False)
        return session

    def _split(self, dialled: str) -> tuple[str, str]:
        """The code, and what was dialled after it."""
        plain = dialled.strip().removesuffix("#")
        for code in self._codes:
            if plain == code or plain.startswith(f"{code}*"):
                return code, plain[len(code) + 1 :]
        raise Failed("what was dialled begins with no code of this application")

    def answered(self, msisdn: str, info: bytes, typed: str) -> Session:
        """A handset has answered the last screen. Raises Failed where no such session is open."""
        session = self._open.get(msisdn)
        if session is None or session.number != info[0]:
            raise Failed("the session is not known (any more)")
        if session.info == info:
            session.inputs.pop()
        if len(session.inputs) >= INPUTS_MAX:
            raise Failed("too many inputs in one session")
        session.info = info
        session.inputs.append(typed)
        return session

    def ended(self, msisdn: str, number: int) -> None:
        """The dialogue of that number is over."""
        session = self._open.get(msisdn)
        if session is not None and session.number == number:
            del self._open[msisdn]

    def forget(self, session: Session) -> None:
        """It is over, unless the handset has begun another one since."""
        if self.is_open(session):
            del self._open[session.msisdn]

    def is_open(self, session: Session) -> bool:
        """False once it has ended, or the handset has dialled anew."""
        return self._open.get(session.msisdn) is session
