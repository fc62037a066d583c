"""Counters and histograms for Prometheus: one registry per application, labels with few values only.

Never a label by MSISDN, message id or session: a label's values must be known when the code is written.
What is counted for each message is counted in a plain dict and becomes samples when somebody asks.
"""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class _Counts(Collector):
    """One family of counters by label values."""

    def __init__(self, name: str, help_text: str, *labels: str) -> None:
        self._name = f"shortcode_{name}"
        self._help = help_text
        self._labels = labels
        self.tally: Tally[tuple[str, ...]] = Tally()

    def collect(self) -> Iterable[Metric]:
        """The samples now."""
        family = CounterMetricFamily(self._name, self._help, labels=self._labels)
        for values, count in self.tally.copy().items():
            family.add_metric(values, count)
        return [family]


class Metrics:
    """Everything that ``GET /metrics`` shows. The methods are cheap enough for once per message."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._messages = self._counts("messages", "Messages that reached a state", "direction", "state")
        self._commands = self._counts("commands", "Commands by what became of them", "service", "outcome")
        self._calls = self._counts("calls", "Calls that ended, and why", "service", "reason")
        self._pdus = self._counts("pdus", "PDUs by direction (in, out)", "direction", "name", "status")
        self._requests = self._counts("http_requests", "Control API requests", "method", "route", "status")
        self._binds = self._gauge("binds", "Bound SMPP sessions", "side")
        self._batch_size = self._histogram("batch_commands", "Commands in one transaction", _BATCH)
        self._batch_seconds = self._histogram("batch_seconds", "Time of one transaction", _SECONDS)
        self._request_seconds = self._histogram("http_request_seconds", "Time of one API request", _SECONDS)
        self.voice_connections = self._gauge("voice_connections", "Handsets with a voice connection")
        self.queue_depth = self._gauge("queue_depth", "Commands that wait for the writer")

    def message(self, direction: str, state: str, count: int = 1) -> None:
        """Count messages (``mo`` or ``mt``) that reached a state (SMPP 3.4 section 5.2.28)."""
        self._messages.tally[direction, state] += count

    def command(self, service: str, outcome: str) -> None:
        """Count a command by its service and ``ok``, ``usage`` or the id of a refusal."""
        self._commands.tally[service, outcome] += 1

    def call(self, service: str, reason: str) -> None:
        """Count a call that ended, by its service and the reason."""
        self._calls.tally[service, reason] += 1

    def pdu(self, direction: str, name: str, status: str = "") -> None:
        """Count a PDU (``in`` or ``out``) by its name and, for a response, its status.

        A peer may answer with any number: those without a name share the label ``other``.
        """
        tally, key = self._pdus.tally, (direction, name, status)
        if key not in tally and status and not status.startswith("ESME_"):
            key = (direction, name, "other")
        tally[key] += 1

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request by its route template (never the path: that holds MSISDNs)."""
        self._requests.tally[method, route, str(status)] += 1
        self._request_seconds.observe(seconds)

    def binds(self, side: str, count: int) -> None:
        """Set how many sessions of a side (``handset`` or ``application``) are bound."""
        self._binds.labels(side).set(count)

    def batch(self, size: int, seconds: float) -> None:
        """Note one transaction: how many commands shared it and how long it took, commit included."""
        self._batch_size.observe(size)
        self._batch_seconds.observe(seconds)

    def render(self) -> bytes:
        """The text exposition format 0.0.4."""
        return generate_latest(self.registry)

    def _counts(self, name: str, help_text: str, *labels: str) -> _Counts:
        counts = _Counts(name, help_text, *labels)
        self.registry.register(counts)
        return counts

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, labels, namespace="shortcode", registry=self.registry)

    def _histogram(self, name: str, help_text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, help_text, namespace="shortcode", registry=self.registry, buckets=buckets)
