"""What can go wrong for the owner of a handset. Each message is one line that a person understands."""

from simulator.status import status_meaning, status_name


class HandsetError(Exception):
    """The base of everything below."""


class BadTarget(HandsetError):
    """The gateway's address is written wrong. The message never repeats it: it may hold a password."""


class BadNumber(HandsetError):
    """A telephone number, short code or dialled string of the wrong form."""


class BadText(HandsetError):
    """A text that cannot be sent: too long, or no text at all (lone surrogates)."""


class GatewayUnreachable(HandsetError):
    """Nobody answers at the gateway's address."""


class NotConnected(HandsetError):
    """The handset has no session with the gateway: it is switched off or out of coverage."""


class NoAnswer(HandsetError):
    """The gateway took a request and did not answer it in time."""


class NoDialogue(HandsetError):
    """``answer`` or ``abort`` without an open USSD dialogue."""


class VoiceUnreachable(HandsetError):
    """The handset has no voice channel: nobody answers, or it was lost."""


class NoCall(HandsetError):
    """``pick``, ``keys``, ``name`` or ``hang`` without a call that it could be meant for."""


class BadKeys(HandsetError):
    """What cannot be pressed on a telephone."""


class _Refused(HandsetError):
    """An error response; ``status`` is its command_status, ``status_name`` the specification's name."""

    what = "refused"

    def __init__(self, status: int) -> None:
        super().__init__(f"{self.what}: {status_name(status)} ({status_meaning(status)})")
        self.status = status
        self.status_name = status_name(status)


class BindRefused(_Refused):
    """The gateway answered the bind with an error (wrong password, number not allowed, too many binds)."""

    what = "the gateway refused the bind"


class SubmitFailed(_Refused):
    """The gateway answered a submit_sm with an error."""

    what = "the gateway refused it"


class DialogueOver(SubmitFailed):
    """The answer came too late: the gateway knows of no dialogue that waits for it."""

    what = "the USSD dialogue is over, dial again"
