"""Deadlines, cancellation, retries, keep-alive and drain."""

import asyncio
import threading
import time
import unittest

from echo import Echo, Scalars, ThreadedEcho
from peers import client, free_port, hello_bytes, identity, serving
from test_calls import Case, pairs, scores
from morlaif import AsyncClient, AsyncServer, RetryPolicy, RPCError, Settings, StatusCode, Timing
from morlaif.retry import RetryBudget, may_repeat
from morlaif.reception import AdmissionRate
from morlaif.services import AsyncHealth, AsyncLabeler, AsyncScalarizer, LabelerHandler
from morlaif.v1.health_pb2 import HealthRequest
from morlaif.v1.labeler_pb2 import ExportRequest, ListPrinciplesReply, ListPrinciplesRequest
from morlaif.v1.scalarizer_pb2 import ConfigureRequest

UNAVAILABLE = RPCError(StatusCode.UNAVAILABLE, "later")


class DeadlineTests(Case):
    async def test_W24_a_deadline_ends_the_call_on_both_sides(self):
        handler = Echo()
        async with serving(handler) as (server, port), client(port) as peer:
            await self.assert_code(
                StatusCode.DEADLINE_EXCEEDED,
                AsyncLabeler(peer).list_principles(ListPrinciplesRequest(), timeout=0.1),
            )
            await self.settled(server)
            self.assertEqual(handler.cancelled, 1)
            self.assertTrue(handler.contexts[0].is_cancelled)

    async def test_W24_the_server_counts_for_itself(self):
        async with serving(Echo()) as (server, port), client(port) as peer:
            call = await peer.open(
                "morlaif.v1.Labeler/ListPrinciples", b"", True, time.monotonic() + 0.1, ()
            )
            call._timer.cancel()  # A client that has forgotten its own.
            error = await self.assert_code(StatusCode.DEADLINE_EXCEEDED, call.reply())
            self.assertIn("run out", error.message)
            await self.settled(server)

    async def test_W24_what_is_left_is_passed_on(self):
        back = Echo()

        class Front(LabelerHandler):
            async def list_principles(self, request, context):
                return await AsyncLabeler(self.peer).list_principles(request, timeout=500)

        front = Front()
        async with serving(back) as (_, back_port), client(back_port) as front.peer:
            async with serving(front) as (_, port), client(port) as peer:
                call = AsyncLabeler(peer).list_principles(ListPrinciplesRequest(), timeout=7)
                task = asyncio.create_task(call)
                await back.started.wait()
                self.assertLess(back.contexts[0].time_left(), 7.1)
                back.release.set()
                await task

    async def test_a_cancelled_task_cancels_the_handler(self):
        handler = Echo()
        async with serving(handler) as (server, port), client(port) as peer:
            task = asyncio.create_task(AsyncLabeler(peer).list_principles(ListPrinciplesRequest()))
            await handler.started.wait()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            await self.settled(server)
            self.assertEqual(handler.cancelled, 1)

    async def test_leaving_a_stream_cancels_the_handler(self):
        async with serving(Echo()) as (server, port), client(port) as peer:
            async with AsyncLabeler(peer).export(ExportRequest(dataset_id="100000000")) as call:
                await call.__anext__()
            await self.settled(server)

    async def test_a_forgotten_stream_is_cancelled(self):
        async with serving(Echo()) as (server, port), client(port) as peer:
            call = AsyncLabeler(peer).export(ExportRequest(dataset_id="100000000"))
            await call.__anext__()
            del call
            await self.settled(server)

    async def test_W23_a_threaded_handler_counts_until_it_returns(self):
        handler = ThreadedEcho()
        async with serving(handler) as (server, port), client(port) as peer:
            task = asyncio.create_task(AsyncLabeler(peer).list_principles(ListPrinciplesRequest()))
            await asyncio.to_thread(handler.started.wait, 10)
            self.assertEqual(server._reception.calls, 1)
            task.cancel()
            await asyncio.to_thread(handler.ended.wait, 10)
            await self.settled(server)

    async def test_thousands_of_cancelled_calls_leave_nothing(self):
        async with serving(Echo()) as (server, port), client(port) as peer:
            for _ in range(20):
                tasks = [
                    asyncio.create_task(AsyncLabeler(peer).list_principles(ListPrinciplesRequest()))
                    for _ in range(100)
                ]
                await asyncio.sleep(0)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            await AsyncHealth(peer).check(HealthRequest())
            await self.settled(server)
            transport = next(iter(server._reception.connections))
            self.assertEqual((len(transport._calls), transport.machine.call_count), (0, 0))

    async def settled(self, server):
        async def wait():
            while server._reception.calls:
                await asyncio.sleep(0.001)

        await asyncio.wait_for(wait(), 10)


