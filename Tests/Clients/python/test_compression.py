"""Compressed messages (WIRE.md section 11) between peers that know them and peers that do not."""

import random
import unittest

from peers import client, serving
from test_calls import Case
from test_wire_vectors import Bytes, Echo, method
from morlaif import RPCError, StatusCode
from morlaif.wire import CallHeader, Connection, Role, Settings
from morlaif.wire.compression import deflated, inflated
from wire_vectors import frames_of

TEXT = b"to be or not to be, " * 50_000
NOISE = random.Random(1).randbytes(300_000)


class CompressionTests(Case):
    async def test_w39_every_mixture_of_old_and_new_peers_understands_each_other(self):
        for offers, takes in ((False, False), (False, True), (True, False), (True, True)):
            async with serving(Echo(), compression=takes) as (_, port):
                async with client(port, compression=offers) as peer:
                    for message in (b"", b"\1\2\3", TEXT, bytes(5_000_000)):
                        with self.subTest(offers=offers, takes=takes, size=len(message)):
                            reply = await peer.unary(method("Echo"), Bytes(message))
                            self.assertEqual(reply, message)

    async def test_w41_a_reply_is_inflated_no_further_than_the_limit(self):
        settings = Settings(message_bytes_max=100_000)
        async with serving(Echo(), compression=True) as (_, port):
            async with client(port, compression=True, settings=settings) as peer:
                with self.assertRaises(RPCError) as caught:
                    await peer.unary(method("Echo"), Bytes(TEXT))
        self.assertIs(caught.exception.code, StatusCode.RESOURCE_EXHAUSTED)


class CompressedFrameTests(unittest.TestCase):
    def test_w40_a_message_that_would_not_be_shorter_travels_as_it_is(self):
        self.assertIsNone(deflated(b"short"))
        self.assertIsNone(deflated(NOISE[:2_000]))
        self.assertLess(len(deflated(TEXT)), len(TEXT) // 50)

    def test_w39_only_the_first_frame_of_a_long_message_says_so(self):
        client = Connection(Role.CLIENT, features=["zlib"])
        client.receive(Connection(Role.SERVER, features=["zlib"]).take_output())
        client.take_output()
        message = NOISE[:200_000] + TEXT[:100_000]
        client.open_call(CallHeader("a/b"), message, True)
        frames = frames_of(client.take_output())
        self.assertGreater(len(frames), 1)
        self.assertEqual(frames[0][0].flags, 0x0E)
        self.assertFalse(any(header.flags & 0x08 for header, _ in frames[1:]))
        block = int.from_bytes(frames[0][1][:4], "big")
        stream = b"".join([frames[0][1][4 + block :], *(payload for _, payload in frames[1:])])
        self.assertEqual(inflated(stream, 300_000, StatusCode.INTERNAL), message)


if __name__ == "__main__":
    unittest.main()
