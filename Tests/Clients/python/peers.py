"""What the tests talk with: certificates, a server in the test's own loop, and raw peers."""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from morlaif import AsyncClient, AsyncServer, Credentials
from morlaif.wire import Connection, Hello, Role, Settings
from morlaif.wire.frames import FrameType, encode_frame

ROOT = Path(__file__).resolve().parents[3]


@functools.cache
def folder() -> Path:
    """A folder that goes away with the process; a child uses its parent's."""
    if parents := os.environ.get("MORLAIF_TEST_FOLDER"):
        return Path(parents)
    made = Path(tempfile.mkdtemp(prefix="morlaif-python-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def openssl(*arguments: str) -> None:
    """Runs the openssl program."""
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder())


@functools.cache
def authority(name: str) -> str:
    """A private authority; gives the path of its certificate."""
    if (folder() / f"{name}.pem").exists():
        return str(folder() / f"{name}.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30",
            "-subj", f"/CN={name}")
    return str(folder() / f"{name}.pem")


@functools.cache
def identity(name: str, signer: str = "ca", days: int = 30, trusts: str = "ca") -> Credentials:
    """Credentials of `name`, reachable as localhost, 127.0.0.1 and by its own name."""
    authority(signer)
    authority(trusts)
    file = f"{name}-{signer}-{days}"
    made = Credentials(
        str(folder() / f"{trusts}.pem"), str(folder() / f"{file}.pem"), str(folder() / f"{file}.key")
    )
    if Path(made.certificate).exists():
        return made
    (folder() / f"{file}.ext").write_text(
        f"subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1\n"
    )
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", f"{file}.key", "-out", f"{file}.csr", "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", f"{file}.csr", "-CA", f"{signer}.pem", "-CAkey",
            f"{signer}.key", "-CAcreateserial", "-out", f"{file}.pem", "-days", str(days),
            "-extfile", f"{file}.ext")
    return made


@asynccontextmanager
async def serving(*handlers: Any, **options: Any) -> AsyncIterator[tuple[AsyncServer, int]]:
    """A server on a port that the system chose."""
    server = AsyncServer(*handlers, credentials=identity("scalarizer"), **options)
    _, port = await server.start()
    try:
        yield server, port
    finally:
        await server.stop(drain=1)


def client(port: int, **options: Any) -> AsyncClient:
    """A client of `serving`."""
    options.setdefault("timeout", 20)
    return AsyncClient(f"127.0.0.1:{port}", identity("client"), **options)


def tls_context(alpn: str | None = "morlaif/1", **options: Any) -> ssl.SSLContext:
    """A context for a raw peer that says what the test wants it to say."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    files = options.get("credentials", identity("client"))
    context.load_verify_locations(files.authority)
    if options.get("shows_certificate", True):
        context.load_cert_chain(files.certificate, files.key)
    if alpn:
        context.set_alpn_protocols([alpn])
    context.maximum_version = options.get("maximum_version", ssl.TLSVersion.TLSv1_3)
    return context


class RawPeer:
    """A client that sends what bytes it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.machine = Connection(Role.CLIENT)

    @classmethod
    async def connected(cls, port: int, hello: bool = True, **options: Any) -> RawPeer:
        """Connects; sends a HELLO unless told otherwise."""
        streams = await asyncio.open_connection(
            "127.0.0.1", port, ssl=tls_context(**options), server_hostname="localhost"
        )
        peer = cls(*streams)
        if hello:
            await peer.send(peer.machine.take_output())
            await peer.receive()
        return peer

    async def send(self, data: bytes) -> None:
        """Sends bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> list[Any]:
        """Events of the next bytes; empty at the end of the connection."""
        try:
            data = await asyncio.wait_for(self.reader.read(65_536), 10)
        except (ConnectionError, ssl.SSLError):
            return []
        self.machine.receive(data)
        return self.machine.take_events()

    async def receive_all(self) -> list[Any]:
        """Events until the server closes."""
        events: list[Any] = []
        while True:
            try:
                data = await asyncio.wait_for(self.reader.read(65_536), 10)
            except (ConnectionError, ssl.SSLError):
                return events
            if not data:
                return events
            self.machine.receive(data)
            events += self.machine.take_events()

    def close(self) -> None:
        """Ends the connection at once."""
        self.writer.transport.abort()


class Pair:
    """A client machine and a server machine, with the bytes carried between them by hand."""

    def __init__(
        self, client: Settings | None = None, server: Settings | None = None, open: bool = True
    ) -> None:
        self.client = Connection(Role.CLIENT, client)
        self.server = Connection(Role.SERVER, server)
        self.client_events: list[Any] = []
        self.server_events: list[Any] = []
        if open:
            self.carry()
            self.client_events.clear()
            self.server_events.clear()

    def carry(self) -> None:
        """Moves bytes both ways until nobody has any."""
        while True:
            out, back = self.client.take_output(), self.server.take_output()
            if not out and not back:
                break
            self.server.receive(out)
            self.client.receive(back)
            self.client.pump()
            self.server.pump()
        self.client_events += self.client.take_events()
        self.server_events += self.server.take_events()

    def to_server(self, data: bytes) -> str:
        """Gives the server bytes; says by which rule it refused them, or "ok"."""
        return _outcome(self.server, data, self.server_events)

    def to_client(self, data: bytes) -> str:
        """Gives the client bytes; says by which rule it refused them, or "ok"."""
        return _outcome(self.client, data, self.client_events)


def _outcome(machine: Connection, data: bytes, events: list[Any]) -> str:
    machine.receive(data)
    found = machine.take_events()
    events += found
    for event in found:
        if type(event).__name__ == "Refused":
            return f"W{event.error.rule}"
    return "ok"


def hello_bytes(**fields: Any) -> bytes:
    """A HELLO frame."""
    return encode_frame(FrameType.HELLO, Hello(**fields).encode())


def free_port() -> int:
    """A port that nobody listens on; kept bound by nobody, so for refusals only."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