class LimitTests(Case):
    async def test_W23_a_client_queues_what_the_server_does_not_take(self):
        handler = Echo()
        async with serving(handler, settings=Settings(calls_max=3)) as (_, port), client(port) as peer:
            stub = AsyncLabeler(peer)
            tasks = [
                asyncio.create_task(stub.list_principles(ListPrinciplesRequest())) for _ in range(10)
            ]
            await handler.started.wait()
            await self.assert_code(
                StatusCode.DEADLINE_EXCEEDED,
                stub.list_principles(ListPrinciplesRequest(), timeout=0.1),
            )
            tasks[5].cancel()  # Leaves the line without breaking it.
            handler.release.set()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            self.assertEqual(sum(not isinstance(reply, BaseException) for reply in done), 9)
            self.assertLessEqual(len(handler.contexts), 9)

    async def test_a_server_bounds_calls_over_all_connections(self):
        handler = Echo()
        async with serving(handler, calls_max=2) as (_, port):
            once = RetryPolicy(attempts_max=1)
            async with client(port, retry=once) as a, client(port, retry=once) as b:
                tasks = [
                    asyncio.create_task(AsyncLabeler(p).list_principles(ListPrinciplesRequest()))
                    for p in (a, b)
                ]
                while len(handler.contexts) < 2:
                    await asyncio.sleep(0)
                error = await self.assert_code(
                    StatusCode.RESOURCE_EXHAUSTED, AsyncHealth(a).check(HealthRequest())
                )
                self.assertTrue(error.unprocessed)
                handler.release.set()
                await asyncio.gather(*tasks)

    async def test_a_server_bounds_connections(self):
        async with serving(Scalars(), connections_max=1) as (_, port), client(port) as first:
            await AsyncScalarizer(first).scalarize(scores(1))
            async with client(port, retry=RetryPolicy(attempts_max=1)) as second:
                await self.assert_code(
                    StatusCode.UNAVAILABLE, AsyncScalarizer(second).scalarize(scores(1))
                )

    async def test_a_server_bounds_connections_a_second(self):
        now = 0.0
        once = RetryPolicy(attempts_max=1)
        async with serving(Scalars()) as (server, port):
            server._reception.rate = AdmissionRate(1, lambda: now)
            async with client(port, retry=once) as first, client(port, retry=once) as second:
                await AsyncScalarizer(first).scalarize(scores(1))
                await self.assert_code(
                    StatusCode.UNAVAILABLE, AsyncScalarizer(second).scalarize(scores(1))
                )
            now = 1.0
            async with client(port, retry=once) as third:
                await AsyncScalarizer(third).scalarize(scores(1))

    async def test_W22_messages_above_the_limit_of_either_side(self):
        small = Settings(message_bytes_max=1_024)
        async with serving(Scalars(), settings=small) as (_, port), client(port) as peer:
            error = await self.assert_code(
                StatusCode.RESOURCE_EXHAUSTED, AsyncScalarizer(peer).scalarize(scores(1_000))
            )
            self.assertIn("1024", error.message)
        async with serving(Scalars()) as (_, port), client(port, settings=small) as peer:
            await self.assert_code(
                StatusCode.RESOURCE_EXHAUSTED, AsyncScalarizer(peer).scalarize(scores(1_000))
            )

    async def test_a_handler_that_nobody_reads_stops_at_the_window(self):
        produced = []

        class Flood(LabelerHandler):
            async def export(self, request, context):
                from morlaif.v1.labeler_pb2 import ExportReply

                while True:
                    reply = ExportReply()
                    reply.pair.prompt_utf8 = bytes(10_000)
                    produced.append(1)
                    yield reply

        async with serving(Flood()) as (_, port), client(port) as peer:
            async with AsyncLabeler(peer).export(ExportRequest()) as call:
                await call.__anext__()
                await AsyncHealth(peer).check(HealthRequest())
                before = -1
                while before != len(produced):
                    before = len(produced)
                    await AsyncHealth(peer).check(HealthRequest())
                # One window of 262,144 bytes, and the message that waits.
                self.assertLess(len(produced), 40)
                for _ in range(100):
                    await call.__anext__()
                self.assertGreater(len(produced), 90)


