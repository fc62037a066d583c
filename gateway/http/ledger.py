"""``/ledger``: the proof that no money came from nowhere."""

from fastapi import APIRouter

from gateway.http.context import UseApi
from gateway.http.schemas import Account, TrialBalance, shown

router = APIRouter(prefix="/ledger", tags=["ledger"])


@router.get("/trial-balance")
async def get_trial_balance(api: UseApi) -> TrialBalance:
    """Every account's balance, and their sum, which is 0.00 as long as the ledger is whole."""
    rows = await api.operator.read(lambda reads: reads.trial_balance())
    accounts = [Account(code=code, balance=shown(tiyn)) for code, tiyn in rows]
    return TrialBalance(sum=shown(sum(tiyn for _, tiyn in rows)), accounts=accounts)
