"""The rules of Protos/WIRE.md that need no network, each test named after its rule."""

import random
import struct
import unittest

from peers import Pair, hello_bytes
from morlaif import StatusCode
from morlaif.wire import CallHeader, Cancel, Connection, EndStatus, Hello, Phase, Role, Settings
from morlaif.wire import events, limits
from morlaif.wire.fields import bytes_field, cut, number_field
from morlaif.wire.frames import END, HEADER_BYTES, MESSAGE, MORE, FrameType, encode_frame

KINDS = {kind.name: kind for kind in FrameType}


def frame(kind, payload=b"", flags=0, call_id=0):
    return encode_frame(KINDS[kind], payload, flags, call_id)


def block(header=b"", message=b""):
    return len(header).to_bytes(4, "big") + header + message


def call(call_id, message=None, flags=END, method="a/b", **fields):
    if message is not None:
        flags |= MESSAGE
    header = CallHeader(method, **fields).encode()
    return frame("CALL", block(header, message or b""), flags, call_id)


def kinds(found):
    return [type(event).__name__ for event in found]


class HeaderTests(unittest.TestCase):
    def test_W5_reserved_bits_and_flags_not_allowed_are_refused(self):
        for kind in FrameType:
            for bit in range(8):
                pair = Pair()
                # COMPRESSED belongs to a feature, so only an open connection can tell (W39).
                allowed = {"CALL": 15, "MESSAGE": 13, "STATUS": 10}.get(kind.name, 0)
                header = struct.pack(">IBBHQ", 0, kind, 1 << bit, 0, 0)
                if not allowed >> bit & 1:
                    self.assertEqual(pair.to_server(header), "W5", (kind, bit))
        self.assertEqual(Pair().to_server(struct.pack(">IBBHQ", 0, 8, 0, 1, 0)), "W5")

    def test_W5_unknown_types_are_refused(self):
        for number in [0, *range(11, 256)]:
            self.assertEqual(Pair().to_server(struct.pack(">IBBHQ", 0, number, 0, 0, 0)), "W5")

    def test_W5_a_frame_of_the_other_side_is_refused(self):
        self.assertEqual(Pair().to_server(frame("STATUS", block(), call_id=1)), "W5")
        for data in (call(1), frame("END", call_id=1), frame("CANCEL", call_id=1)):
            pair = Pair()
            pair.client.open_call(CallHeader("a/b"), None, False)
            self.assertEqual(pair.to_client(data), "W5")

    def test_W6_a_long_frame_is_refused_at_its_header(self):
        for kind in FrameType:
            most = 65_536 if kind.name in ("CALL", "MESSAGE", "STATUS") else 4_096
            if kind.name == "END":
                continue
            pair = Pair()
            self.assertEqual(
                pair.to_server(struct.pack(">IBBHQ", most + 1, kind, 0, 0, 0)), "W6", kind
            )
            self.assertEqual(pair.server._decoder.held_bytes, 0)

    def test_W7_call_ids_are_as_the_table_says(self):
        for name in ("HELLO", "PING", "PONG", "GO_AWAY"):
            self.assertEqual(Pair().to_server(frame(name, call_id=1)), "W7")
        for name in ("MESSAGE", "END", "CANCEL"):
            self.assertEqual(Pair().to_server(frame(name)), "W7")
        self.assertEqual(Pair().to_server(call(2**63)), "W7")
        self.assertEqual(Pair().to_server(frame("WINDOW", b"\x08\x01", call_id=2**63)), "W7")

    def test_W7_control_messages_that_are_not_protobuf_are_refused(self):
        bad = {
            "PING": [b"\x09\x01", b"\x08\x01", b"\x00", b"\x0b", b"\xff" * 11],
            "WINDOW": [b"\x0a\x01a", b"\x08\x80", b"\x08" + b"\xff" * 9 + b"\x02"],
            "GO_AWAY": [b"\x1a\x01\xff", b"\x1a\x05a", b"\x15\x00\x00"],
        }
        for name, payloads in bad.items():
            for payload in payloads:
                self.assertEqual(Pair().to_server(frame(name, payload)), "W7", (name, payload))
        for header in (b"\x0a\x01\xff", b"\x0a\x01\x00", b"\x08\x01", b"\x1a\x03\x0a\x01\xff"):
            data = frame("CALL", block(header), END, 1)
            self.assertEqual(Pair().to_server(data), "W7", header)

    def test_W7_unknown_fields_are_ignored(self):
        extra = number_field(99, 7) + bytes_field(98, b"x") + b"\xad\x06abcd" + b"\xb1\x06abcdefgh"
        self.assertEqual(Pair().to_server(frame("PING", extra)), "ok")

    def test_W8_flags_and_message_bytes_agree(self):
        self.assertEqual(Pair().to_server(frame("CALL", block(b"", b"x"), END, 1)), "W8")
        self.assertEqual(Pair().to_server(frame("CALL", block(), MORE, 1)), "W8")
        self.assertEqual(Pair().to_server(frame("CALL", block(), MESSAGE | MORE | END, 1)), "W8")
        pair = Pair()
        self.assertEqual(pair.to_server(call(1, b"")), "ok")
        self.assertEqual([e.data for e in pair.server_events if kinds([e]) == ["Message"]], [b""])

    def test_W26_header_blocks_are_bounded(self):
        self.assertEqual(Pair().to_server(frame("CALL", b"\0\0\0", END, 1)), "W26")
        self.assertEqual(Pair().to_server(frame("CALL", b"\0\0\0\x01", END, 1)), "W26")
        most = 8_192 + 16_384
        fits = bytes_field(77, bytes(most - 5))
        self.assertEqual(len(fits), most)
        self.assertEqual(Pair().to_server(frame("CALL", block(fits), END, 1)), "ok")
        beyond = bytes_field(77, bytes(most - 4))
        self.assertEqual(Pair().to_server(frame("CALL", block(beyond), END, 1)), "W26")
        self.assertEqual(Pair().to_server(call(1, method="m" * 257)), "W26")

    def test_W26_texts_are_cut_at_a_character_boundary(self):
        self.assertEqual(cut("aé", 2), b"a")
        status = EndStatus.decode(EndStatus(StatusCode.INTERNAL, "é" * 2_000).encode())
        self.assertEqual(status.message, "é" * 1_024)


