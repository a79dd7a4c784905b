"""Calls of every kind over real TLS, asynchronous and not."""

import asyncio
import pickle
import unittest

from echo import Echo, Scalars, ThreadedEcho
from peers import client, identity, serving
from morlaif import Client, RPCError, StatusCode
from morlaif.services import (
    AsyncHealth,
    AsyncLabeler,
    AsyncMetrics,
    AsyncReflection,
    AsyncScalarizer,
    Labeler,
    Scalarizer,
)
from morlaif.v1.health_pb2 import HealthRequest
from morlaif.v1.labeler_pb2 import (
    ExportRequest,
    ImportRequest,
    LabelRequest,
    ListPrinciplesRequest,
    PutPrincipleRequest,
)
from morlaif.v1.metrics_pb2 import (
    METRIC_KIND_COUNTER,
    METRIC_KIND_HISTOGRAM,
    MetricsSnapshotRequest,
)
from morlaif.v1.reflection_pb2 import DescribeRequest
from morlaif.v1.scalarizer_pb2 import (
    ConfigureRequest,
    DescribeConfigurationRequest,
    FitWeightsRequest,
    ScalarizeRequest,
)


def pairs(count, text=b""):
    for index in range(count):
        request = LabelRequest()
        request.pair.id = str(index)
        request.pair.prompt_utf8 = text
        yield request


def scores(count):
    request = ScalarizeRequest()
    request.scores.values.extend(range(count))
    return request


class Case(unittest.IsolatedAsyncioTestCase):
    async def assert_code(self, code, awaitable):
        with self.assertRaises(RPCError) as caught:
            await awaitable
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception


