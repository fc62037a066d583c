"""Counters and histograms for Prometheus: one registry per application, labels with few values only.

Never a label by MSISDN, message id or session: a label's values must be known when the code is written.
"""

from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """Everything that ``GET /metrics`` shows. The methods are cheap enough for once per message."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._messages = self._counter("messages", "Messages that reached a state", "direction", "state")
        self._commands = self._counter("commands", "Commands by what became of them", "service", "outcome")
        self._pdus = self._counter("pdus", "PDUs by direction (in, out)", "direction", "name", "status")
        self._requests = self._counter("http_requests", "Control API requests", "method", "route", "status")
        self._binds = self._gauge("binds", "Bound SMPP sessions", "side")
        self.batch_size = self._histogram("batch_commands", "Commands in one transaction", _BATCH)
        self.commit_seconds = self._histogram("commit_seconds", "Time of one commit", _SECONDS)
        self.request_seconds = self._histogram("http_request_seconds", "Time of one API request", _SECONDS)
        self.queue_depth = self._gauge("queue_depth", "Commands that wait for the writer")
        self.outbox_depth = self._gauge("outbox_depth", "Messages that wait for delivery")
        self._children = lru_cache(maxsize=4096)(self._child)

    def message(self, direction: str, state: str, count: int = 1) -> None:
        """Count messages (``mo`` or ``mt``) that reached a state (SMPP 3.4 section 5.2.28)."""
        self._children(self._messages, direction, state).inc(count)

    def command(self, service: str, outcome: str) -> None:
        """Count a command by its service and ``ok``, ``usage`` or the id of a refusal."""
        self._children(self._commands, service, outcome).inc()

    def pdu(self, direction: str, name: str, status: str = "") -> None:
        """Count a PDU (``in`` or ``out``) by its name and, for a response, its status."""
        self._children(self._pdus, direction, name, status).inc()

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request by its route template (never the path: that holds MSISDNs)."""
        self._children(self._requests, method, route, str(status)).inc()
        self.request_seconds.observe(seconds)

    def binds(self, side: str, count: int) -> None:
        """Set how many sessions of a side (``handset`` or ``application``) are bound."""
        self._binds.labels(side).set(count)

    def batch(self, size: int, commit_s: float) -> None:
        """Note one transaction: how many commands shared it and how long its commit took."""
        self.batch_size.observe(size)
        self.commit_seconds.observe(commit_s)

    def render(self) -> bytes:
        """The text exposition format 0.0.4."""
        return generate_latest(self.registry)

    @staticmethod
    def _child(counter: Counter, *labels: str) -> Counter:
        # labels() takes a lock and builds a key; this cache does neither on the way of a message.
        return counter.labels(*labels)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, namespace="shortcode", registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, labels, namespace="shortcode", registry=self.registry)

    def _histogram(self, name: str, help_text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, help_text, namespace="shortcode", registry=self.registry, buckets=buckets)
