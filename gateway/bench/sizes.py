"""How much the benchmarks have to do. Imported by the command line, so it imports nothing itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is stored before the ledger (commands) and the SMSC (messages) are measured, and how much the
    bank has to do: payments by SMS, payments of each channel, AutoPay rules; how many parkings there are in
    whole cycles, of a virtual day, and at one moment. 0 leaves a part out.
    """

    commands_before: int = 0
    messages_before: int = 0
    sms_payments: int = 20_000
    channel_payments: int = 25_600
    rules: int = 100_000
    parking_cycles: int = 20_000
    parking_day: int = 2_000
    parked: int = 100_000


DEFAULT_SIZES = Sizes()