class AsyncCallTests(Case):
    async def test_all_four_kinds_with_coroutines(self):
        await self.all_kinds(Echo())

    async def test_all_four_kinds_with_functions_on_threads(self):
        handler = ThreadedEcho()
        await self.all_kinds(handler)
        self.assertTrue(all(name.startswith("morlaif-handler") for name in handler.names))

    async def all_kinds(self, handler):
        async with serving(handler, Scalars()) as (_, port), client(port) as peer:
            self.assertEqual(list((await AsyncScalarizer(peer).scalarize(scores(3))).rewards), [0, 1, 2])
            labeler = AsyncLabeler(peer)
            reply = await labeler.import_([ImportRequest()] * 5)
            self.assertEqual(reply.stored, 5)
            found = [r.pair.id async for r in labeler.export(ExportRequest(dataset_id="4"))]
            self.assertEqual(found, ["0", "1", "2", "3"])
            found = [r.failure.pair_id async for r in labeler.label(pairs(50))]
            self.assertEqual(found, [str(i) for i in range(50)])

    async def test_a_conversation_goes_back_and_forth(self):
        async with serving(Echo()) as (_, port), client(port) as peer:
            async with AsyncLabeler(peer).label() as call:
                for request in pairs(5, b"hello"):
                    self.assertTrue(await call.send(request))
                    reply = await call.__anext__()
                    self.assertEqual(reply.failure.pair_id, request.pair.id)
                await call.end_requests()
                self.assertEqual([r async for r in call], [])

    async def test_messages_larger_than_the_window_and_the_frame(self):
        async with serving(Echo()) as (_, port), client(port) as peer:
            text = bytes(3_000_000)
            sizes = [len(r.failure.reason_utf8) async for r in AsyncLabeler(peer).label(pairs(4, text))]
            self.assertEqual(sizes, [3_000_000] * 4)

    async def test_metadata_travels_both_ways(self):
        handler = Echo()
        async with serving(handler) as (_, port), client(port) as peer:
            sent = (("x-run", "größe"), ("x-run", "2"))
            call = AsyncLabeler(peer).export(ExportRequest(dataset_id="1"), metadata=sent)
            self.assertEqual(len([r async for r in call]), 1)
            self.assertEqual(handler.contexts[0].metadata, sent)
            call = peer.stream(AsyncLabelerMethods.import_, None, [ImportRequest()] * 2)
            await call.only_reply()
            self.assertEqual(call.trailing_metadata, (("count", "2"),))
            await self.assert_code(
                StatusCode.INVALID_ARGUMENT,
                AsyncScalarizer(peer).describe(
                    DescribeConfigurationRequest(), metadata=(("Bad Key", ""),)
                ),
            )

    async def test_a_handler_knows_who_calls(self):
        handler = Echo()
        async with serving(handler) as (_, port), client(port) as peer:
            [_ async for _ in AsyncLabeler(peer).export(ExportRequest())]
            self.assertIn("client", handler.contexts[0].peer.names)

    async def test_who_may_call_what_can_be_ruled(self):
        def rule(peer, method):
            return method.endswith("/Describe")

        async with serving(Scalars(), may_call=rule) as (_, port), client(port) as peer:
            await AsyncScalarizer(peer).describe(DescribeConfigurationRequest())
            await self.assert_code(
                StatusCode.PERMISSION_DENIED, AsyncScalarizer(peer).scalarize(scores(1))
            )

    async def test_errors_of_handlers_reach_the_caller(self):
        async with serving(Echo(), Scalars()) as (_, port), client(port) as peer:
            labeler = AsyncLabeler(peer)
            error = await self.assert_code(
                StatusCode.FAILED_PRECONDITION, labeler.import_([ImportRequest(dataset_id="refuse")])
            )
            self.assertEqual(error.message, "dataset_id: refused")
            with self.assertLogs("morlaif", "ERROR"):
                error = await self.assert_code(
                    StatusCode.UNKNOWN, labeler.put_principle(PutPrincipleRequest())
                )
            self.assertNotIn("secret", str(error))
            with self.assertLogs("morlaif", "ERROR"):
                await self.assert_code(
                    StatusCode.UNKNOWN, AsyncScalarizer(peer).configure(ConfigureRequest())
                )

    async def test_W38_a_handler_saw_the_call_whatever_became_of_its_own(self):
        scalars = Scalars()
        # As a call of the handler's own ends that reached nobody.
        scalars.failures = [RPCError(StatusCode.UNAVAILABLE, "gone", unprocessed=True)]
        async with serving(scalars) as (_, port), client(port) as peer:
            call = AsyncScalarizer(peer).configure(ConfigureRequest())
            error = await self.assert_code(StatusCode.UNAVAILABLE, call)
            self.assertFalse(error.unprocessed)
            self.assertEqual(scalars.calls, 1)

    async def test_W21_unknown_methods_and_undecodable_messages(self):
        async with serving(Scalars()) as (_, port), client(port) as peer:
            await self.assert_code(
                StatusCode.UNIMPLEMENTED, AsyncScalarizer(peer).fit_weights(FitWeightsRequest())
            )
            await self.assert_code(
                StatusCode.UNIMPLEMENTED, AsyncLabeler(peer).list_principles(ListPrinciplesRequest())
            )
            call = await peer.open("morlaif.v1.Scalarizer/Scalarize", b"\xff", True, None, ())
            await self.assert_code(StatusCode.INVALID_ARGUMENT, call.reply())

    async def test_W20_a_method_with_one_request_gets_exactly_one(self):
        async with serving(Scalars()) as (_, port), client(port) as peer:
            path = "morlaif.v1.Scalarizer/Scalarize"
            call = await peer.open(path, None, True, None, ())
            await self.assert_code(StatusCode.INVALID_ARGUMENT, call.reply())
            call = await peer.open(path, b"", False, None, ())
            await call.write(b"", end=True)
            await self.assert_code(StatusCode.INVALID_ARGUMENT, call.reply())

    async def test_a_failure_of_the_requests_is_what_the_caller_sees(self):
        def broken():
            yield ImportRequest()
            raise ZeroDivisionError

        async with serving(Echo()) as (_, port), client(port) as peer:
            with self.assertRaises(ZeroDivisionError):
                await AsyncLabeler(peer).import_(broken())

    async def test_health_reflection_and_metrics(self):
        async with serving(Scalars()) as (server, port), client(port) as peer:
            health = AsyncHealth(peer)
            for name in ("", "morlaif.v1.Scalarizer"):
                self.assertEqual((await health.check(HealthRequest(service=name))).status, 2)
            await self.assert_code(StatusCode.NOT_FOUND, health.check(HealthRequest(service="no")))
            async with health.watch(HealthRequest()) as watch:
                self.assertEqual((await watch.__anext__()).status, 2)
                server.health.set(1, "loading")
                reply = await watch.__anext__()
                self.assertEqual((reply.status, reply.detail_utf8), (1, b"loading"))
            services = (await AsyncReflection(peer).describe(DescribeRequest())).services
            self.assertEqual([s.name.rpartition(".")[2] for s in services],
                             ["Health", "Metrics", "Reflection", "Scalarizer"])
            method = services[3].methods[0]
            self.assertEqual((method.name, method.kind, method.request_type, method.is_idempotent),
                             ("Scalarize", 1, "morlaif.v1.ScalarizeRequest", True))
            self.assertIn(b"morlaif/v1/common.proto", services[3].descriptor_set)
            await self.assert_code(
                StatusCode.NOT_FOUND, AsyncReflection(peer).describe(DescribeRequest(service="no"))
            )
            samples = (await AsyncMetrics(peer).snapshot(MetricsSnapshotRequest())).samples
            values = {
                (s.name, *((l.name, l.value_utf8.decode()) for l in s.labels)): s for s in samples
            }
            self.assertEqual(values[("rpc_server_open_connections",)].value, 1)
            check = ("method", "morlaif.v1.Health/Check")
            ended = values[("rpc_server_ended_calls_total", check, ("code", "OK"))]
            self.assertEqual((ended.value, ended.unit, ended.kind), (2, "calls", METRIC_KIND_COUNTER))
            self.assertEqual(values[("rpc_server_begun_calls_total", check)].value, 3)
            seconds = "rpc_server_call_duration_seconds"
            everything = values[(f"{seconds}_bucket", check, ("le", "+Inf"))]
            self.assertEqual((everything.value, everything.kind), (3, METRIC_KIND_HISTOGRAM))
            self.assertEqual(values[(f"{seconds}_count", check)].value, 3)

    async def test_many_calls_at_once_share_one_connection(self):
        async with serving(Scalars()) as (server, port), client(port) as peer:
            stub = AsyncScalarizer(peer)
            replies = await asyncio.gather(*(stub.scalarize(scores(i % 7)) for i in range(500)))
            self.assertEqual([len(r.rewards) for r in replies], [i % 7 for i in range(500)])
            self.assertEqual(len(server._reception.connections), 1)


