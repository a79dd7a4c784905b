"""The Python clients with the Swift services, and the Swift command line with a Python server."""

import json
import subprocess
import threading
import time
import unittest
from pathlib import Path

from processes import ARE_BUILT, BINARIES, ROOT, WHY_NOT, Cluster
from rewards import PRINCIPLES, configure, prepare
from morlaif import RPCError, StatusCode
from morlaif.services import (
    Health, Labeler, Metrics, PolicyTrainer, PreferenceModel, Reflection, Scalarizer,
)
from morlaif.v1.common_pb2 import TextItem
from morlaif.v1.health_pb2 import HealthRequest
from morlaif.v1.labeler_pb2 import ExportRequest, ImportRequest, ListPrinciplesRequest, MeasureRequest
from morlaif.v1.metrics_pb2 import MetricsSnapshotRequest
from morlaif.v1.policy_trainer_pb2 import GenerateRequest, Prompt, SamplingOptions, StatusRequest
from morlaif.v1.preference_model_pb2 import FetchModelRequest, ScoreRequest
from morlaif.v1.reflection_pb2 import DescribeRequest
from morlaif.v1.scalarizer_pb2 import ConfigureRequest, DescribeConfigurationRequest, ScalarizeRequest


@unittest.skipUnless(ARE_BUILT, WHY_NOT)
class SwiftServicesTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("labeler", "scalarizer", "preference-model", "policy-trainer")
        cls.addClassCleanup(cls.cluster.__exit__)
        cls.labels, cls.training = prepare(cls.cluster)

    def test_the_labeler_streams_both_ways(self):
        self.assertEqual(len(self.labels), 24 * len(PRINCIPLES))
        self.assertTrue(all(reply.WhichOneof("kind") == "label" for reply in self.labels))

    def test_the_labeler_imports_and_exports(self):
        labeler = Labeler(self.cluster.client("labeler"))

        def preferences():
            yield ImportRequest(dataset_id="mine")
            for index in range(300):
                request = ImportRequest()
                request.preference.pair.id = f"p{index}"
                request.preference.pair.prompt_utf8 = b"q"
                request.preference.pair.response_a_utf8 = b"a"
                request.preference.pair.response_b_utf8 = b"b"
                label = request.preference.label
                label.pair_id, label.principle_id, label.p_a = f"p{index}", "conciseness", 1.0
                label.judge_id = label.judge_version = "people"
                yield request

        self.assertEqual(labeler.import_(preferences(), timeout=60).stored, 300)
        exported = list(labeler.export(ExportRequest(dataset_id="mine"), timeout=60))
        self.assertEqual([r.pair.id for r in exported], [f"p{index}" for index in range(300)])
        with self.assertRaises(RPCError) as caught:
            list(labeler.export(ExportRequest(dataset_id="none")))
        self.assertEqual(caught.exception.code, StatusCode.NOT_FOUND)
        self.assertIn("conciseness", [
            p.id for p in labeler.list_principles(ListPrinciplesRequest()).principles
        ])

    def test_the_preference_model_scores_and_sends_files(self):
        self.assertEqual(self.training[-1].WhichOneof("kind"), "finished")
        stub = PreferenceModel(self.cluster.client("preference-model"))
        items = [TextItem(id=str(i), prompt_utf8=b"q", response_utf8=b"a" * i) for i in range(1, 40)]
        reply = stub.score(ScoreRequest(items=items, principle_ids=PRINCIPLES))
        self.assertEqual(len(reply.scores.values), 39 * 2)
        chunks = list(stub.fetch_model(FetchModelRequest(principle_id="conciseness"), timeout=60))
        self.assertIn(b"adapter_config.json", {chunk.path_utf8 for chunk in chunks})

    def test_the_scalarizer_is_configured_and_asked(self):
        stub = Scalarizer(self.cluster.client("scalarizer"))
        version = configure(self.cluster)
        self.assertEqual(stub.describe(DescribeConfigurationRequest()).configuration_version, version)
        request = ScalarizeRequest()
        request.scores.principle_ids.extend(PRINCIPLES)
        request.scores.item_ids.extend(["a", "b"])
        request.scores.values.extend([1, 2, 3, 4])
        for principle in PRINCIPLES:
            request.sources.add(principle_id=principle, standard_deviation=1)
        self.assertEqual(list(stub.scalarize(request).rewards), [3, 7])
        with self.assertRaises(RPCError) as caught:
            stub.configure(ConfigureRequest())
        self.assertEqual(caught.exception.code, StatusCode.INVALID_ARGUMENT)
        self.assertIn("configuration", caught.exception.message)

    def test_the_policy_trainer_generates(self):
        stub = PolicyTrainer(self.cluster.client("policy-trainer"))
        request = GenerateRequest(
            prompts=[Prompt(id="p", text_utf8="Wie geht's?".encode())], samples_per_prompt=3,
            sampling=SamplingOptions(tokens_max=8), variant=1,
        )
        replies = list(stub.generate(request, timeout=60))
        self.assertEqual(sum(reply.WhichOneof("kind") == "answer" for reply in replies), 3)
        self.assertEqual(stub.status(StatusRequest()).state, "idle")

    def test_every_service_is_healthy_and_describes_itself(self):
        for name in self.cluster.ports:
            client = self.cluster.client(name)
            self.assertEqual(Health(client).check(HealthRequest()).status, 2)
            services = Reflection(client).describe(DescribeRequest()).services
            self.assertIn("morlaif.v1.Health", [service.name for service in services])
            self.assertTrue(Metrics(client).snapshot(MetricsSnapshotRequest()).samples)

    def test_messages_of_several_megabytes(self):
        items = [
            TextItem(id=str(i), prompt_utf8=b"q", response_utf8=bytes(65 for _ in range(20_000)))
            for i in range(200)
        ]
        stub = Labeler(self.cluster.client("labeler"))
        reply = stub.measure(MeasureRequest(items=items, principle_ids=["conciseness"]), timeout=60)
        self.assertEqual(len(reply.measures.values), 200)

    def test_a_stopped_service_ends_watches_and_is_found_again(self):
        with Cluster("scalarizer") as cluster:
            client = cluster.client("scalarizer")
            watch = Health(client).watch(HealthRequest())
            self.assertEqual(next(watch).status, 2)
            self.assertEqual(cluster.stop("scalarizer"), 0)
            self.assertTrue(all(reply.status == 3 for reply in watch))
            with self.assertRaises(RPCError) as caught:
                Health(client).check(HealthRequest(), timeout=5)
            self.assertEqual(caught.exception.code, StatusCode.UNAVAILABLE)

    def test_the_command_line_calls_a_python_server(self):
        with Cluster() as cluster:
            cluster.start_python(
                "mean", ROOT / "Sources/Clients/python/examples/mean_scalarizer.py", "127.0.0.1:0"
            )
            place = cluster.address("mean")
            self.assertIn("morlaif.v1.Scalarizer/Scalarize", cluster.morlaif("call", place, "--list"))
            request = {
                "scores": {"principleIds": ["a", "b"], "itemIds": ["x"], "values": [1, 3]},
                "sources": [{"principleId": p, "standardDeviation": 1} for p in ("a", "b")],
            }
            method = "morlaif.v1.Scalarizer/Scalarize"
            reply = json.loads(cluster.morlaif("call", place, method, json.dumps(request)))
            self.assertEqual(reply["rewards"], [2])
            with self.assertRaisesRegex(RuntimeError, "(?i)unimplemented"):
                cluster.morlaif("call", place, "morlaif.v1.Scalarizer/Describe", "{}")
            watch = subprocess.Popen(
                [str(Path(BINARIES) / "morlaif"), "call", place, "morlaif.v1.Health/Watch", "{}"],
                env=cluster.environment, stdout=subprocess.PIPE, text=True,
            )
            self.assertIn("SERVING", watch.stdout.readline())
            reader = threading.Thread(target=watch.stdout.read)
            reader.start()
            began = time.monotonic()
            self.assertEqual(cluster.stop("mean"), 0)
            self.assertLess(time.monotonic() - began, 10)
            self.assertEqual(watch.wait(20), 0)
            reader.join()
            watch.stdout.close()
            self.assertIn("is stopping", cluster.log("mean"))

    def test_the_command_line_has_pairs_judged_by_a_python_labeler(self):
        with Cluster() as cluster:
            cluster.start_python(
                "judge", ROOT / "Sources/Clients/python/examples/length_judge.py", "127.0.0.1:0"
            )
            pairs = "".join(
                json.dumps({"id": f"p{i}", "prompt": "q", "response_a": "a" * i, "response_b": "b" * 9})
                + "\n" for i in range(1, 31)
            )
            printed = cluster.morlaif(
                "label", "--dataset", "d", "--input", "-", "--output", "-",
                "--principle", "conciseness", "--endpoint", f"labeler={cluster.address('judge')}",
                input=pairs,
            )
            labels = [json.loads(line) for line in printed.splitlines()]
            self.assertGreaterEqual(len(labels), 29)
            for label in labels:
                self.assertLessEqual(len(label["chosen"]), len(label["rejected"]))


if __name__ == "__main__":
    unittest.main()
