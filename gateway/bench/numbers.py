"""The MSISDNs of the benchmarks. A load generator imports this, and nothing that takes long to import."""

from rating.msisdn import Msisdn


def msisdn_of(number: int) -> Msisdn:
    """The number of the n-th subscriber of a benchmark."""
    return Msisdn(f"7701{number:07d}")
