"""The control API as a test wants to call it: one method per thing that tests do."""

from decimal import Decimal
from typing import Any

import httpx

#: Longer than any ``wait=`` that a test asks for.
_TIMEOUT_S = 30.0
WAIT = "10s"


class ControlApi:
    """``/api/v1`` of one gateway. The plain ``http`` client is there for everything else."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1", timeout=_TIMEOUT_S, trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def get(self, path: str, **query: Any) -> Any:
        """The answer's JSON. Raises httpx.HTTPStatusError for an error."""
        return self.http.get(path, params=query).raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        """The answer's JSON. Raises httpx.HTTPStatusError for an error."""
        return self.http.post(path, json=body).raise_for_status().json()

    def reset(self) -> None:
        """Back to the seeded state."""
        self.post("/reset")

    def add_subscriber(self, msisdn: str, **fields: str) -> None:
        """A subscriber: activ, prepaid, English, without money, unless ``fields`` say otherwise."""
        body = {
            "msisdn": msisdn,
            "brand": "activ",
            "billing": "prepaid",
            "language": "en",
            "owner_name": "Alan Brown",
            "balance": "0.00",
        }
        self.post("/subscribers", body | fields)

    def patch(self, msisdn: str, **changes: Any) -> Any:
        """Change a subscriber."""
        answer = self.http.patch(f"/subscribers/{msisdn}", json=changes)
        return answer.raise_for_status().json()

    def codes(self, count: int = 1, face_value: str = "500.00") -> list[str]:
        """The codes of freshly made vouchers."""
        batch = self.post("/vouchers", {"face_value": face_value, "count": count})
        return [each["code"] for each in batch["vouchers"]]

    def balance(self, msisdn: str) -> Decimal:
        """The main balance in tenge."""
        return Decimal(self.get(f"/subscribers/{msisdn}")["balances"]["main"])

    def credits(self, msisdn: str) -> list[dict[str, Any]]:
        """The voucher credits of a subscriber, newest first."""
        history = self.get(f"/subscribers/{msisdn}/history", limit=1000)
        return [each for each in history if each["reason"] == "voucher.redeem"]

    def messages(self, *, wait: str = "0s", **query: Any) -> list[dict[str, Any]]:
        """``GET /messages``; the underscore of ``from_`` goes."""
        query = {name.rstrip("_"): value for name, value in query.items()}
        found: list[dict[str, Any]] = self.get("/messages", wait=wait, **query)
        return found

    def message(self, *, wait: str = WAIT, **query: Any) -> dict[str, Any]:
        """The newest message that matches, waited for. Raises AssertionError when none comes."""
        found = self.messages(wait=wait, **query)
        assert found, f"no message {query} within {wait}"
        return found[0]

    def whole(self, message_id: str) -> dict[str, Any]:
        """Everything about one message."""
        found: dict[str, Any] = self.get(f"/messages/{message_id}")
        return found

    def virtual_clock(self, now: str | None = None) -> None:
        """Stop the operator clock; from here on only ``advance`` moves it."""
        body = {"mode": "virtual"} | ({"now": now} if now else {})
        self.http.put("/clock", json=body).raise_for_status()

    def advance(self, seconds: int) -> list[dict[str, Any]]:
        """Move the operator clock; what fired."""
        fired: list[dict[str, Any]] = self.post("/clock/advance", {"seconds": seconds})["fired"]
        return fired
