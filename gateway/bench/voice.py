"""Voice legs: collect calls at the exchange, and over real WebSockets to a gateway process."""

from gateway.bench import voice_exchange, voice_sockets
from gateway.bench.figure import Figure


def run() -> list[Figure]:
    """Measure both, one after the other."""
    return [*voice_exchange.run(), *voice_sockets.run()]
