"""What a server says about itself: readiness, what it offers, what it counts."""

from __future__ import annotations

import asyncio
import bisect
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pb2

from morlaif.method import Handler, Service
from morlaif.server_call import Context
from morlaif.services import HealthHandler, MetricsHandler, ReflectionHandler
from morlaif.status import RPCError, StatusCode
from morlaif.v1 import health_pb2, metrics_pb2, reflection_pb2

STARTING = health_pb2.SERVING_STATUS_STARTING
SERVING = health_pb2.SERVING_STATUS_SERVING
NOT_SERVING = health_pb2.SERVING_STATUS_NOT_SERVING


class Health(HealthHandler):
    """Answers `Health`; set the states from the server's event loop."""

    def __init__(self, services: Sequence[str]) -> None:
        self._states: dict[str, tuple[int, str]] = {name: (SERVING, "") for name in services}
        self._states[""] = (SERVING, "")
        self._began = time.monotonic()
        self._changed = asyncio.Event()
        self._is_over = False

    def set(self, status: int, detail: str = "", service: str | None = None) -> None:
        """Says how a service is; None means all of them."""
        for name in list(self._states) if service is None else [service]:
            self._states[name] = (status, detail)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def stop(self) -> None:
        """Says NOT_SERVING and ends what watches."""
        self._is_over = True
        self.set(NOT_SERVING, "the server is stopping")

    async def check(
        self, request: health_pb2.HealthRequest, context: Context
    ) -> health_pb2.HealthReply:
        """The state now."""
        return self._reply(request.service)

    async def watch(
        self, request: health_pb2.HealthRequest, context: Context
    ) -> AsyncIterator[health_pb2.HealthReply]:
        """The state now and after every change, until the server stops."""
        last = None
        while True:
            changed = self._changed
            reply = self._reply(request.service)
            if (reply.status, reply.detail_utf8) != last:
                last = (reply.status, reply.detail_utf8)
                yield reply
            if self._is_over:
                return
            await changed.wait()

    def _reply(self, service: str) -> health_pb2.HealthReply:
        if service not in self._states:
            raise RPCError(StatusCode.NOT_FOUND, f"service: there is no {service} here")
        status, detail = self._states[service]
        return health_pb2.HealthReply(
            status=status,  # type: ignore[arg-type]
            detail_utf8=detail.encode(),
            uptime_seconds=time.monotonic() - self._began,
        )


class Reflection(ReflectionHandler):
    """Answers `Reflection` from the services' descriptors."""

    def __init__(self, services: Sequence[Service]) -> None:
        described = [_describe(service) for service in services]
        self._services = sorted(described, key=lambda service: service.name)

    async def describe(
        self, request: reflection_pb2.DescribeRequest, context: Context
    ) -> reflection_pb2.DescribeReply:
        """All services, or the one asked for."""
        found = [s for s in self._services if request.service in ("", s.name)]
        if not found and request.service:
            raise RPCError(StatusCode.NOT_FOUND, f"service: there is no {request.service} here")
        return reflection_pb2.DescribeReply(services=found)


@dataclass(frozen=True)
class Metric:
    """One thing that a server counts; named as in the Swift services' MetricCatalog.swift."""

    name: str
    kind: metrics_pb2.MetricKind
    unit: str
    labels: tuple[str, ...] = ()


OPEN_CONNECTIONS = Metric(
    "rpc_server_open_connections", metrics_pb2.METRIC_KIND_GAUGE, "connections"
)
REFUSED_CONNECTIONS = Metric(
    "rpc_server_refused_connections_total",
    metrics_pb2.METRIC_KIND_COUNTER,
    "connections",
    ("reason",),
)
OPEN_CALLS = Metric("rpc_server_open_calls", metrics_pb2.METRIC_KIND_GAUGE, "calls")
BEGUN_CALLS = Metric(
    "rpc_server_begun_calls_total", metrics_pb2.METRIC_KIND_COUNTER, "calls", ("method",)
)
ENDED_CALLS = Metric(
    "rpc_server_ended_calls_total", metrics_pb2.METRIC_KIND_COUNTER, "calls", ("method", "code")
)
REFUSED_CALLS = Metric(
    "rpc_server_refused_calls_total", metrics_pb2.METRIC_KIND_COUNTER, "calls", ("code",)
)
DENIED_CALLS = Metric("rpc_server_denied_calls_total", metrics_pb2.METRIC_KIND_COUNTER, "calls")
CALL_SECONDS = Metric(
    "rpc_server_call_duration_seconds", metrics_pb2.METRIC_KIND_HISTOGRAM, "seconds", ("method",)
)

