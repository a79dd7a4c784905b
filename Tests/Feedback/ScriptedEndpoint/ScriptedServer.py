"""An OpenAI-compatible endpoint that behaves as the path says, for the tests of the HTTP judge.

Usage: ScriptedServer.py LOG. Prints its port. The base URL of a judge is
http://127.0.0.1:PORT/NAME:STEP,STEP,.../v1; request number i of NAME gets step i, later ones the last
step. Every request is one line of JSON in LOG before it is answered.
"""
import hashlib
import json
import resource
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
changed = threading.Condition(lock)
log = open(sys.argv[1], "w")
counts = {}
active = {}
# Idempotency keys that were answered: a second request under one is not charged.
charged = set()
# Names whose "hold" step has let the first through.
opened = set()

SPELLINGS = [
    (" A", " B"), ("A", "B"), ("a", "b"), ("A.", "B."), ("(A)", "(B)"), ("**A**", "**B**"),
    ("Answer: A", "Answer: B"), ("\u0120A", "\u0120B"), ("\u2581A", "\u2581B"),
    ("bytes:\\x41", "bytes:\\x42"), ("<0x41>", "<0x42>"), ("\"A\"", "\"B\""), ("A\n", "B\n"),
]


def completion(text, positions=None):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    if positions is not None:
        choice["logprobs"] = {"content": positions}
    usage = {"prompt_tokens": 200, "completion_tokens": 10,
             "prompt_tokens_details": {"cached_tokens": 100}}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}


def position(tokens):
    top = [{"token": t, "logprob": p, "bytes": None} for t, p in tokens]
    return dict(top[0], top_logprobs=top)


def longer(body):
    """Prefers the longer response: the margin is a tenth of a nat a character."""
    text = body["messages"][-1]["content"]
    part = lambda tag: text.split("<%s>\n" % tag)[1].split("\n</%s>" % tag)[0]
    margin = (len(part("response_a")) - len(part("response_b"))) / 10
    first, second = -0.1, -0.1 - abs(margin)
    tokens = [("A", first), ("B", second)] if margin >= 0 else [("B", first), ("A", second)]
    return completion(tokens[0][0], [position(tokens)])


class Batches:
    """The batch API of one NAME: files and batches; step i says how batch i goes.

    done: answered at the first look; wait: at the second; lost: the reply to its creation is cut off;
    partial: every third request fails with 500 and the first with 400; expired: only half is answered;
    failed: refused whole.
    """

    def __init__(self, steps):
        self.steps = steps
        self.files = {}
        self.batches = []

    def add_file(self, data):
        name = "file-%d" % len(self.files)
        self.files[name] = data
        return {"id": name, "object": "file"}

    def create(self, body):
        step = self.steps[min(len(self.batches), len(self.steps) - 1)]
        batch = {"id": "batch-%d" % len(self.batches), "status": "validating",
                 "metadata": body["metadata"], "looks": 0, "step": step,
                 "input_file_id": body["input_file_id"]}
        self.batches.append(batch)
        return batch

    def look(self, name):
        batch = next(b for b in self.batches if b["id"] == name)
        batch["looks"] += 1
        if batch["step"] == "wait" and batch["looks"] == 1:
            return dict(batch, status="in_progress")
        if batch["step"] == "failed":
            return dict(batch, status="failed", errors={"data": [{"message": "no such model"}]})
        if "output_file_id" not in batch:
            self.finish(batch)
        return batch

    def finish(self, batch):
        output, errors = [], []
        lines = [json.loads(l) for l in self.files[batch["input_file_id"]].splitlines()]
        step = batch["step"]
        for number, line in enumerate(lines):
            if step == "expired" and number >= len(lines) // 2:
                continue
            status, body = 200, longer(line["body"])
            if step == "partial" and number % 3 == 0:
                status, body = (500 if number else 400), {"error": {"message": "scripted"}}
            entry = {"id": "r", "custom_id": line["custom_id"], "error": None,
                     "response": {"status_code": status, "body": body}}
            (output if status == 200 else errors).append(json.dumps(entry))
        batch["status"] = "expired" if step == "expired" else "completed"
        batch["output_file_id"] = self.add_file("\n".join(output).encode())["id"]
        if errors:
            batch["error_file_id"] = self.add_file("\n".join(errors).encode())["id"]


