"""A Python server as a process: how it ends, and clients across a fork."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from peers import folder, identity
from processes import wait_for
from morlaif import Client, Credentials, RPCError, StatusCode
from morlaif.services import Health, Metrics, Scalarizer
from morlaif.v1.health_pb2 import HealthRequest
from morlaif.v1.metrics_pb2 import MetricsSnapshotRequest
from morlaif.v1.scalarizer_pb2 import DescribeConfigurationRequest, ScalarizeRequest


class ServerProcessTests(unittest.TestCase):
    def start(self, drain):
        """Starts the server, with certificates of this process."""
        identity("scalarizer")
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        ready = Path(place.name, "ready")
        environment = dict(os.environ, MORLAIF_READY_FILE=str(ready), MORLAIF_TEST_FOLDER=str(folder()))
        self.log = open(Path(place.name, "log"), "w+")
        self.addCleanup(self.log.close)
        server = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("stubborn_server.py")), str(drain)],
            env=environment, stderr=self.log, cwd=Path(__file__).parent,
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        wait_for("ready file", ready.exists)
        client = Client("127.0.0.1:%d" % json.loads(ready.read_text())["port"], identity("client"))
        self.addCleanup(client.close)
        return server, client

    def wait_for_call(self, client):
        """Waits until a handler is at work beside the one that counts."""

        def is_open():
            samples = Metrics(client).snapshot(MetricsSnapshotRequest()).samples
            return {s.name: s.value for s in samples}["rpc_server_open_calls"] == 2

        wait_for("call at the server", is_open)

    def test_a_call_in_flight_ends_well_after_SIGTERM(self):
        server, client = self.start(30)
        replies = []
        asked = threading.Thread(
            target=lambda: replies.append(Scalarizer(client).describe(DescribeConfigurationRequest()))
        )
        Health(client).check(HealthRequest())
        asked.start()
        self.wait_for_call(client)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(20), 0)
        asked.join(10)
        self.assertEqual(replies[0].configuration_version, 5)

    def test_a_handler_that_never_returns_does_not_keep_the_process(self):
        server, client = self.start(0.2)
        errors = []

        def ask():
            try:
                Scalarizer(client).scalarize(ScalarizeRequest(), timeout=20)
            except RPCError as error:
                errors.append(error)

        asked = threading.Thread(target=ask)
        asked.start()
        self.wait_for_call(client)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(20), 0)
        asked.join(20)
        self.assertEqual(errors[0].code, StatusCode.UNAVAILABLE)
        self.log.seek(0)
        self.assertIn("a handler goes on after its time", self.log.read())

    def test_a_killed_server_ends_calls_with_unavailable(self):
        server, client = self.start(30)
        call = Health(client).watch(HealthRequest())
        self.assertEqual(next(call).status, 2)
        server.kill()
        with self.assertRaises(RPCError) as caught:
            next(call)
        self.assertEqual(caught.exception.code, StatusCode.UNAVAILABLE)

    def test_a_client_works_on_both_sides_of_a_fork(self):
        _, client = self.start(30)
        self.assertEqual(Health(client).check(HealthRequest()).status, 2)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if Health(client).check(HealthRequest(), timeout=10).status == 2:
                    status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(Health(client).check(HealthRequest()).status, 2)

    def test_credentials_come_from_the_folder_that_the_environment_names(self):
        with self.assertRaisesRegex(ValueError, "MORLAIF_CERTIFICATES"):
            saved = os.environ.pop("MORLAIF_CERTIFICATES", None)
            try:
                Credentials.folder()
            finally:
                if saved is not None:
                    os.environ["MORLAIF_CERTIFICATES"] = saved


if __name__ == "__main__":
    unittest.main()
