"""Real processes: the Swift services, the command line, and servers written in Python."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers import ROOT
from morlaif import Client, Credentials

BINARIES = os.environ.get("MORLAIF_BIN_DIR")
ARE_BUILT = BINARIES is not None and os.access(Path(BINARIES) / "morlaif", os.X_OK)
WHY_NOT = "MORLAIF_BIN_DIR does not name the built executables"
TINY_MODEL = ROOT / "Tests/Vectors/models/tiny-chat"


def wait_for(what, condition, seconds=60.0):
    """Looks until something is true; fails when that takes too long."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"no {what} within {seconds} s")
        time.sleep(0.005)
    return found


class Cluster:
    """Services as processes over mutual TLS, on ports that the system chose."""

    def __init__(self, *services):
        self.folder = Path(tempfile.mkdtemp(prefix="morlaif-cluster-"))
        self.certificates = self.folder / "certificates"
        self.processes = {}
        self.ports = {}
        self.clients = {}
        self.morlaif("certificates", "--directory", str(self.certificates))
        for name in services:
            self.start(name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self.clients.values():
            client.close()
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def environment(self):
        values = dict(
            os.environ, MORLAIF_CERTIFICATES=str(self.certificates),
            MORLAIF_MODEL=str(TINY_MODEL), OPENBLAS_NUM_THREADS="1",
        )
        for name, port in self.ports.items():
            prefix = name.upper().replace("-", "_")
            values[f"{prefix}_HOST"], values[f"{prefix}_PORT"] = "127.0.0.1", str(port)
        return values

    def start(self, name):
        """Starts a Swift service."""
        self.launch(name, [
            str(Path(BINARIES) / name), "--config", str(ROOT / f"compose/config/{name}.yaml"),
            "--data", str(self.folder / f"data-{name}"), "--listen", "127.0.0.1:0",
            "--ready-file", str(self.folder / f"{name}.ready"),
        ])

    def start_python(self, name, script, *arguments):
        """Starts a server written in Python."""
        self.launch(name, [sys.executable, str(script), *arguments])

    def launch(self, name, command):
        """Starts a process and waits until it listens."""
        ready = self.folder / f"{name}.ready"
        ready.unlink(missing_ok=True)
        environment = dict(self.environment, MORLAIF_READY_FILE=str(ready))
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.processes[name] = process

        def listens():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended: {self.log(name)[-2000:]}")
            return ready.exists()

        wait_for(f"ready file of {name}", listens)
        self.ports[name] = json.loads(ready.read_text())["port"]

    def stop(self, name):
        """Asks a service to stop; gives its exit code."""
        process = self.processes[name]
        process.send_signal(signal.SIGTERM)
        return process.wait(60)

    def log(self, name):
        """What a service has printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def address(self, name):
        """Where a service is."""
        return f"127.0.0.1:{self.ports[name]}"

    def client(self, name):
        """A client of a service."""
        if name not in self.clients:
            credentials = Credentials.folder(self.certificates)
            self.clients[name] = Client(self.address(name), credentials, timeout=60)
        return self.clients[name]

    def morlaif(self, *arguments, input=""):
        """Runs the command line; gives what it printed."""
        done = subprocess.run(
            [str(Path(BINARIES) / "morlaif"), *arguments], input=input, env=self.environment,
            capture_output=True, text=True, timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"morlaif {arguments[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout
