"""A scalarizer written in Python takes the Swift one's place in the middle of a PPO run, and gives it back."""

import base64
import json
import threading
import unittest

from processes import ARE_BUILT, ROOT, WHY_NOT, Cluster, wait_for
from rewards import PRINCIPLES, prepare
from morlaif import RPCError
from morlaif.services import PolicyTrainer
from morlaif.v1.policy_trainer_pb2 import (
    CancelTrainingRequest, PolicyHyperparameters, Prompt, SamplingOptions, SwapScalarizerRequest,
    TrainPolicyReply, TrainPolicyRequest,
)

# More than any machine gets to: the test ends the run when it has seen enough.
STEPS_MAX = 100_000


class Training:
    """A run whose messages are gathered by a thread."""

    def __init__(self, trainer):
        self.steps, self.events, self.finished = [], [], None
        self.error = None
        request = TrainPolicyRequest(
            run_id="swap",
            prompts=[
                Prompt(id=f"q{i}", text_utf8=f"How do I make tea for {i} people?".encode())
                for i in range(1, 9)
            ],
            principle_ids=PRINCIPLES,
            sampling=SamplingOptions(tokens_max=12),
            seed=1,
            hyperparameters=PolicyHyperparameters(
                steps=STEPS_MAX, prompts_per_step=4, samples_per_prompt=1, top_layers=2, rank=2,
                epochs=1, minibatches=1, checkpoint_steps=2,
            ),
        )
        self.thread = threading.Thread(target=self.gather, args=(trainer.train(request),))
        self.thread.start()

    def gather(self, replies):
        try:
            for reply in replies:
                kind = reply.WhichOneof("kind")
                if kind == "step":
                    self.steps.append(reply.step)
                elif kind == "event":
                    self.events.append(reply.event)
                elif kind == "finished":
                    self.finished = reply.finished
        except RPCError as error:
            self.error = error

    def wait_for_steps(self, count, endpoint, first=1):
        """Waits until `count` steps from `first` on were rewarded by an endpoint."""

        def are_there():
            if not self.thread.is_alive():
                raise AssertionError(f"the run has ended early: {self.error or self.finished}")
            rewarded = [step.step for step in self.steps if step.scalarizer_endpoint == endpoint]
            return sum(step >= first for step in rewarded) >= count

        wait_for(f"{count} steps by {endpoint}", are_there)


@unittest.skipUnless(ARE_BUILT, WHY_NOT)
class SwapTests(unittest.TestCase):
    def test_a_python_scalarizer_takes_over_and_hands_back(self):
        with Cluster("labeler", "scalarizer", "preference-model", "policy-trainer") as cluster:
            prepare(cluster)
            script = ROOT / "Sources/Clients/python/examples/mean_scalarizer.py"
            cluster.start_python("mean", script, "127.0.0.1:0")
            swift, python = cluster.address("scalarizer"), cluster.address("mean")
            trainer = PolicyTrainer(cluster.client("policy-trainer"))
            training = Training(trainer)

            training.wait_for_steps(3, swift)
            with self.assertRaises(RPCError):  # Nobody there: the old one stays in charge.
                trainer.swap_scalarizer(SwapScalarizerRequest(host="127.0.0.1", port=1))
            over = self.swap(trainer, cluster, "mean")
            training.wait_for_steps(5, python)
            back = self.swap(trainer, cluster, "scalarizer")
            training.wait_for_steps(5, swift, first=back)
            trainer.cancel(CancelTrainingRequest())
            training.thread.join(120)
            self.assertIsNone(training.error)
            self.assertEqual(training.finished.outcome, "cancelled")
            self.assertEqual(cluster.stop("mean"), 0)

            self.check_steps(training, swift, python, over, back)
            self.check_events(training.events, swift, python)
            self.check_journal(cluster, training)

    def swap(self, trainer, cluster, name):
        """Points the trainer at another scalarizer; gives the first step it rewards."""
        request = SwapScalarizerRequest(
            host="127.0.0.1", port=cluster.ports[name], server_name="scalarizer"
        )
        reply = trainer.swap_scalarizer(request, timeout=30)
        self.assertEqual(reply.configuration_hash == "mean", name == "mean")
        return reply.first_step

    def check_steps(self, training, swift, python, over, back):
        # No batch lost: every step once, in order. None mixed: each by one scalarizer, and the
        # change happens where the reply said.
        steps, count = training.steps, training.finished.steps_done
        self.assertEqual([step.step for step in steps], list(range(1, count + 1)))
        expected = [swift] * (over - 1) + [python] * (back - over) + [swift] * (count + 1 - back)
        self.assertEqual([step.scalarizer_endpoint for step in steps], expected)
        for step in steps:
            is_python = step.scalarizer_endpoint == python
            self.assertEqual(step.configuration_hash == "mean", is_python)
            # Every reward that was logged follows from its scores and the function in charge.
            self.assertTrue(step.samples)
            for sample in step.samples:
                standardised = [
                    (score - source.mean) / source.standard_deviation
                    for score, source in zip(sample.scores, step.sources, strict=True)
                ]
                wanted = sum(standardised) / (len(PRINCIPLES) if is_python else 1)
                self.assertAlmostEqual(sample.reward, wanted, delta=1e-4 * (1 + abs(wanted)))
                self.assertAlmostEqual(sum(sample.contributions), sample.reward, places=4)

    def check_events(self, events, swift, python):
        swaps = [e.detail_utf8.decode() for e in events if e.kind == "scalarizer_swapped"]
        self.assertEqual(swaps, [f"{swift} -> {python}", f"{python} -> {swift}"])
        self.assertEqual(sum(event.kind == "swap_refused" for event in events), 1)
        self.assertFalse([event for event in events if event.kind == "waiting"])

    def check_journal(self, cluster, training):
        """What the service has written down is what it said, message for message."""
        journal = cluster.folder / "data-policy-trainer/runs/swap/events.jsonl"
        written = []
        for line in journal.read_text().splitlines():
            if reply := json.loads(line).get("reply"):
                written.append(TrainPolicyReply.FromString(base64.b64decode(reply)))
        self.assertEqual([r.step for r in written if r.HasField("step")], training.steps)
        self.assertEqual([r.event for r in written if r.HasField("event")], training.events)


if __name__ == "__main__":
    unittest.main()
