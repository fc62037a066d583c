"""What readers ask for and get of calls: frozen values that no longer hang on a transaction."""

from dataclasses import dataclass

from storage.call_model import Call, CallTurn
from storage.views import PostingView


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls to list. ``None`` means any, for ``limit`` too.

    ``msisdn`` is either party, ``called`` a subscriber's number or a service's, ``ended`` a Cause;
    ``since_us`` is the operator time of the beginning.
    """

    msisdn: str | None = None
    caller: str | None = None
    called: str | None = None
    service: str | None = None
    ended: str | None = None
    is_open: bool | None = None
    since_us: int | None = None
    limit: int | None = 100


@dataclass(frozen=True, slots=True)
class CallView:
    """A call with what happened on its legs, in order, and the lines of the entry that charged for it."""

    call: Call
    turns: tuple[CallTurn, ...]
    postings: tuple[PostingView, ...]
