"""A service of every method kind for the tests, on the Labeler's and Scalarizer's messages."""

import asyncio
import threading

from morlaif import RPCError, StatusCode
from morlaif.services import LabelerHandler, ScalarizerHandler
from morlaif.v1.labeler_pb2 import ExportReply, ImportReply, LabelReply, ListPrinciplesReply
from morlaif.v1.scalarizer_pb2 import DescribeConfigurationReply, ScalarizeReply


class Echo(LabelerHandler):
    """Coroutines and asynchronous generators."""

    def __init__(self):
        self.contexts = []
        self.cancelled = 0
        self.started = asyncio.Event()
        self.release = asyncio.Event()

    async def label(self, requests, context):
        self.contexts.append(context)
        async for request in requests:
            reply = LabelReply()
            reply.failure.pair_id = request.pair.id
            reply.failure.reason_utf8 = request.pair.prompt_utf8
            yield reply

    async def import_(self, requests, context):
        count = 0
        async for request in requests:
            if request.dataset_id == "refuse":
                raise RPCError(StatusCode.FAILED_PRECONDITION, "dataset_id: refused")
            count += 1
        context.trailing_metadata = (("count", str(count)),)
        return ImportReply(stored=count)

    async def export(self, request, context):
        self.contexts.append(context)
        for index in range(int(request.dataset_id or 3)):
            reply = ExportReply()
            reply.pair.id = str(index)
            yield reply

    async def list_principles(self, request, context):
        """Waits until the test lets it go on."""
        self.contexts.append(context)
        self.started.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return ListPrinciplesReply(judge_ids=["released"])

    async def put_principle(self, request, context):
        raise KeyError("a secret of the inside")


class ThreadedEcho(LabelerHandler):
    """The same with functions and generators."""

    def __init__(self):
        self.names = set()
        self.started = threading.Event()
        self.ended = threading.Event()

    def label(self, requests, context):
        for request in requests:
            reply = LabelReply()
            reply.failure.pair_id = request.pair.id
            yield reply

    def import_(self, requests, context):
        self.names.add(threading.current_thread().name)
        return ImportReply(stored=sum(1 for _ in requests))

    def export(self, request, context):
        for index in range(int(request.dataset_id or 3)):
            reply = ExportReply()
            reply.pair.id = str(index)
            yield reply

    def list_principles(self, request, context):
        """Works until nobody waits for it."""
        self.started.set()
        while not context.is_cancelled:
            context._cancelled.wait(0.05)
        self.ended.set()
        return ListPrinciplesReply()


class Scalars(ScalarizerHandler):
    """Unary methods."""

    def __init__(self):
        self.calls = 0
        self.failures = []

    async def scalarize(self, request, context):
        self.calls += 1
        self.context = context
        if self.failures:
            raise self.failures.pop(0)
        return ScalarizeReply(rewards=list(request.scores.values), configuration_version=1)

    async def configure(self, request, context):
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "not a message"

    def describe(self, request, context):
        return DescribeConfigurationReply(configuration_version=context.method.count("/"))