class OpeningTests(unittest.TestCase):
    def test_W10_hello_comes_first_and_once(self):
        machine = Connection(Role.SERVER)
        self.assertEqual(machine.take_output()[4], FrameType.HELLO)
        for data in (call(1), frame("PING"), frame("WINDOW", b"\x08\x01")):
            self.assertEqual(Pair(open=False).to_server(data), "W10")
        self.assertEqual(Pair(open=False).to_server(frame("GO_AWAY")), "ok")
        self.assertEqual(Pair().to_server(hello_bytes()), "W10")
        self.assertFalse(Connection(Role.CLIENT).can_open_call)

    def test_W11_versions_must_meet(self):
        for versions, outcome in (
            ((1, 1), "ok"), ((1, 9), "ok"), ((2, 3), "W11"), ((0, 1), "W11"), ((2, 1), "W11"),
        ):
            pair = Pair(open=False)
            hello = hello_bytes(version_min=versions[0], version_max=versions[1])
            self.assertEqual(pair.to_server(hello), outcome, versions)
            if outcome == "W11":
                self.assertIn(b"W11: ", pair.server.take_output())

    def test_W12_unknown_features_are_ignored(self):
        self.assertEqual(Pair(open=False).to_server(hello_bytes(features=["later"])), "ok")

    def test_W13_zero_is_the_default_and_bounds_hold(self):
        hello = Hello.decode(Hello(settings=Settings(calls_max=7)).encode())
        self.assertEqual(hello.settings.calls_max, 7)
        self.assertEqual(hello.settings.frame_payload_bytes_max, 65_536)
        for number, value in ((5, 32_767), (5, 16_777_217), (6, 1_023), (8, 1_000_001), (9, 65_535)):
            payload = number_field(1, 1) + number_field(2, 1) + number_field(number, value)
            self.assertEqual(Pair(open=False).to_server(frame("HELLO", payload)), "W13")
        for fields in ({"features": ["f"] * 33}, {"features": ["f" * 65]}):
            self.assertEqual(Pair(open=False).to_server(hello_bytes(**fields)), "W13")
        agent = number_field(1, 1) + number_field(2, 1) + bytes_field(4, b"a" * 129)
        self.assertEqual(Pair(open=False).to_server(frame("HELLO", agent)), "W13")


