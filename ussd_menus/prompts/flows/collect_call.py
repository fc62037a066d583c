"""``000…`` and the call back of ``*133*…#``: the caller's flow, and what is played to the called party
(services.md section 7).
"""

from collections.abc import Mapping
from typing import Final

from handlers.base.collect_rules import FRIENDS_TARIFF, TARIFF, Refused
from handlers.base.command import Origin
from handlers.base.outcome import Outcome
from handlers.collect_call import NAME, AskCollect, CollectAsked, CountRefused
from rating.msisdn import Msisdn
from storage.call_model import Cause
from ussd_menus.prompts.model import Choose, End, Flow, Fork, Join, Record, Ring, Run, Say, Slots, Step
from ussd_menus.prompts.slots import words_in
from ussd_menus.prompts.turn import CALLER

#: The flow that the called party hears.
ANNOUNCEMENT: Final = f"{NAME}.announcement"
#: The slot with what was dialled after ``000``: the call control fills it before the flow begins.
NUMBER: Final = "number"
_CALLED: Final = "called"
_IS_FRIEND: Final = "is_friend"
_NAME: Final = "name"

#: The caller hears why; the cause is then told in one word.
_SAID: Final[Mapping[Cause, str]] = {
    Cause.BUSY: "collect.busy",
    Cause.NO_ANSWER: "collect.no_answer",
    Cause.SWITCHED_OFF: "collect.switched_off",
    Cause.NO_MONEY: "collect.no_money",
    Cause.REJECTED: "collect.refused",
    Cause.REFUSED: "collect.refused",
}
#: These count for the suspension.
_COUNTED: Final = (Cause.REJECTED, Cause.REFUSED)
#: Who hangs up during the announcement refuses; who presses nothing might not have been there at all.
#: A handset that went out of reach is switched off, as far as the caller is concerned.
_MEANT: Final[Mapping[Cause, Cause]] = {
    Cause.HANGUP: Cause.REFUSED,
    Cause.GAVE_UP: Cause.NO_ANSWER,
    Cause.LOST: Cause.SWITCHED_OFF,
}


def _ask(origin: Origin, slots: Slots) -> AskCollect:
    return AskCollect(origin=origin, called=words_in(slots, NUMBER))


def _asked(outcome: Outcome) -> Slots:
    asked = outcome.result
    if not isinstance(asked, CollectAsked):
        return {}
    return {_CALLED: asked.called, _IS_FRIEND: asked.is_friend}


def _count(origin: Origin, slots: Slots) -> CountRefused:
    return CountRefused(origin=origin, called=Msisdn(words_in(slots, _CALLED)))


def _ring(tariff: str, plays: str) -> Ring:
    first: dict[str, str] = {
        cause: f"count_{cause}" if cause in _COUNTED else f"say_{cause}" for cause in _SAID
    }
    meant: dict[str, str] = {cause: first[means] for cause, means in _MEANT.items()}
    failed = {**first, **meant}
    return Ring(_CALLED, payer=_CALLED, tariff=tariff, plays=plays, failed=failed, other="failed", name=_NAME)


def _failures() -> dict[str, Step]:
    """For each cause what is said and how it ends; first it is counted, where it counts."""
    steps: dict[str, Step] = {"failed": Say("voice.failed", "network"), "network": End(Cause.NETWORK)}
    for cause, text in _SAID.items():
        said, ended = f"say_{cause}", f"end_{cause}"
        if cause in _COUNTED:
            steps[f"count_{cause}"] = Run(_count, {"ok": said}, other=said, speaks=False)
        steps[said] = Say(text, ended)
        steps[ended] = End(cause)
    return steps


FLOW: Final = Flow(
    service=NAME,
    answers=False,
    first="ask",
    steps={
        "ask": Run(
            _ask,
            {
                "ok": "friend?",
                Refused.BAD_NUMBER: "no_route",
                Refused.OFF_NET: "no_route",
                Refused.NO_SUBSCRIBER: "no_route",
                Refused.CANNOT_PAY: "end_no_money",
            },
            other="not_allowed",
            learns=_asked,
        ),
        "friend?": Fork(_IS_FRIEND, filled="ring_friend", empty="name"),
        "name": Record("collect.say_name", _NAME, "ring"),
        "ring": _ring(TARIFF, ANNOUNCEMENT),
        "ring_friend": _ring(FRIENDS_TARIFF, ""),
        "no_route": End(Cause.NO_ROUTE),
        "not_allowed": End(Cause.NOT_ALLOWED),
        **_failures(),
    },
)

_ANSWERS: Final = {"1": "taken", "2": "refused"}

ANNOUNCED: Final = Flow(
    service=ANNOUNCEMENT,
    first="name?",
    steps={
        "name?": Fork(_NAME, filled="named", empty="unnamed"),
        "named": Choose("collect.announce", _ANSWERS, gives_up="gave_up", shows=(CALLER, _NAME)),
        "unnamed": Choose("collect.announce_unnamed", _ANSWERS, gives_up="gave_up", shows=(CALLER,)),
        "taken": Join(),
        "refused": End(Cause.REFUSED),
        "gave_up": Say("voice.gave_up", "no_answer"),
        "no_answer": End(Cause.GAVE_UP),
    },
)