# Upper bounds in seconds, those of the Swift services: histograms of both can be added up.
BOUNDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
    1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
)  # fmt: skip


class Metrics(MetricsHandler):
    """Answers `Metrics`: connections, calls by method and code, how long they took."""

    def __init__(self) -> None:
        self._values: dict[tuple[Metric, tuple[str, ...]], float] = {}
        # Counts up to each bound and above the last, not cumulative; then the sum of seconds.
        self._durations: dict[str, tuple[list[int], float]] = {}
        for gauge in (OPEN_CONNECTIONS, OPEN_CALLS):
            self.add(gauge, amount=0.0)

    def add(self, metric: Metric, *labels: str, amount: float = 1.0) -> None:
        """Adds to a counter or gauge; one value for each of its labels."""
        key = (metric, labels)
        self._values[key] = self._values.get(key, 0.0) + amount

    def ended(self, method: str, code: StatusCode, seconds: float) -> None:
        """Counts a call whose handler has returned."""
        self.add(ENDED_CALLS, method, code.name)
        counts, total = self._durations.get(method, ([0] * (len(BOUNDS) + 1), 0.0))
        counts[bisect.bisect_left(BOUNDS, seconds)] += 1
        self._durations[method] = (counts, total + seconds)

    def refused(self, code: StatusCode) -> None:
        """Counts a call that never reached a method; its name is the peer's and is not kept."""
        self.add(REFUSED_CALLS, code.name)
        if code is StatusCode.PERMISSION_DENIED:
            self.add(DENIED_CALLS)

    async def snapshot(
        self, request: metrics_pb2.MetricsSnapshotRequest, context: Context
    ) -> metrics_pb2.MetricsSnapshotReply:
        """The values as they stand."""
        values = sorted(self._values.items(), key=lambda item: (item[0][0].name, item[0][1]))
        samples = [_sample(metric, labels, value) for (metric, labels), value in values]
        for method, (counts, total) in sorted(self._durations.items()):
            reached = 0
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts):
                reached += count
                samples.append(_sample(CALL_SECONDS, (method,), reached, "_bucket", bound))
            samples.append(_sample(CALL_SECONDS, (method,), total, "_sum"))
            samples.append(_sample(CALL_SECONDS, (method,), reached, "_count"))
        return metrics_pb2.MetricsSnapshotReply(samples=samples)


def _sample(
    metric: Metric, labels: tuple[str, ...], value: float, part: str = "", bound: str | None = None
) -> metrics_pb2.MetricSample:
    named = list(zip(metric.labels, labels))
    if bound is not None:
        named.append(("le", bound))
    return metrics_pb2.MetricSample(
        name=metric.name + part,
        value=value,
        labels=[metrics_pb2.MetricLabel(name=k, value_utf8=v.encode()) for k, v in named],
        kind=metric.kind,
        unit=metric.unit,
    )


def _describe(service: Service) -> reflection_pb2.ServiceDescription:
    methods = [
        reflection_pb2.MethodDescription(
            name=method.name,
            kind=int(method.kind),  # type: ignore[arg-type]
            request_type=method.request_type.DESCRIPTOR.full_name,
            reply_type=method.reply_type.DESCRIPTOR.full_name,
            is_idempotent=method.is_idempotent,
        )
        for method in service.methods
    ]
    files: dict[str, Any] = {}
    _collect(service.file, files)
    file_set = descriptor_pb2.FileDescriptorSet()
    for file in files.values():
        file.CopyToProto(file_set.file.add())
    return reflection_pb2.ServiceDescription(
        name=service.name, methods=methods, descriptor_set=file_set.SerializeToString()
    )


def _collect(file: Any, files: dict[str, Any]) -> None:
    """Each file before those that need it."""
    if file.name in files:
        return
    for needed in file.dependencies:
        _collect(needed, files)
    files[file.name] = file


def services_of(handlers: Sequence[Handler]) -> list[Service]:
    """What handlers offer; a name twice is an error of the program."""
    services = [handler.service for handler in handlers]
    names = [service.name for service in services]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two handlers for {name}")
    return services