class CallTests(unittest.TestCase):
    def test_W9_a_unary_call_is_one_frame_each_way(self):
        pair = Pair()
        pair.client.open_call(CallHeader("a/b"), b"question", True)
        out = pair.client.take_output()
        self.assertEqual(int.from_bytes(out[:4], "big") + HEADER_BYTES, len(out))
        pair.server.receive(out)
        pair.server.send_status(1, EndStatus(), b"answer")
        back = pair.server.take_output()
        self.assertEqual(int.from_bytes(back[:4], "big") + HEADER_BYTES, len(back))
        pair.client.receive(back)
        found = pair.client.take_events()
        self.assertEqual(kinds(found), ["Message", "Ended"])
        self.assertEqual(found[0].data, b"answer")

    def test_W14_ids_rise_and_need_not_be_dense(self):
        pair = Pair()
        self.assertEqual(pair.to_server(call(5) + call(9)), "ok")
        self.assertEqual(pair.to_server(call(9)), "W14")
        self.assertEqual(Pair().to_server(call(5) + call(4)), "W14")

    def test_W15_a_call_that_never_was_is_refused(self):
        for name in ("MESSAGE", "END", "CANCEL", "WINDOW"):
            payload = b"\x08\x01" if name == "WINDOW" else b""
            self.assertEqual(Pair().to_server(frame(name, payload, call_id=3)), "W15")

    def test_W16_frames_of_a_closed_call_are_ignored_and_paid_back(self):
        pair = Pair(server=Settings(connection_window_bytes=65_536))
        pair.to_server(call(1, flags=0) + frame("CANCEL", Cancel().encode(), call_id=1))
        pair.server.release(1)
        pair.server.take_output()
        for _ in range(20):
            self.assertEqual(pair.to_server(frame("MESSAGE", bytes(8_000), call_id=1)), "ok")
        self.assertIn(FrameType.WINDOW, pair.server.take_output()[4::1])
        self.assertEqual(kinds(pair.server_events).count("Message"), 0)

    def test_W16_a_call_may_end_while_a_frame_for_it_is_coming_in(self):
        frames = {
            "MESSAGE": frame("MESSAGE", b"xy", call_id=1), "WINDOW": frame("WINDOW", b"\x08\x01", call_id=1),
            "CANCEL": frame("CANCEL", b"\x08\x01", call_id=1), "END": frame("END", call_id=1),
        }
        for name, data in frames.items():
            for release in (False, True):
                pair = Pair(server=Settings(connection_window_bytes=65_536))
                pair.to_server(call(1, flags=0))
                window = pair.server._receive_window + pair.server._gathered_credit
                self.assertEqual(pair.to_server(data[:-1]), "ok")
                pair.server.send_status(1, EndStatus(StatusCode.INTERNAL))
                if release:
                    pair.server.release(1)
                self.assertEqual(pair.to_server(data[-1:] + frame("PING")), "ok", name)
                self.assertEqual(pair.server._receive_window + pair.server._gathered_credit, window)
        pair = Pair()
        pair.client.open_call(CallHeader("a/b"), None, True)
        status = frame("STATUS", block(b"", b"xy"), MESSAGE, 1)
        pair.to_client(status[:-1])
        pair.client.cancel(1, Cancel())
        self.assertEqual(pair.to_client(status[-1:]), "ok")
        self.assertEqual(pair.client_events, [])

    def test_W17_nothing_follows_end(self):
        for data in (frame("MESSAGE", b"x", call_id=1), frame("END", call_id=1)):
            self.assertEqual(Pair().to_server(call(1) + data), "W17")
        middle = call(1, b"x", flags=MORE) + frame("END", call_id=1)
        self.assertEqual(Pair().to_server(middle), "W17")

    def test_W18_a_status_fits_what_came_before(self):
        def open_call():
            pair = Pair()
            pair.client.open_call(CallHeader("a/b"), None, True)
            return pair

        part = frame("MESSAGE", b"x", MORE, 1)
        ok = frame("STATUS", block(), call_id=1)
        self.assertEqual(open_call().to_client(part + ok), "W18")
        with_message = frame("STATUS", block(b"", b"m"), MESSAGE, 1)
        self.assertEqual(open_call().to_client(part + with_message), "W18")
        error = EndStatus(StatusCode.INTERNAL, "no").encode()
        self.assertEqual(
            open_call().to_client(frame("STATUS", block(error, b"m"), MESSAGE, 1)), "W18"
        )
        self.assertEqual(open_call().to_client(part + frame("STATUS", block(error), call_id=1)), "ok")

    def test_W18_a_last_message_too_large_for_a_frame_goes_before_the_status(self):
        pair = Pair()
        pair.client.open_call(CallHeader("a/b"), None, True)
        pair.carry()
        message = bytes(range(256)) * 1_000
        pair.server.send_status(1, EndStatus(), message)
        pair.carry()
        self.assertEqual(kinds(pair.client_events), ["Message", "Ended"])
        self.assertEqual(pair.client_events[0].data, message)

    def test_W19_either_end_frees_what_a_call_held(self):
        pair = Pair()
        pair.to_server(call(1, bytes(60_000), flags=MORE))
        self.assertEqual(pair.server._assembly_bytes, 60_000)
        pair.to_server(frame("CANCEL", Cancel().encode(), call_id=1))
        self.assertEqual(pair.server._assembly_bytes, 0)
        self.assertEqual(pair.server.call_count, 1)  # W23: its handler has not returned.
        pair.server.release(1)
        self.assertEqual(pair.server.call_count, 0)

    def test_W22_a_message_is_refused_when_it_crosses_the_limit(self):
        pair = Pair(server=Settings(message_bytes_max=100_000))
        pair.to_server(call(1, bytes(60_000), flags=MORE))
        header = frame("MESSAGE", bytes(60_000), MORE, 1)[:HEADER_BYTES]
        self.assertEqual(pair.to_server(header), "ok")
        self.assertEqual(kinds(pair.server_events), ["Called", "Failed"])
        self.assertEqual(pair.server_events[1].status.code, StatusCode.RESOURCE_EXHAUSTED)
        pair.to_server(bytes(60_000))
        self.assertEqual(pair.server._decoder.held_bytes, 0)
        self.assertEqual(pair.to_server(frame("PING")), "ok")

    def test_W22_a_client_cancels_what_is_too_long(self):
        pair = Pair(client=Settings(message_bytes_max=50_000))
        pair.client.open_call(CallHeader("a/b"), None, True)
        pair.carry()
        pair.server.send_message(1, bytes(60_000))
        pair.carry()
        self.assertEqual(kinds(pair.client_events), ["Failed"])
        self.assertIn("Cancelled", kinds(pair.server_events))

    def test_W23_a_call_beyond_the_limit_is_refused_unprocessed(self):
        pair = Pair(server=Settings(calls_max=2))
        pair.to_server(call(1) + call(2) + call(3))
        self.assertEqual(kinds(pair.server_events).count("Called"), 2)
        client = Pair(server=Settings(calls_max=2)).client
        client.open_call(CallHeader("a/b"), None, True)
        client.open_call(CallHeader("a/b"), None, True)
        self.assertFalse(client.can_open_call)

    def test_W23_a_cancelled_call_counts_until_its_handler_has_returned(self):
        pair = Pair(server=Settings(calls_max=1))
        pair.to_server(call(1) + frame("CANCEL", Cancel().encode(), call_id=1) + call(2))
        self.assertEqual(kinds(pair.server_events).count("Called"), 1)
        pair.server.release(1)
        pair.to_server(call(3))
        self.assertEqual(kinds(pair.server_events).count("Called"), 2)

    def test_W24_a_timeout_above_a_year_is_a_year(self):
        header = CallHeader.decode(bytes_field(1, b"a/b") + number_field(2, 2**63))
        self.assertEqual(header.timeout_us, 31_536_000_000_000)

    def test_W25_metadata_has_limits(self):
        cases = (
            ((("k", "v"),), None),
            ((("K", "v"),), StatusCode.INVALID_ARGUMENT),
            ((("", "v"),), StatusCode.INVALID_ARGUMENT),
            ((("k" * 65, "v"),), StatusCode.INVALID_ARGUMENT),
            ((("k\n", "v"),), StatusCode.INVALID_ARGUMENT),
            ((("k", ""),) * 64, None),
            ((("k", ""),) * 65, StatusCode.RESOURCE_EXHAUSTED),
            ((("k", "v" * (8_192 - 33)),), None),
            ((("k", "v" * (8_192 - 32)),), StatusCode.RESOURCE_EXHAUSTED),
        )
        for metadata, code in cases:
            pair = Pair()
            pair.client.open_call(CallHeader("a/b"), None, True)
            pair.to_server(call(1, metadata=metadata))
            if code is None:
                self.assertEqual(pair.server_events[0].header.metadata, metadata)
            else:
                self.assertEqual(kinds(pair.server_events), [])
                pair.to_client(pair.server.take_output())
                self.assertEqual(pair.client_events[-1].status.code, code, metadata[0])


