"""``POST /reset``: back to the seeded state (emulator mode only)."""

from fastapi import APIRouter

from gateway.http.context import UseApi
from gateway.http.schemas import Health

router = APIRouter(tags=["emulator"])


@router.post("/reset")
async def reset(api: UseApi) -> Health:
    """Everything back to the seeded state, at once."""
    await api.operator.reset()
    return Health(status="ok")
