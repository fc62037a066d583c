"""``/health`` and ``/metrics``: for machines that watch, without prefix."""

from fastapi import APIRouter, Response

from gateway.http.context import UseApi
from gateway.http.schemas import Health
from gateway.metrics import CONTENT_TYPE

router = APIRouter(tags=["operations"])


@router.get("/health", responses={503: {"model": Health}})
async def get_health(response: Response, api: UseApi) -> Health:
    """200 and ``ok``, or 503 and what is wrong."""
    status = api.operator.health()
    response.status_code = 200 if status == "ok" else 503
    return Health(status=status)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def get_metrics(api: UseApi) -> Response:
    """Prometheus text format."""
    return Response(api.settings.metrics.render(), media_type=CONTENT_TYPE)