class FlowTests(unittest.TestCase):
    def test_W28_a_frame_beyond_a_window_is_refused(self):
        part = frame("MESSAGE", bytes(60_000), call_id=1)
        self.assertEqual(Pair().to_server(call(1, flags=0) + part * 4), "ok")
        self.assertEqual(Pair().to_server(call(1, flags=0) + part * 5), "W28")
        small = Settings(connection_window_bytes=65_536)
        self.assertEqual(
            Pair(server=small).to_server(call(1, flags=0) + part + frame("MESSAGE", bytes(6_000), call_id=1)),
            "W28",
        )

    def test_W27_empty_messages_run_out_of_window_too(self):
        empties = frame("MESSAGE", call_id=1) * (262_144 // HEADER_BYTES)
        self.assertEqual(Pair().to_server(call(1, flags=0) + empties), "W28")

    def test_W27_a_status_without_message_is_free(self):
        pair = Pair(client=Settings(connection_window_bytes=65_536))
        pair.client.open_call(CallHeader("a/b"), None, True)
        pair.client.open_call(CallHeader("a/b"), None, True)
        pair.carry()
        pair.server.send_message(1, bytes(65_536 - HEADER_BYTES))
        pair.server.send_status(2, EndStatus(StatusCode.ABORTED, "x" * 2_000))
        pair.carry()
        self.assertIn("Ended", kinds(pair.client_events))

    def test_W29_credits_and_windows_are_bounded(self):
        for credit in (0, 2**31):
            self.assertEqual(Pair().to_server(frame("WINDOW", number_field(1, credit))), "W29")
        over = frame("WINDOW", number_field(1, 2**31 - 1))
        self.assertEqual(Pair().to_server(over), "W29")

    def test_W30_a_reader_that_stops_holds_back_one_window(self):
        pair = Pair()
        pair.client.open_call(CallHeader("a/b"), None, False)
        sent = 0
        while pair.client.send_message(1, bytes(10_000)):
            sent += 10_000
            pair.carry()
        self.assertLessEqual(sent, 262_144)
        self.assertEqual(pair.client.take_output(), b"")
        # Taking half of it brings credit, and the message that waits goes out.
        for event in [e for e in pair.server_events if kinds([e]) == ["Message"]]:
            pair.server.taken(1, event.cost)
        pair.carry()
        self.assertIn("Written", kinds(pair.client_events))

    def test_W30_a_message_may_be_larger_than_the_window(self):
        pair = Pair()
        message = random.Random(7).randbytes(5_000_000)
        pair.client.open_call(CallHeader("a/b"), message, True)
        pair.carry()
        self.assertEqual(kinds(pair.server_events), ["Called", "Message", "RequestsEnded"])
        self.assertEqual(pair.server_events[1].data, message)
        self.assertEqual(pair.server._assembly_bytes, 0)

    def test_W31_large_messages_take_turns(self):
        pair = Pair()
        pair.client.is_congested = True
        for _ in range(3):
            pair.client.open_call(CallHeader("a/b"), bytes(200_000), True)
        pair.client.is_congested = False
        pair.client.pump()
        out = pair.client.take_output()
        order = []
        while out:
            length, kind, _, _, call_id = struct.unpack(">IBBHQ", out[:HEADER_BYTES])
            order.append(call_id)
            out = out[HEADER_BYTES + length :]
        self.assertEqual(order[:4], [1, 2, 3, 1])

    def test_W31_a_call_without_window_does_not_delay_others(self):
        pair = Pair()
        pair.client.open_call(CallHeader("a/b"), None, False)
        while pair.client.send_message(1, bytes(60_000)):
            pair.carry()
        pair.client.open_call(CallHeader("a/b"), b"small", True)
        pair.carry()
        self.assertEqual(pair.server_events[-2].data, b"small")

    def test_W32_incomplete_messages_of_a_connection_are_bounded(self):
        settings = Settings(
            frame_payload_bytes_max=16_777_216, message_bytes_max=200_000_000,
            call_window_bytes=2**30, connection_window_bytes=2**30,
        )
        pair = Pair(server=settings)
        part = bytes(16_000_000)
        outcome = "ok"
        for call_id in (1, 2):
            self.assertEqual(pair.to_server(call(call_id, b"", flags=MORE)), "ok")
            for _ in range(11):
                outcome = pair.to_server(frame("MESSAGE", part, MORE, call_id))
        self.assertEqual(outcome, "ok")
        self.assertEqual(kinds(pair.server_events).count("Failed"), 1)
        self.assertLessEqual(pair.server._assembly_bytes, limits.ASSEMBLY_BYTES_MAX)

    def test_random_conversations_arrive_whole_in_any_pieces(self):
        for seed in range(30):
            with self.subTest(seed=seed):
                self.converse(random.Random(seed))

    def converse(self, dice):
        sizes = dict(connection_window_bytes=dice.choice([65_536, 200_000, 16_777_216]))
        pair = Pair(server=Settings(call_window_bytes=65_536, **sizes))
        wanted, got, queues = {}, {}, {}
        for _ in range(dice.randint(1, 5)):
            call_id, _ = pair.client.open_call(CallHeader("a/b"), None, False)
            queues[call_id] = [
                dice.randbytes(dice.choice([0, 1, 100, 65_520, 65_536, 300_000]))
                for _ in range(dice.randint(0, 4))
            ]
            wanted[call_id], got[call_id] = list(queues[call_id]), []
        for call_id, queue in queues.items():
            for message in queue:
                if pair.client.send_message(call_id, message) is False:
                    while pair.client._calls[call_id].pending is not None:
                        self.shuttle(pair, dice, got)
            pair.client.send_end(call_id)
            self.shuttle(pair, dice, got)
        self.shuttle(pair, dice, got)
        self.assertEqual(got, wanted)
        self.assertEqual(pair.server._assembly_bytes, 0)

    def shuttle(self, pair, dice, got):
        out = pair.client.take_output()
        while out:
            size = dice.choice([1, 15, 16, 17, 1_000, 100_000])
            pair.server.receive(out[:size])
            out = out[size:]
            for event in pair.server.take_events():
                self.assertNotEqual(kinds([event]), ["Refused"])
                if isinstance(event, events.Message):
                    got[event.call_id].append(event.data)
                    pair.server.taken(event.call_id, event.cost)
        pair.client.receive(pair.server.take_output())
        pair.client.pump()
        pair.client.take_events()


class EndingTests(unittest.TestCase):
    def test_W33_a_ping_is_answered_with_its_payload(self):
        pair = Pair()
        pair.client.ping(0x0123456789ABCDEF)
        pair.carry()
        self.assertEqual(pair.client_events, [events.Pong(0x0123456789ABCDEF)])
        self.assertEqual(Pair().to_server(frame("PONG")), "ok")

    def test_W36_a_draining_server_refuses_later_calls_unprocessed(self):
        pair = Pair()
        pair.client.open_call(CallHeader("a/b"), None, False)
        pair.client.open_call(CallHeader("a/b"), None, False)
        pair.server.receive(pair.client.take_output())
        pair.server.go_away()
        pair.server.receive(call(3))
        pair.client.highest_call_id = 3
        pair.carry()
        self.assertEqual(pair.client_events[0].go_away.last_call_id, 2)
        self.assertFalse(pair.client.can_open_call)
        self.assertTrue(pair.client.is_open(1))

    def test_W37_a_refusal_names_its_rule_and_nothing_after_it_is_acted_on(self):
        pair = Pair()
        self.assertEqual(pair.to_server(frame("STATUS", block(), call_id=1) + call(1)), "W5")
        self.assertEqual(kinds(pair.server_events), ["Refused"])
        self.assertIs(pair.server.phase, Phase.CLOSED)
        pair.client.receive(pair.server.take_output())
        away = pair.client.take_events()[0].go_away
        self.assertEqual(away.code, StatusCode.INVALID_ARGUMENT)
        self.assertTrue(away.reason.startswith("W5: "))
        pair = Pair()
        pair.to_server(struct.pack(">IBBHQ", 70_000, 3, 0, 0, 1))
        pair.client.receive(pair.server.take_output())
        self.assertEqual(
            pair.client.take_events()[0].go_away.code, StatusCode.RESOURCE_EXHAUSTED
        )

    def test_W38_a_call_that_was_never_written_is_known(self):
        pair = Pair(server=Settings(connection_window_bytes=65_536))
        pair.client.open_call(CallHeader("a/b"), bytes(62_000), True)
        waiting, written = pair.client.open_call(CallHeader("a/b"), bytes(30_000), True)
        self.assertFalse(written)
        self.assertTrue(pair.client.was_written(1))
        self.assertFalse(pair.client.was_written(waiting))
        pair.client.take_output()
        pair.client.cancel(waiting, Cancel())
        self.assertEqual(pair.client.take_output(), b"")  # The server never hears of it.

    def test_a_status_code_above_16_is_unknown_with_its_number(self):
        status = EndStatus.decode(number_field(1, 99) + bytes_field(2, b"odd"))
        self.assertEqual((status.code, status.message), (StatusCode.UNKNOWN, "code 99: odd"))

    def test_garbage_never_raises(self):
        dice = random.Random(3)
        good = hello_bytes() + call(1, b"x", flags=0) + frame("MESSAGE", b"y", call_id=1)
        for _ in range(3_000):
            data = bytearray(good)
            for _ in range(dice.randint(1, 6)):
                data[dice.randrange(len(data))] = dice.randrange(256)
            for role in Role:
                machine = Connection(role)
                machine.receive(bytes(data))
                machine.take_events()


if __name__ == "__main__":
    unittest.main()
