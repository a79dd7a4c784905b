"""Calls and offers the services of MORLAIF.

To call, make a `Client` (or an `AsyncClient` under asyncio) and put a stub of `morlaif.services` on it:

    with Client("127.0.0.1:7103", server_name="scalarizer") as client:
        reply = Scalarizer(client).describe(DescribeConfigurationRequest())

To offer a service, derive from a handler of `morlaif.services` and give it to `serve`. Messages are in
`morlaif.v1`. The wire protocol without I/O is in `morlaif.wire`; shims for trainers in `morlaif.shims`.
"""

from morlaif.client import AsyncCall, AsyncClient
from morlaif.credentials import Credentials
from morlaif.method import Method, MethodKind, Service
from morlaif.retry import RetryPolicy
from morlaif.server import AsyncServer, serve
from morlaif.server_call import Context, Peer
from morlaif.status import Metadata, RPCError, StatusCode
from morlaif.sync import Call, Client
from morlaif.transport import Timing
from morlaif.wire import Settings

__version__ = "0.1.0"

__all__ = [
    "AsyncCall",
    "AsyncClient",
    "AsyncServer",
    "Call",
    "Client",
    "Context",
    "Credentials",
    "Metadata",
    "Method",
    "MethodKind",
    "Peer",
    "RPCError",
    "RetryPolicy",
    "Service",
    "Settings",
    "StatusCode",
    "Timing",
    "serve",
]
