"""``/subscribers/{msisdn}/collect-lists``: who may call a subscriber at their expense."""

from fastapi import APIRouter

from gateway.http.call_schemas import ShownLists, show_lists
from gateway.http.context import PathMsisdn, UseApi
from gateway.http.problems import not_found

router = APIRouter(prefix="/subscribers", tags=["calls"])


@router.get("/{msisdn}/collect-lists")
async def get_collect_lists(msisdn: PathMsisdn, api: UseApi) -> ShownLists:
    """The Black List, the White List and Friends, and which of the first two is active."""
    view, lists = await api.operator.read(
        lambda reads: (reads.subscriber(msisdn), reads.collect_lists(msisdn))
    )
    if view is None:
        raise not_found(f"subscriber {msisdn}")
    return show_lists(lists)
