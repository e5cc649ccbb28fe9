"""Counters that a Prometheus server can scrape; implements the small protocols of doors and dispatchers."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """All counters of one process, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._operations = Counter(
            "carillon_graphql_operations", "GraphQL operations ended", ("kind", "code"), registry=self.registry
        )
        self._sockets = Gauge("carillon_graphql_sockets", "Open GraphQL sockets", registry=self.registry)
        self._taken = Counter(
            "carillon_bus_pointers", "Pointers taken from the bus", ("topic",), registry=self.registry
        )
        self._aside = Counter(
            "carillon_bus_set_aside", "Pointers that could not be handled", ("topic",), registry=self.registry
        )
        self._expanded = Counter(
            "carillon_deliveries_expanded", "Deliveries decided", ("state", "reason"), registry=self.registry
        )
        self._settled = Counter(
            "carillon_attempts_settled", "Attempts with an outcome", ("channel", "state", "reason"),
            registry=self.registry,
        )  # fmt: skip

    def gauge(self, name: str, purpose: str, read: Callable[[], float]) -> None:
        """A number that is read when somebody asks."""
        Gauge(name, purpose, registry=self.registry).set_function(read)

    def record(self, operations: Mapping[tuple[str, str], int], open_sockets: int) -> None:
        """See `gateway.graphql.metrics.Metrics`."""
        for (kind, code), count in operations.items():
            self._operations.labels(kind, code).inc(count)
        self._sockets.set(open_sockets)

    def taken(self, topic: str, pointers: int) -> None:
        """See `Counts`."""
        self._taken.labels(topic).inc(pointers)

    def set_aside(self, topic: str, pointers: int) -> None:
        """See `Counts`."""
        self._aside.labels(topic).inc(pointers)

    def expanded(self, state: str, reason: str, deliveries: int) -> None:
        """See `Counts`."""
        self._expanded.labels(state, reason).inc(deliveries)

    def settled(self, channel: str, state: str, reason: str, attempts: int) -> None:
        """See `Counts`."""
        self._settled.labels(channel, state, reason).inc(attempts)

    def text(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)