class RetryTests(Case):
    def test_W38_only_what_cannot_happen_twice_is_repeated(self):
        for code in StatusCode:
            for unprocessed in (False, True):
                for idempotent in (False, True):
                    error = RPCError(code, unprocessed=unprocessed)
                    allowed = (
                        code is StatusCode.UNAVAILABLE and (unprocessed or idempotent)
                        or code is StatusCode.RESOURCE_EXHAUSTED and unprocessed
                    )
                    self.assertEqual(may_repeat(error, idempotent), allowed, error)

    async def test_an_idempotent_method_is_tried_again(self):
        handler = Scalars()
        async with serving(handler) as (_, port), client(port) as peer:
            handler.failures = [UNAVAILABLE, UNAVAILABLE]
            self.assertEqual(list((await AsyncScalarizer(peer).scalarize(scores(1))).rewards), [0])
            self.assertEqual(handler.calls, 3)

    async def test_a_method_that_is_not_idempotent_is_not(self):
        handler = Scalars()
        async with serving(handler) as (_, port), client(port) as peer:
            handler.failures = [UNAVAILABLE]
            await self.assert_code(
                StatusCode.UNAVAILABLE, AsyncScalarizer(peer).configure(ConfigureRequest())
            )
            self.assertEqual(handler.calls, 1)

    async def test_tries_are_bounded_and_so_is_their_budget(self):
        handler = Scalars()
        quick = RetryPolicy(first_pause=0.001, pause_max=0.001)
        async with serving(handler) as (_, port), client(port, retry=quick) as peer:
            handler.failures = [UNAVAILABLE] * 1_000
            for _ in range(100):
                await self.assert_code(
                    StatusCode.UNAVAILABLE, AsyncScalarizer(peer).scalarize(scores(1))
                )
            # Four tries each at first; then the budget allows one.
            self.assertLess(handler.calls, 150)
        budget = RetryBudget()
        self.assertEqual([budget.failed() for _ in range(60)].count(True), 49)

    async def test_what_reaches_no_server_does_not_draw_on_the_budget(self):
        quick = RetryPolicy(first_pause=0.001, pause_max=0.001)
        port = free_port()
        async with client(port, retry=quick) as peer:
            for _ in range(40):
                await self.assert_code(
                    StatusCode.UNAVAILABLE, AsyncScalarizer(peer).scalarize(scores(1))
                )
            handler = Scalars()
            async with serving(handler, listen=f"127.0.0.1:{port}"):
                handler.failures = [UNAVAILABLE]
                await AsyncScalarizer(peer).scalarize(scores(1))
                self.assertEqual(handler.calls, 2)

    async def test_a_pause_that_outlasts_the_deadline_is_not_begun(self):
        port = free_port()
        async with client(port, retry=RetryPolicy(first_pause=60, pause_max=60)) as peer:
            began = time.monotonic()
            await self.assert_code(
                StatusCode.UNAVAILABLE, AsyncScalarizer(peer).scalarize(scores(1), timeout=5)
            )
            self.assertLess(time.monotonic() - began, 4)

    async def test_another_address_answers_when_one_is_gone(self):
        async with serving(Scalars()) as (_, port):
            addresses = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{port}"]
            async with AsyncClient(addresses, identity("client"), timeout=10) as peer:
                for _ in range(10):
                    await AsyncScalarizer(peer).scalarize(scores(1))

    async def test_calls_spread_over_addresses(self):
        handlers = [Echo(), Echo()]
        async with serving(handlers[0]) as (_, a), serving(handlers[1]) as (_, b):
            addresses = [f"127.0.0.1:{a}", f"127.0.0.1:{b}"]
            async with AsyncClient(addresses, identity("client"), timeout=10) as peer:
                stub = AsyncLabeler(peer)
                tasks = [
                    asyncio.create_task(stub.list_principles(ListPrinciplesRequest()))
                    for _ in range(10)
                ]
                await asyncio.gather(*(handler.started.wait() for handler in handlers))
                for handler in handlers:
                    handler.release.set()
                await asyncio.gather(*tasks)
                counts = [len(handler.contexts) for handler in handlers]
                self.assertGreaterEqual(min(counts), 4, counts)

    async def test_a_server_that_comes_back_is_found_again(self):
        async with serving(Scalars()) as (_, port), client(port) as peer:
            await AsyncScalarizer(peer).scalarize(scores(1))
        again = AsyncServer(
            Scalars(), credentials=identity("scalarizer"), listen=f"127.0.0.1:{port}"
        )
        async with client(port, retry=RetryPolicy(attempts_max=20)) as peer:
            task = asyncio.create_task(AsyncScalarizer(peer).scalarize(scores(1)))
            await asyncio.sleep(0)
            await again.start()
            await task
            await again.stop(1)


