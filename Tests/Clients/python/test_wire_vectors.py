"""Conversations as bytes (Tests/Vectors/wire) that every implementation must take alike."""

import unittest

from peers import ROOT
from morlaif.wire import CallHeader, Connection, Role

FILES = sorted((ROOT / "Tests/Vectors/wire").glob("*.wire"))


class Conversation:
    """One file, played to both sides in pieces of a size."""

    def __init__(self, path, piece=None, splits=()):
        self.lines = [
            line.split() for line in path.read_text().splitlines()
            if line.strip() and not line.startswith("#")
        ]
        self.piece = piece
        self.splits = splits
        self.sides = {
            "client": Connection(Role.CLIENT), "server": Connection(Role.SERVER)
        }
        self.outcomes = {"client": "ok", "server": "ok"}
        self.position = {"client": 0, "server": 0}
        self.expectations = []

    def play(self):
        for word, *rest in self.lines:
            if word == "expect":
                self.expectations.append((rest[0], rest[1]))
            else:
                self.send(word, bytes.fromhex("".join(rest)))
        return [(side, self.outcomes[side]) for side, _ in self.expectations]

    def send(self, sender, data):
        receiver = "server" if sender == "client" else "client"
        if sender == "server":
            self.open_calls()
        for part in self.pieces(receiver, data):
            self.sides[receiver].receive(part)
            for event in self.sides[receiver].take_events():
                if type(event).__name__ == "Refused":
                    self.outcomes[receiver] = f"W{event.error.rule}"

    def open_calls(self):
        """A client only believes in calls that it has opened itself."""
        client = self.sides["client"]
        while client.highest_call_id < 2 and client.can_open_call:
            client.open_call(CallHeader("a/b"), None, True)

    def pieces(self, receiver, data):
        begin = self.position[receiver]
        self.position[receiver] += len(data)
        if self.piece:
            return [data[i : i + self.piece] for i in range(0, len(data), self.piece)]
        cuts = [c - begin for c in self.splits if 0 < c - begin < len(data)]
        edges = [0, *cuts, len(data)]
        return [data[a:b] for a, b in zip(edges, edges[1:])]


class WireVectorTests(unittest.TestCase):
    def test_there_are_vectors(self):
        self.assertGreaterEqual(len(FILES), 24)

    def test_every_conversation_ends_as_its_file_says(self):
        for path in FILES:
            with self.subTest(path.name):
                conversation = Conversation(path)
                self.assertEqual(conversation.play(), conversation.expectations)
                self.assertTrue(conversation.expectations)

    def test_every_conversation_byte_by_byte(self):
        for path in FILES:
            with self.subTest(path.name):
                conversation = Conversation(path, piece=1)
                self.assertEqual(conversation.play(), conversation.expectations)

    def test_every_conversation_at_every_split(self):
        for path in FILES:
            size = max(
                sum(len(bytes.fromhex("".join(line[1:]))) for line in Conversation(path).lines
                    if line[0] == side)
                for side in ("client", "server")
            )
            for split in range(1, min(size, 4_096)):
                conversation = Conversation(path, splits=(split,))
                got = conversation.play()
                self.assertEqual(got, conversation.expectations, f"{path.name} split at {split}")


if __name__ == "__main__":
    unittest.main()
