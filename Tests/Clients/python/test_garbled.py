"""Recorded conversations with bytes changed, against a machine whose driver does what comes to its mind."""

import random
import unittest

from wire_vectors import ALL
from morlaif.wire import CallHeader, Connection, EndStatus, Role, Settings
from morlaif.wire import events

SMALL = [vector for vector in ALL if vector.size < 3_000]


class Driver:
    """Answers, cancels and releases at random."""

    def __init__(self, vector, dice):
        self.dice = dice
        role = Role.CLIENT if vector.is_for_client else Role.SERVER
        self.machine = Connection(role, Settings(**vector.limits))
        self.has_opened = role is Role.SERVER

    def play(self, data):
        while data:
            size = self.dice.choice([1, 3, 16, 50, 5_000])
            self.machine.receive(data[:size])
            data = data[size:]
            if not self.has_opened and self.machine.can_open_call:
                self.has_opened = True
                self.machine.open_call(CallHeader("a/b"), self.dice.randbytes(50), True)
                self.machine.open_call(CallHeader("a/b"), None, False)
            for event in self.machine.take_events():
                self.act(event)
            self.machine.take_output()
            self.machine.pump()
            self.machine.take_events()
            yield self.machine

    def act(self, event):
        dice, machine = self.dice, self.machine
        if isinstance(event, events.Message) and dice.random() < 0.7:
            machine.taken(event.call_id, event.cost)
        elif isinstance(event, events.Called):
            what = dice.choice(["status", "message", "nothing"])
            if what == "status":
                machine.send_status(event.call_id, EndStatus(), bytes(dice.choice([0, 9, 300_000])))
            elif what == "message":
                machine.send_message(event.call_id, bytes(dice.choice([0, 9, 300_000])))
            if dice.random() < 0.5:
                machine.release(event.call_id)


class GarbledTests(unittest.TestCase):
    def test_garbled_conversations_end_in_a_refusal_or_keep_the_books(self):
        for seed in range(3_000):
            dice = random.Random(seed)
            vector = dice.choice(SMALL)
            data = bytearray(b"".join(part for _, part in vector.steps))
            if dice.random() < 0.5:
                data += b"".join(part for _, part in dice.choice(SMALL).steps)[20:]
            for _ in range(dice.randint(0, 5) if data else 0):
                data[dice.randrange(len(data))] = dice.choice([*range(11), 255, dice.randrange(256)])
            for machine in Driver(vector, dice).play(bytes(data)):
                held = sum(len(call.assembly) for call in machine._calls.values())
                self.assertEqual(machine._assembly_bytes, held, f"{vector.name}, seed {seed}")
                self.assertGreaterEqual(machine._receive_window, 0, f"{vector.name}, seed {seed}")
                self.assertGreaterEqual(machine._send_window, 0, f"{vector.name}, seed {seed}")


if __name__ == "__main__":
    unittest.main()