apis = {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def record(self, name, data, body):
        line = {
            "name": name, "path": self.path, "active": active.get(name, 0),
            "connection": self.client_address[1],
            "authorization": self.headers.get("Authorization", ""),
            "max_tokens": body.get("max_tokens"), "top_logprobs": body.get("top_logprobs"),
            "max_completion_tokens": body.get("max_completion_tokens"),
            "messages": len(body.get("messages", [])),
            "body": hashlib.sha256(data).hexdigest(),
            "isCharged": (name, self.headers.get("Idempotency-Key")) not in charged,
        }
        charged.add((name, self.headers.get("Idempotency-Key")))
        log.write(json.dumps(line) + "\n")
        log.flush()

    def do_GET(self):
        name, steps = self.path.split("/")[1].split(":")
        with lock:
            api = apis.setdefault(name, Batches(steps.split(",")))
            parts = self.path.split("?")[0].split("/")[3:]
            if parts == ["batches"]:
                reply = {"data": api.batches[::-1]}
            elif parts[0] == "batches":
                reply = api.look(parts[1])
            else:
                reply = api.files[parts[1]]
        self.reply(200, reply)

    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        name, steps = self.path.split("/")[1].split(":")
        steps = steps.split(",")
        is_file = self.path.endswith("/files")
        body = {} if is_file else json.loads(data)
        if is_file or self.path.endswith("/batches"):
            with lock:
                self.record(name, data, body)
                api = apis.setdefault(name, Batches(steps))
                if is_file:
                    head, _, rest = data.partition(b"filename=")
                    content = rest.partition(b"\r\n\r\n")[2]
                    return self.reply(200, api.add_file(content.rpartition(b"\r\n--")[0]))
                batch = api.create(body)
            if batch["step"] == "lost":
                batch["step"] = "done"
                self.close_connection = True
                return self.connection.close()
            return self.reply(200, batch)
        with lock:
            number = counts.get(name, 0)
            counts[name] = number + 1
            active[name] = active.get(name, 0) + 1
            changed.notify_all()
            self.record(name, data, body)
        try:
            self.act(steps[min(number, len(steps) - 1)], body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with lock:
                active[name] -= 1

    def act(self, step, body):
        if step == "longer":
            self.reply(200, longer(body))
        elif step == "slow":
            time.sleep(0.05)
            self.reply(200, longer(body))
        elif step.startswith("hold"):
            # Answers nobody until so many are waiting.
            name = self.path.split("/")[1].split(":")[0]
            with lock:
                if active[name] >= int(step[4:]):
                    opened.add(name)
                    changed.notify_all()
                while name not in opened:
                    changed.wait()
            self.reply(200, longer(body))
        elif step == "free":
            reply = longer(body)
            del reply["usage"]
            self.reply(200, reply)
        elif step == "spent":
            self.reply(200, longer(body), [("x-ratelimit-remaining-requests", "0"),
                                           ("x-ratelimit-reset-requests", "0m9s")])
        elif step.startswith("odd"):
            a, b = SPELLINGS[int(step[3:])]
            self.reply(200, completion(a, [position([(a, -0.2), ("the", -2.5), (b, -1.7)])]))
        elif step == "reason":
            part = longer(body)["choices"][0]["logprobs"]["content"][0]
            words = ["A", " is", " short", ".", "\n", "Verdict", ":"]
            thought = [position([(word, -0.5), ("B", -1.5)]) for word in words]
            text = "".join(words) + " " + part["token"]
            self.reply(200, completion(text, thought + [part]))
        elif step == "cutoff":
            self.reply(200, completion("Response A is the shorter one, while Response"))
        elif step == "many":
            tokens = [(" A", -1.0), ("A", -1.5), ("B", -2.0), (" b", -2.5), ("C", -3.0)]
            self.reply(200, completion(" A", [position(tokens)]))
        elif step == "only":
            self.reply(200, completion("A", [position([("A", -0.1), ("The", -3.0)])]))
        elif step == "text":
            self.reply(200, completion("Final answer: **B**."))
        elif step == "null":
            self.reply(200, {"choices": [{"message": {"content": "B"}, "logprobs": None}]})
        elif step == "silent":
            self.reply(200, completion("I cannot decide."))
        elif step == "garbage":
            self.reply(200, b"<html>not \xff json")
        elif step == "lies":
            wrong = {"content": [{"token": 7, "logprob": "x", "bytes": [300, -1, 65],
                                  "top_logprobs": {"a": []}}, None, 3]}
            self.reply(200, {"choices": [{"message": {"content": "A"}, "logprobs": wrong}]})
        elif step == "huge":
            self.reply(200, b"x" * (3 << 20))
        elif step == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"choices": [')
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        elif step == "hang":
            threading.Event().wait(20)
            self.close_connection = True
        elif step == "wait7":
            self.reply(429, {"error": "slow down"}, [("Retry-After", "7")])
        elif step == "wait999":
            self.reply(429, {"error": "slow down"}, [("Retry-After", "999")])
        elif step == "401":
            self.reply(401, {"error": "bad key " + self.headers.get("Authorization", "")})
        else:
            self.reply(int(step) if step.isdigit() else 404, {"error": "scripted"})


class Server(ThreadingHTTPServer):
    request_queue_size = 4096
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # A client that was killed is no news.


threading.stack_size(256 * 1024)
limits = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
# The test's end of this pipe closes when the test dies, however it dies.
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
