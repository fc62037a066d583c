"""9393: after the answer the code of a card and ``*`` (services.md section 2)."""

from typing import Final

from handlers.base.command import Origin
from handlers.base.outcome import Outcome
from handlers.scratch_cards import NAME, RedeemVoucher, Refused
from storage.call_model import Cause
from ussd_menus.prompts.model import Collect, End, Flow, Fork, Run, Say, Slots
from ussd_menus.prompts.slots import secret_in

_CODE: Final = "code"
_LOCKED: Final = "is_locked"
#: After these another code may be typed; the service counts them, and locks who guesses.
_TRY_AGAIN: Final = (Refused.MALFORMED, Refused.UNKNOWN, Refused.USED, Refused.EXPIRED, Refused.DISABLED)


def _redeem(origin: Origin, slots: Slots) -> RedeemVoucher:
    return RedeemVoucher(origin=origin, code=secret_in(slots, _CODE))


def _is_locked(outcome: Outcome) -> Slots:
    """The wrong code that is one too many is refused like any other, but its text tells of the lock."""
    return {_LOCKED: outcome.refusal is not None and outcome.refusal.text.id == "voucher.locked_now"}


FLOW: Final = Flow(
    service=NAME,
    first="code",
    steps={
        "code": Collect("voucher.enter_code", _CODE, end="*", then="redeem", gives_up="gave_up", secret=True),
        "redeem": Run(
            _redeem,
            {"ok": "goodbye", **dict.fromkeys(_TRY_AGAIN, "locked?")},
            other="refused",
            learns=_is_locked,
            forgets=(_CODE,),
        ),
        "locked?": Fork(_LOCKED, filled="refused", empty="code"),
        "goodbye": Say("voice.goodbye", "finished"),
        "finished": End(),
        "refused": End(Cause.NOT_ALLOWED),
        "gave_up": Say("voice.gave_up", "no_answer"),
        "no_answer": End(Cause.GAVE_UP),
    },
)
