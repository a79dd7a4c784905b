"""Conversations as bytes (Tests/Vectors/wire) that every implementation must take alike."""

import asyncio
import types
import unittest

from peers import RawPeer, client, identity, serving
from test_calls import Case
from wire_vectors import ALL, data_of, frames_of
from morlaif import Method, MethodKind, RetryPolicy, RPCError, Service
from morlaif.method import Handler
from morlaif.v1 import scalarizer_pb2
from morlaif.wire import CallHeader, Connection, EndStatus, GoAway, Role, Settings
from morlaif.wire import events
from morlaif.wire.frames import FrameType

MACHINES = [vector for vector in ALL if not vector.needs_calls]
CALLS = [vector for vector in ALL if vector.needs_calls]
CODES = {6: "RESOURCE_EXHAUSTED", 35: "RESOURCE_EXHAUSTED", 11: "FAILED_PRECONDITION"}


class Run:
    """One conversation on its way through a machine."""

    def __init__(self, vector, cuts=None):
        self.vector, self.cuts, self.position = vector, cuts, 0
        role = Role.CLIENT if vector.is_for_client else Role.SERVER
        self.machine = Connection(
            role, Settings(**vector.limits), features=vector.features
        )
        self.events, self.output, self.has_opened = [], b"", False
        for kind, data in vector.steps:
            if kind == "drains":
                self.machine.go_away()
            else:
                self.receive(data)

    def receive(self, data):
        machine = self.machine
        # A client only believes in calls that it has opened itself.
        if self.vector.is_for_client and not self.has_opened and machine.can_open_call:
            for _ in self.vector.opens:
                machine.open_call(CallHeader("a/b"), None, True)
            self.has_opened = True
        for part in self.parts(data):
            machine.receive(part)
            self.events += machine.take_events()
            self.output += machine.take_output()

    def parts(self, data):
        if isinstance(self.cuts, int):
            return [data[i : i + self.cuts] for i in range(0, len(data), self.cuts)]
        begin = self.position
        self.position += len(data)
        cuts = [c - begin for c in self.cuts or () if 0 < c - begin < len(data)]
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]

    def check(self, case):
        frames = frames_of(self.output)
        messages, ends = {}, {}
        for event in self.events:
            if isinstance(event, events.Message):
                messages.setdefault(event.call_id, []).append(event.data)
            elif isinstance(event, (events.Ended, events.Failed)):
                ends[event.call_id] = event.status
        for header, payload in frames:
            if header.kind is FrameType.STATUS:
                size = int.from_bytes(payload[:4], "big")
                ends[header.call_id] = EndStatus.decode(payload[4 : 4 + size])
        count = sum(map(len, messages.values()))
        refusals = [e.error for e in self.events if isinstance(e, events.Refused)]
        for _, (what, *rest) in self.vector.expectations:
            if what == "ok":
                case.assertEqual(refusals, [])
            elif what == "ends":
                status = ends[int(rest[0])]
                case.assertEqual(status.code.name, rest[1])
                case.assertEqual(status.unprocessed, rest[2:] == ["unprocessed"])
            elif what == "message":
                case.assertEqual(messages[int(rest[0])].pop(0), data_of(rest[1:]))
            elif what == "messages":
                case.assertEqual(count, int(rest[0]))
            elif what == "sends":
                case.assertIn(frames_of(data_of(rest))[0], frames)
            else:
                # W37: GO_AWAY comes last, with its code and the number of the rule.
                case.assertEqual([f"W{error.rule}" for error in refusals], [what])
                case.assertIs(frames[-1][0].kind, FrameType.GO_AWAY)
                away = GoAway.decode(frames[-1][1])
                case.assertTrue(away.reason.startswith(f"{what}: "), away.reason)
                case.assertEqual(away.code.name, CODES.get(int(what[1:]), "INVALID_ARGUMENT"))


class WireVectorTests(unittest.TestCase):
    def test_there_are_vectors(self):
        self.assertGreaterEqual(len(MACHINES), 120)
        self.assertGreaterEqual(len(CALLS), 9)

    def test_every_conversation_ends_as_its_file_says(self):
        for vector in MACHINES:
            with self.subTest(vector.name):
                Run(vector).check(self)

    def test_every_conversation_in_small_pieces(self):
        for vector in MACHINES:
            for size in (1, 7) if vector.size < 20_000 else (4_099,):
                with self.subTest(vector.name, size=size):
                    Run(vector, size).check(self)

    def test_every_conversation_at_every_split(self):
        for vector in MACHINES:
            # Of large ones the beginnings are enough; their insides are alike.
            with self.subTest(vector.name):
                for split in range(1, min(vector.size, 200)):
                    Run(vector, (split,)).check(self)


