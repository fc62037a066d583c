"""``/subscribers/{msisdn}/collect-lists``: three lists, and which is active."""

from typing import Any, TypeAlias

import pytest

from rating.msisdn import Msisdn
from storage.call_model import CollectList, CollectLists

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
ALIYA, BOLAT = Msisdn("77011234567"), Msisdn("77021234567")


def test_a_subscribers_lists_are_shown_in_their_order(
    client: Client, operator: Operator, subscriber_view: Any
) -> None:
    operator.reads.subscribers[ALIYA] = subscriber_view
    operator.reads.collect_lists = lambda owner: CollectLists(
        owner=owner, active=CollectList.WHITE, black=(BOLAT,), friends=(Msisdn("77781234567"), BOLAT)
    )
    assert client.get("/api/v1/subscribers/8-701-123-45-67/collect-lists").json() == {
        "msisdn": ALIYA,
        "active": "white",
        "black": [BOLAT],
        "white": [],
        "friends": ["77781234567", BOLAT],
    }


@pytest.mark.parametrize(("msisdn", "status"), [(BOLAT, 404), ("112", 422)])
def test_nobody_has_no_lists(client: Client, operator: Operator, msisdn: str, status: int) -> None:
    operator.reads.collect_lists = lambda owner: CollectLists(owner=owner)
    assert client.get(f"/api/v1/subscribers/{msisdn}/collect-lists").status_code == status