class AsyncLabelerMethods:
    from morlaif.services.labeler import IMPORT as import_


class SyncCallTests(Case):
    async def test_all_four_kinds_from_threads(self):
        async with serving(Echo(), Scalars()) as (_, port):
            await asyncio.to_thread(self.all_kinds, port)

    def all_kinds(self, port):
        with Client(f"127.0.0.1:{port}", identity("client")) as peer:
            self.assertEqual(list(Scalarizer(peer).scalarize(scores(3), timeout=9).rewards), [0, 1, 2])
            labeler = Labeler(peer)
            self.assertEqual(labeler.import_(ImportRequest() for _ in range(7)).stored, 7)
            self.assertEqual(len(list(labeler.export(ExportRequest(dataset_id="5")))), 5)
            self.assertEqual(
                [r.failure.pair_id for r in labeler.label(pairs(9))], [str(i) for i in range(9)]
            )
            with labeler.label() as call:
                call.send(next(pairs(1)))
                self.assertEqual(next(call).failure.pair_id, "0")
                call.end_requests()
                self.assertEqual(list(call), [])
            with self.assertRaises(ZeroDivisionError):
                labeler.import_(ImportRequest(dataset_id=str(1 // i)) for i in (1, 0))
            with self.assertRaises(RPCError) as caught:
                labeler.put_principle(PutPrincipleRequest(), timeout=5)
            self.assertEqual(caught.exception.code, StatusCode.UNKNOWN)
            copy = pickle.loads(pickle.dumps(peer))
            self.assertEqual(list(Scalarizer(copy).scalarize(scores(1)).rewards), [0])
            copy.close()
            error = pickle.loads(pickle.dumps(caught.exception))
            self.assertEqual((error.code, error.message), (StatusCode.UNKNOWN, caught.exception.message))
        # A closed client begins anew.
        self.assertEqual(list(Scalarizer(peer).scalarize(scores(1)).rewards), [0])
        peer.close()

    async def test_several_threads_share_a_client(self):
        async with serving(Scalars()) as (server, port):
            with Client(f"127.0.0.1:{port}", identity("client")) as peer:
                stub = Scalarizer(peer)
                work = [asyncio.to_thread(stub.scalarize, scores(i)) for i in range(20)]
                self.assertEqual([len(r.rewards) for r in await asyncio.gather(*work)], list(range(20)))
                self.assertEqual(len(server._reception.connections), 1)
                await asyncio.to_thread(peer.close)


if __name__ == "__main__":
    unittest.main()
