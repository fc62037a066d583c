"""The bank as a test plays it: cards, what happens to them, how it answers; through the control API."""

from decimal import Decimal
from itertools import count
from typing import Any

from handlers.base.cards import luhn_digit
from tests.e2e.control_api import ControlApi

#: services.md section 3: the bank answers 3 to 5 seconds after the order.
BEFORE_ANSWER_S = 2
ANSWER_S = 5
#: The profile's ``answer_timeout_s``.
TIMEOUT_S = 60
_PREFIX = "93980000"


class BankSide:
    """The simulated bank of one gateway."""

    def __init__(self, api: ControlApi) -> None:
        self.api = api
        self._numbers = count(1)

    def card(self, msisdn: str) -> dict[str, Any]:
        """The subscriber's oldest card as it is now."""
        found: list[dict[str, Any]] = self.api.get("/cards", msisdn=msisdn)
        return found[0]

    def connect(self, msisdn: str, last4: str, balance: str = "0.00") -> dict[str, Any]:
        """A further card that ends in ``last4``; its other digits are nobody else's."""
        body = {"msisdn": msisdn, "bank": "halyk", "pan": self._pan(last4), "balance": balance}
        made: dict[str, Any] = self.api.post("/cards", body)
        return made

    def _pan(self, last4: str) -> str:
        for number in self._numbers:
            start = f"{_PREFIX}{number:04d}{last4[:3]}"
            if luhn_digit(start) == last4[3]:
                return start + last4[3]
        raise AssertionError("count() does not end")

    def change(self, card_id: str, state: str) -> Any:
        """Block or unblock."""
        answer = self.api.http.patch(f"/cards/{card_id}", json={"state": state})
        return answer.raise_for_status().json()

    def happen(self, card_id: str, kind: str, amount: str, venue: str = "Magnum") -> Any:
        """A purchase, a salary..."""
        body = {"kind": kind, "amount": amount, "venue": venue}
        return self.api.post(f"/cards/{card_id}/transactions", body)

    def behave(self, mode: str, delay_s: int | None = None) -> None:
        """How it answers from now on."""
        body = {"mode": mode} | ({} if delay_s is None else {"delay_s": delay_s})
        self.api.http.put("/bank/behaviour", json=body).raise_for_status()

    def transactions(self, msisdn: str) -> list[dict[str, Any]]:
        """What happened to the subscriber's oldest card, newest first."""
        found: list[dict[str, Any]] = self.api.get(
            f"/cards/{self.card(msisdn)['id']}/transactions", limit=1000
        )
        return found

    def last(self, msisdn: str) -> dict[str, Any]:
        """The newest of them."""
        return self.transactions(msisdn)[0]

    def state(self, code: str) -> str:
        """What the bank's record says of a transaction."""
        return str(self.api.get(f"/bank/transactions/{code}")["state"])

    def resolve(self, code: str, verdict: str) -> None:
        """The bank's people say what became of it."""
        self.api.post(f"/bank/transactions/{code}/resolve", {"verdict": verdict})

    def top_ups(self, msisdn: str) -> list[dict[str, Any]]:
        """What cards paid to the subscriber's main balance, newest first."""
        history = self.api.get(f"/subscribers/{msisdn}/history", limit=1000)
        return [each for each in history if each["reason"] == "bank.top_up"]

    def balances(self) -> dict[str, Decimal]:
        """The trial balance by account. Raises AssertionError unless it sums to nothing."""
        shown = self.api.get("/ledger/trial-balance")
        assert shown["sum"] == "0.00"
        return {each["code"]: Decimal(each["balance"]) for each in shown["accounts"]}