class KeepAliveTests(Case):
    async def test_W34_a_silent_peer_is_asked_and_then_given_up(self):
        heard = []

        async def silent(reader, writer):
            writer.write(hello_bytes())
            while data := await reader.read(65_536):
                heard.append(data)
            writer.close()

        server = await asyncio.start_server(
            silent, "127.0.0.1", 0, ssl=identity("scalarizer").server_context()
        )
        port = server.sockets[0].getsockname()[1]
        timing = Timing(keep_alive=0.1)
        async with client(port, timing=timing, retry=RetryPolicy(attempts_max=1)) as peer:
            error = await self.assert_code(
                StatusCode.UNAVAILABLE, AsyncScalarizer(peer).scalarize(scores(1))
            )
            self.assertIn("nothing was heard", error.message)
            self.assertFalse(error.unprocessed)
        self.assertIn(8, [part[4] for part in heard])
        server.close()

    async def test_W34_an_idle_connection_lives_on_pings(self):
        timing = Timing(keep_alive=1_000)
        async with serving(Scalars(), timing=timing) as (server, port), client(port) as peer:
            await AsyncScalarizer(peer).scalarize(scores(1))
            transport = next(iter(server._reception.connections))
            transport._heard_at -= 1_500  # As if so many seconds had gone by.
            heard_at = transport._heard_at
            transport._check_alive()
            while transport._heard_at == heard_at:
                await asyncio.sleep(0)
            transport._check_alive()
            self.assertTrue(transport.is_usable)
            transport._heard_at -= 2_000
            transport._check_alive()
            self.assertIn("nothing was heard", transport.lost_because)


class DrainTests(Case):
    async def test_W36_calls_in_flight_end_and_new_ones_go_elsewhere(self):
        old, new = Echo(), Echo()
        new.release.set()
        async with serving(old) as (server, port), serving(new) as (_, other):
            addresses = [f"127.0.0.1:{port}", f"127.0.0.1:{other}"]
            async with client(port) as first, AsyncClient(addresses, identity("client")) as both:
                flying = asyncio.create_task(
                    AsyncLabeler(first).list_principles(ListPrinciplesRequest())
                )
                await old.started.wait()
                while both._endpoints[0].transport is None:
                    await AsyncHealth(both).check(HealthRequest())
                stopping = asyncio.create_task(server.stop(drain=10))
                await asyncio.sleep(0)
                for _ in range(5):
                    await AsyncLabeler(both).list_principles(ListPrinciplesRequest(), timeout=5)
                self.assertEqual(len(old.contexts), 1)
                old.release.set()
                self.assertEqual((await flying).judge_ids, ["released"])
                await stopping

    async def test_W36_what_outlasts_the_drain_ends_with_unavailable(self):
        handler = Echo()
        async with serving(handler) as (server, port), client(port) as peer:
            task = asyncio.create_task(AsyncLabeler(peer).list_principles(ListPrinciplesRequest()))
            await handler.started.wait()
            await server.stop(drain=0.1)
            await self.assert_code(StatusCode.UNAVAILABLE, task)

    async def test_W36_an_idle_connection_is_closed_soon(self):
        async with serving(Scalars()) as (server, port), client(port) as peer:
            await AsyncScalarizer(peer).scalarize(scores(1))
            began = time.monotonic()
            await server.stop(drain=30)
            self.assertLess(time.monotonic() - began, 5)

    async def test_a_watcher_hears_of_the_stop(self):
        async with serving(Scalars()) as (server, port), client(port) as peer:
            watch = AsyncHealth(peer).watch(HealthRequest())
            self.assertEqual((await watch.__anext__()).status, 2)
            stopping = asyncio.create_task(server.stop(drain=10))
            self.assertEqual([reply.status async for reply in watch], [3])
            await stopping

    async def test_a_stream_across_a_drain_is_not_lost(self):
        async with serving(Echo()) as (server, port), client(port) as peer:
            async with AsyncLabeler(peer).label() as call:
                await call.send(next(pairs(1)))
                await call.__anext__()
                stopping = asyncio.create_task(server.stop(drain=10))
                await asyncio.sleep(0)
                for request in pairs(100):
                    await call.send(request)
                    await call.__anext__()
                await call.end_requests()
                self.assertEqual([r async for r in call], [])
            await stopping


if __name__ == "__main__":
    unittest.main()
