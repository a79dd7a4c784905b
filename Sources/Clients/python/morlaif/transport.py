"""One TLS connection under asyncio, with the wire protocol on top.

TLS runs on memory buffers of its own rather than through asyncio's, so that it behaves alike in
every Python version and what waits for a peer to read can be counted to the byte (W35).
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable
from typing import Any

from morlaif.wire import Connection, Phase, WireError
from morlaif.wire import events as wire_events
from morlaif.wire import limits
from morlaif.wire.sending import OUTPUT_BYTES_MAX

logger = logging.getLogger("morlaif")

READ_BYTES = 262_144
FAREWELL_SECONDS = 2.0
"""How long a closing connection waits for its last words to be read."""
HIGH_WATER_BYTES = 262_144


class Timing:
    """Times that tests shorten."""

    __slots__ = ("handshake", "keep_alive")

    def __init__(
        self,
        handshake: float = limits.HANDSHAKE_SECONDS,
        keep_alive: float = limits.KEEP_ALIVE_SECONDS,
    ) -> None:
        self.handshake = handshake
        """Seconds for TLS handshake and HELLO together (W4)."""
        self.keep_alive = keep_alive
        """Seconds of silence before a PING, and again before the peer is dead (W34)."""


async def all_closed(closed: Iterable[asyncio.Future[None]]) -> None:
    """Waits until the last words of connections that were ended have left, or had their time."""
    if waiting := list(closed):
        await asyncio.wait(waiting, timeout=FAREWELL_SECONDS + 1)


class WireTransport(asyncio.Protocol):
    """Moves bytes between a socket and a `Connection`; subclasses act on the events."""

    def __init__(
        self, machine: Connection, context: ssl.SSLContext, server_name: str | None, timing: Timing
    ) -> None:
        self.machine = machine
        self.timing = timing
        self.peer_name = "peer"
        """Address of the other side, for logs."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_name is None,
            server_hostname=server_name,
        )
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._is_secure = False
        self._is_ending = False
        self._is_flush_due = False
        self._heard_at = self._loop.time()
        self._timers: list[asyncio.TimerHandle] = []
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when the socket is gone, and with it what the last words needed."""
        self.lost_because: str | None = None
        """Why the connection ended, once it has."""

    # What subclasses say.

    def on_event(self, event: wire_events.Event) -> None:
        """Acts on what a peer's frames mean."""

    def on_lost(self, reason: str) -> None:
        """Cleans up; called once, when the connection has ended for whatever reason."""

    # asyncio.Protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        if name := transport.get_extra_info("peername"):
            self.peer_name = f"{name[0]}:{name[1]}"
        self._later(self.timing.handshake, self._handshake_is_late)
        self._handshake()

    def data_received(self, data: bytes) -> None:
        if self._is_ending:
            return  # Only the peer's close is still waited for.
        self._heard_at = self._loop.time()
        self._incoming.write(data)
        if not self._is_secure and not self._handshake():
            return
        self._read()

    def eof_received(self) -> bool:
        self.end("the peer closed the connection")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(f"the connection broke: {exc}" if exc else "the connection was closed")
        self._cancel_timers()
        self._transport = None
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self.machine.is_congested = True

    def resume_writing(self) -> None:
        self.machine.is_congested = False
        self.machine.pump()
        self.turn()

    # The other way.

    def turn(self) -> None:
        """Acts on what the machine has found out and lets its output go soon."""
        self._act()
        if self.machine.output_bytes and not self._is_flush_due and not self._is_ending:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def end(self, reason: str) -> None:
        """Writes what is left, says goodbye and closes; nothing is acted on any more."""
        if self._is_ending or self._transport is None:
            return
        self._flush_now()
        self._is_ending = True
        self._lose(reason)
        if self._is_secure:
            try:
                self._tls.unwrap()
            except (ssl.SSLError, ValueError):
                pass  # It has written its alert; the peer's is not waited for.
        self._write_encrypted()
        transport = self._transport
        try:
            if transport.can_write_eof():
                transport.write_eof()
        except OSError:
            pass
        # Reading goes on for a moment: closing with unread input would reset the connection and
        # could take the last words with it.
        self._timers.append(self._loop.call_later(FAREWELL_SECONDS, transport.abort))

    def abort(self, reason: str) -> None:
        """Ends at once."""
        self._is_ending = True
        self._lose(reason)
        if self._transport is not None:
            self._transport.abort()

    @property
    def peer_names(self) -> tuple[str, ...]:
        """Common name and alternative names of the peer's certificate."""
        certificate: Any = self._tls.getpeercert() or {}
        subject = [entry for part in certificate.get("subject", ()) for entry in part]
        names = [value for key, value in subject if key == "commonName"]
        names += [value for _, value in certificate.get("subjectAltName", ())]
        return tuple(dict.fromkeys(names))

    # Private.

    def _act(self) -> None:
        while events := self.machine.take_events():
            for event in events:
                if isinstance(event, wire_events.Refused):
                    self._refuse(event.error)
                    continue
                if isinstance(event, wire_events.Ready):
                    self._cancel_timers()
                    if self.timing.keep_alive > 0:
                        self._later(self.timing.keep_alive, self._check_alive)
                self.on_event(event)

    def _handshake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._write_encrypted()
            return False
        except (ssl.SSLError, ssl.CertificateError) as error:
            self._write_encrypted()  # The alert that tells the peer why.
            reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or error
            logger.warning("TLS handshake with %s failed: %s", self.peer_name, reason)
            self.end(f"TLS handshake failed: {reason}")
            return False
        # W1, W2: OpenSSL goes on without ALPN when the names do not match, so it is checked here.
        if (
            self._tls.selected_alpn_protocol() != limits.APPLICATION_PROTOCOL
            or self._tls.version() != "TLSv1.3"
        ):
            reason = f"the peer does not speak {limits.APPLICATION_PROTOCOL} over TLS 1.3"
            logger.warning("TLS handshake with %s failed: %s", self.peer_name, reason)
            self.abort(reason)
            return False
        self._is_secure = True
        self._flush()
        return True

    def _read(self) -> None:
        while not self._is_ending:
            try:
                data = self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLError as error:
                self.turn()
                self.end(f"TLS failed: {error.reason or error}")
                return
            if not data:
                self.turn()
                self.end("the peer closed the connection")
                return
            self.machine.receive(data)
        self.turn()
        self._write_encrypted()

    def _flush(self) -> None:
        self._is_flush_due = False
        if self._is_secure and not self._is_ending:
            self._flush_now()

    def _flush_now(self) -> None:
        if not self._is_secure:
            return
        while output := self.machine.take_output():
            try:
                self._tls.write(output)
            except ssl.SSLError as error:
                self.abort(f"TLS failed: {error.reason or error}")
                return
            self._write_encrypted()
            if self._is_ending:
                return
            self.machine.pump()
        self._act()

    def _write_encrypted(self) -> None:
        if self._transport is None or not self._outgoing.pending:
            return
        self._transport.write(self._outgoing.read())
        # W35: beyond what messages may take, only answers to control frames can have gathered.
        allowed = (
            HIGH_WATER_BYTES + OUTPUT_BYTES_MAX + self.machine.peer.frame_payload_bytes_max
        )
        waiting = self._transport.get_write_buffer_size()
        if waiting > allowed * 1.05 + limits.UNREAD_ANSWER_BYTES_MAX:
            error = WireError(35, f"{waiting} bytes wait for a peer that does not read")
            logger.warning("connection of %s refused: %s", self.peer_name, error)
            self.abort(str(error))

    def _refuse(self, error: WireError) -> None:
        """W37: the machine has written GO_AWAY."""
        logger.warning("connection of %s refused: %s", self.peer_name, error)
        self.end(str(error))

    def _lose(self, reason: str) -> None:
        if self.lost_because is not None:
            return
        self.lost_because = reason
        self._cancel_timers()
        self.machine.close()
        self.on_lost(reason)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._timers.append(self._loop.call_later(seconds, action))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _handshake_is_late(self) -> None:
        """W4."""
        logger.warning("%s did not complete handshake and HELLO in time", self.peer_name)
        self.abort(f"no handshake and HELLO within {self.timing.handshake} s")

    def _check_alive(self) -> None:
        """W34: silence brings a PING, twice the silence ends the connection."""
        self._timers.clear()
        seconds = self.timing.keep_alive
        silent = self._loop.time() - self._heard_at
        if silent >= 2 * seconds:
            self.abort(f"nothing was heard for {silent:.0f} s")
            return
        if silent >= seconds:
            self.machine.ping()
            self.turn()
            self._later(2 * seconds - silent, self._check_alive)
        else:
            self._later(seconds - silent, self._check_alive)

    @property
    def is_usable(self) -> bool:
        """Whether HELLOs are exchanged and the connection has not ended."""
        return self.machine.phase is Phase.OPEN and not self._is_ending