class Bytes(bytes):
    """A message that may be any bytes."""

    DESCRIPTOR = types.SimpleNamespace(full_name="test.Bytes")

    def SerializeToString(self):
        return bytes(self)

    @classmethod
    def FromString(cls, data):
        return cls(data)


def method(name, kind=MethodKind.UNARY):
    return Method("test.Echo", name, kind, Bytes, Bytes, python_name=name.lower())


class EchoHandler(Handler):
    service = Service("test.Echo", (method("Echo"), method("Hold")), scalarizer_pb2.DESCRIPTOR)

    def echo(self, request, context):
        raise NotImplementedError

    def hold(self, request, context):
        raise NotImplementedError


class Echo(EchoHandler):
    async def echo(self, request, context):
        return request

    async def hold(self, request, context):
        await asyncio.Event().wait()


class CallVectorTests(Case):
    async def test_every_conversation_with_a_whole_server(self):
        for vector in CALLS:
            if not vector.is_for_client:
                with self.subTest(vector.name):
                    options = {"compression": "zlib" in vector.features}
                    settings = Settings(**vector.limits)
                    async with serving(Echo(), settings=settings, **options) as (_, port):
                        await self.talk_to_server(vector, port)

    async def talk_to_server(self, vector, port):
        peer = await RawPeer.connected(port, hello=False)
        wanted = {int(e[1][1]) for e in vector.expectations if e[1][0] == "ends"}
        peer.machine.highest_call_id = 99  # It believes in the calls of the file.
        for _, data in vector.steps:
            await peer.send(data)
        received, ends, messages = b"", {}, {}
        while not wanted <= ends.keys():
            data = await asyncio.wait_for(peer.reader.read(65_536), 10)
            self.assertTrue(data, "the server closed the connection")
            received += data
            for header, payload in frames_of(received):
                self.assertIsNot(header.kind, FrameType.GO_AWAY)
                if header.kind is FrameType.STATUS:
                    size = int.from_bytes(payload[:4], "big")
                    ends[header.call_id] = EndStatus.decode(payload[4 : 4 + size])
                    messages[header.call_id] = payload[4 + size :]
        for _, (what, *rest) in vector.expectations:
            if what == "ends":
                self.assertEqual(ends[int(rest[0])].code.name, rest[1])
            elif what == "message":
                self.assertEqual(messages[int(rest[0])], data_of(rest[1:]))
        peer.close()

    async def test_every_conversation_with_a_whole_client(self):
        for vector in CALLS:
            if vector.is_for_client:
                with self.subTest(vector.name):
                    await self.talk_to_client(vector)

    async def talk_to_client(self, vector):
        async def play(reader, writer):
            (_, hello), *others = vector.steps
            writer.write(hello)
            received = b""
            while sum(f[0].kind is FrameType.CALL for f in frames_of(received)) < len(vector.opens):
                received += await reader.read(65_536)
            for kind, data in others:
                writer.write(data)
                await writer.drain()
            if any(kind == "closes" for kind, _ in others):
                writer.close()

        context = identity("scalarizer").server_context()
        server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        async with client(
            port,
            retry=RetryPolicy(attempts_max=1),
            settings=Settings(**vector.limits),
            compression="zlib" in vector.features,
        ) as peer:
            calls = [peer.unary(method("Echo"), Bytes(b"")) for _ in vector.opens]
            replies = await asyncio.gather(*calls, return_exceptions=True)
        for _, (what, *rest) in vector.expectations:
            if what == "ends":
                reply = replies[int(rest[0]) - 1]
                if rest[1] == "OK":
                    self.assertNotIsInstance(reply, BaseException)
                else:
                    self.assertIsInstance(reply, RPCError)
                    self.assertEqual(reply.code.name, rest[1])
                    self.assertEqual(reply.unprocessed, rest[2:] == ["unprocessed"])
            elif what == "message":
                self.assertEqual(replies[int(rest[0]) - 1], data_of(rest[1:]))
        server.close()


if __name__ == "__main__":
    unittest.main()
