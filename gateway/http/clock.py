"""``/clock``: the operator clock, forward only."""

from fastapi import APIRouter

from gateway.clock import MICROSECONDS, ClockView
from gateway.http.context import Api, UseApi
from gateway.http.schemas import Advance, Advanced, ClockSetting, FiredJob, ShownClock

router = APIRouter(prefix="/clock", tags=["clock"])


@router.get("")
async def get_clock(api: UseApi) -> ShownClock:
    """Mode and time."""
    return _shown(api.operator.clock(), api)


@router.put("")
async def set_clock(body: ClockSetting, api: UseApi) -> ShownClock:
    """Switch between real and virtual; a time before the clock's own is refused with 409."""
    return _shown(await api.operator.set_clock(body.mode, body.now), api)


@router.post("/advance")
async def advance_clock(body: Advance, api: UseApi) -> Advanced:
    """Go forward, firing due work in order. Answers when it is done, with what fired."""
    if body.to is None:
        to_us = api.operator.clock().now_us + (body.seconds or 0) * MICROSECONDS
        fired = await api.operator.advance(to_us, at_least=True)
    else:
        fired = await api.operator.advance(body.to)
    jobs = [FiredJob(kind=each.kind, key=each.key, due=api.show(each.due_us)) for each in fired]
    return Advanced(**_shown(api.operator.clock(), api).model_dump(), fired=jobs)


def _shown(view: ClockView, api: Api) -> ShownClock:
    return ShownClock(mode=view.mode, now=api.show(view.now_us), timezone=str(api.operator.timezone))
