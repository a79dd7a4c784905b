"""What a server says about itself: readiness, what it offers, what it counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
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


class Metrics(MetricsHandler):
    """Answers `Metrics`: calls by method and code, seconds spent, connections."""

    def __init__(self) -> None:
        self._samples: dict[str, float] = {"rpc_server_open_connections": 0.0, "rpc_server_open_calls": 0.0}

    def add(self, name: str, value: float = 1.0) -> None:
        """Adds to a counter or gauge."""
        self._samples[name] = self._samples.get(name, 0.0) + value

    def finished(self, method: str, code: StatusCode, seconds: float) -> None:
        """Counts a call. Methods that do not exist share one name, so a peer cannot fill the table."""
        known = "unknown" if code is StatusCode.UNIMPLEMENTED else method
        self.add(f"rpc_server_ended_calls_total{{method={known},code={code.name}}}")
        self.add(f"rpc_server_handler_seconds_total{{method={known}}}", seconds)

    async def snapshot(
        self, request: metrics_pb2.MetricsSnapshotRequest, context: Context
    ) -> metrics_pb2.MetricsSnapshotReply:
        """The values as they stand."""
        return metrics_pb2.MetricsSnapshotReply(
            samples=[
                metrics_pb2.MetricSample(name=name, value=value)
                for name, value in sorted(self._samples.items())
            ]
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
