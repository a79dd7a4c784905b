"""Peers that are wrong, rude or dead: refused with a reason, and nothing is held for them."""

import asyncio
import ssl
import struct
import unittest

from echo import Echo, Scalars
from peers import RawPeer, client, hello_bytes, identity, serving
from test_calls import Case, scores
from morlaif import AsyncClient, Credentials, RetryPolicy, StatusCode, Timing
from morlaif.services import AsyncScalarizer
from morlaif.wire import CallHeader
from morlaif.wire.frames import END, MESSAGE, MORE, FrameType, encode_frame

ONCE = RetryPolicy(attempts_max=1)


class TLSTests(Case):
    async def refused(self, port, **options):
        """Whether the server ends the connection before it says anything."""
        try:
            peer = await RawPeer.connected(port, hello=False, **options)
            return await peer.receive_all() == []
        except (ssl.SSLError, ConnectionError):
            return True

    async def test_W1_to_W3_wrong_clients_are_refused_with_a_log_line(self):
        cases = {
            "TLS 1.2": {"maximum_version": ssl.TLSVersion.TLSv1_2},
            "other ALPN": {"alpn": "h2"},
            "no ALPN": {"alpn": None},
            "no certificate": {"shows_certificate": False},
            "other authority": {"credentials": identity("client", signer="rogue")},
            "expired": {"credentials": identity("client", days=0)},
        }
        async with serving(Scalars()) as (server, port):
            for name, options in cases.items():
                with self.subTest(name), self.assertLogs("morlaif", "WARNING"):
                    self.assertTrue(await self.refused(port, **options))
            async with client(port) as peer:
                await AsyncScalarizer(peer).scalarize(scores(1))

    async def test_plaintext_is_refused(self):
        async with serving(Scalars()) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with self.assertLogs("morlaif", "WARNING"):
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                while await asyncio.wait_for(reader.read(1_000), 10):
                    pass
            writer.close()

    async def test_W3_a_client_refuses_wrong_servers(self):
        async with serving(Scalars()) as (_, port):
            address = f"127.0.0.1:{port}"
            strangers = {
                "other authority": (identity("client", trusts="rogue"), None),
                "other name": (identity("client"), "preference-model"),
            }
            for name, (credentials, server_name) in strangers.items():
                options = {"server_name": server_name, "retry": ONCE}
                with self.subTest(name), self.assertLogs("morlaif", "WARNING"):
                    async with AsyncClient(address, credentials, **options) as peer:
                        error = await self.assert_code(
                            StatusCode.UNAVAILABLE, AsyncScalarizer(peer).scalarize(scores(1))
                        )
                        self.assertIn("certificate", error.message)
            async with AsyncClient(
                address, identity("client"), server_name="scalarizer"
            ) as peer:
                await AsyncScalarizer(peer).scalarize(scores(1))

    async def test_W2_a_client_refuses_a_server_without_the_protocol(self):
        context = identity("scalarizer").server_context()
        context.set_alpn_protocols(["h2"])
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        with self.assertLogs("morlaif", "WARNING"):
            async with client(port, retry=ONCE) as peer:
                await self.assert_code(
                    StatusCode.UNAVAILABLE, AsyncScalarizer(peer).scalarize(scores(1))
                )
        server.close()

    async def test_W4_handshake_and_hello_have_a_time_limit(self):
        async with serving(Scalars(), timing=Timing(handshake=0.2)) as (server, port):
            with self.assertLogs("morlaif", "WARNING"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                self.assertEqual(await asyncio.wait_for(reader.read(), 10), b"")
                writer.close()
            with self.assertLogs("morlaif", "WARNING"):
                peer = await RawPeer.connected(port, hello=False)
                await peer.receive_all()
            self.assertEqual(len(server._reception.connections), 0)

    def test_credentials_that_cannot_be_read_name_the_file(self):
        with self.assertRaisesRegex(ValueError, "nowhere"):
            AsyncClient("localhost:1", Credentials.folder("/nowhere"))


class WireTests(Case):
    async def test_W37_a_broken_rule_ends_the_connection_with_its_number(self):
        async with serving(Scalars()) as (_, port):
            with self.assertLogs("morlaif", "WARNING") as logs:
                peer = await RawPeer.connected(port)
                await peer.send(struct.pack(">IBBHQ", 0, 99, 0, 0, 0))
                events = await peer.receive_all()
            self.assertTrue(events[-1].go_away.reason.startswith("W5: "))
            self.assertIn("W5: ", logs.output[0])

    async def test_garbage_after_the_handshake(self):
        async with serving(Scalars()) as (_, port):
            with self.assertLogs("morlaif", "WARNING"):
                peer = await RawPeer.connected(port, hello=False)
                await peer.send(b"\xff" * 100_000)
                await peer.receive_all()
            async with client(port) as good:
                await AsyncScalarizer(good).scalarize(scores(1))

    async def test_a_connection_cut_in_every_frame(self):
        header = CallHeader("morlaif.v1.Scalarizer/Scalarize").encode()
        payload = len(header).to_bytes(4, "big") + header
        whole = hello_bytes() + encode_frame(FrameType.CALL, payload, END | MESSAGE, 1)
        async with serving(Scalars()) as (server, port):
            for end in range(0, len(whole) + 1, 7):
                peer = await RawPeer.connected(port, hello=False)
                await peer.send(whole[:end])
                peer.close()
            while server._reception.connections:
                await asyncio.sleep(0.001)
            self.assertEqual(server._reception.calls, 0)

    async def test_W35_a_peer_that_asks_and_never_reads_is_dropped(self):
        async with serving(Scalars()) as (server, port):
            peer = await RawPeer.connected(port)
            peer.writer.transport.pause_reading()
            ping = encode_frame(FrameType.PING, b"\x09" + bytes(range(1, 9)))

            async def ask():
                while server._reception.connections:
                    try:
                        await peer.send(ping * 2_000)
                    except (ConnectionError, ssl.SSLError, RuntimeError):
                        await asyncio.sleep(0)

            with self.assertLogs("morlaif", "WARNING") as logs:
                await asyncio.wait_for(ask(), 120)
            self.assertIn("W35", logs.output[0])
            peer.close()

    async def test_incomplete_messages_are_freed_with_their_connection(self):
        async with serving(Echo()) as (server, port):
            peer = await RawPeer.connected(port)
            header = CallHeader("morlaif.v1.Labeler/Import").encode()
            block = len(header).to_bytes(4, "big") + header
            await peer.send(encode_frame(FrameType.CALL, block, MESSAGE | MORE, 1))
            await peer.send(encode_frame(FrameType.MESSAGE, bytes(60_000), MORE, 1))
            await peer.send(encode_frame(FrameType.PING))
            await peer.receive()
            peer.close()
            while server._reception.connections or server._reception.calls:
                await asyncio.sleep(0.001)

    async def test_a_server_that_says_nonsense_ends_the_client_s_calls(self):
        async def mad(reader, writer):
            writer.write(hello_bytes())
            await reader.read(65_536)
            writer.write(b"\0\0\0\0\x63" + bytes(11))
            await reader.read()
            writer.close()

        context = identity("scalarizer").server_context()
        server = await asyncio.start_server(mad, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        with self.assertLogs("morlaif", "WARNING"):
            async with client(port, retry=ONCE) as peer:
                error = await self.assert_code(
                    StatusCode.UNAVAILABLE, AsyncScalarizer(peer).scalarize(scores(1), timeout=9)
                )
        self.assertIn("W5", error.message)
        server.close()


if __name__ == "__main__":
    unittest.main()
