"""One call is one breadcrumb with gRPC's own status; a servicer that fails is an event of its operation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import suppress

import grpc
import pytest

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.loopback import free_port

from .describing import details, reported, trail_of

NOT_FOUND = grpc.StatusCode.NOT_FOUND, "no such hat"
BROKEN = grpc.StatusCode.INTERNAL, "out of felt"

Call = Callable[[bytes, grpc.ServicerContext], bytes]


class RichStatus(grpc.Status):
    """The status that `grpcio-status` makes, with details for programs."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self.code = code
        self.details = details
        self.trailing_metadata = ()


class Cart(grpc.GenericRpcHandler):
    """A service without protocol buffers: bytes come and go."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Return what handles a method."""
        methods = {
            "/shop.Cart/Add": grpc.unary_unary_rpc_method_handler(lambda request, _: request),
            "/shop.Cart/Fail": grpc.unary_unary_rpc_method_handler(fail),
            "/shop.Cart/Find": grpc.unary_unary_rpc_method_handler(abort(*NOT_FOUND)),
            "/shop.Cart/Break": grpc.unary_unary_rpc_method_handler(abort(*BROKEN)),
            "/shop.Cart/FindRich": grpc.unary_unary_rpc_method_handler(abort_with_status(*NOT_FOUND)),
            "/shop.Cart/BreakRich": grpc.unary_unary_rpc_method_handler(abort_with_status(*BROKEN)),
            "/shop.Cart/BreakLate": grpc.unary_stream_rpc_method_handler(abort_late(*BROKEN)),
            "/shop.Cart/Watch": grpc.unary_stream_rpc_method_handler(lambda request, _: iter([request, request])),
            "/grpc.health.v1.Health/Check": grpc.unary_unary_rpc_method_handler(lambda request, _: request),
        }
        return methods.get(handler_call_details.method)


def fail(request: bytes, _: grpc.ServicerContext) -> bytes:
    """Fail after a note."""
    otel_crumbs.record("counting")
    raise ValueError(request.decode())


def abort_with_status(code: grpc.StatusCode, details: str) -> Call:
    """Return a method that aborts by a status."""

    def call(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort_with_status(RichStatus(code, details))
        return b""

    return call


def abort_late(code: grpc.StatusCode, details: str) -> Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]:
    """Return a method that aborts in the middle of its stream."""

    def call(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield request
        context.abort(code, details)

    return call


def abort(code: grpc.StatusCode, details: str) -> Call:
    """Return a method that aborts."""

    def call(_: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, details)
        return b""

    return call


@pytest.fixture(scope="module")
def channel() -> Iterator[grpc.Channel]:
    """Run the service, and connect to it."""
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Cart()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as connected:
        yield connected
    server.stop(0).wait()


def test_a_call(channel: grpc.Channel) -> None:
    """Service and method are named."""
    [breadcrumb] = trail_of(lambda: channel.unary_unary("/shop.Cart/Add")(b"hat"))

    assert reported([breadcrumb]) == [("default", "rpc", "info", "shop.Cart/Add in a moment")]
    assert details(breadcrumb) == {
        "system": "grpc",
        "service": "shop.Cart",
        "method": "Add",
        "status_code": 0,
        "status": "OK",
    }


def test_a_stream(channel: grpc.Channel) -> None:
    """All of its messages are one call."""
    trail = trail_of(lambda: list(channel.unary_stream("/shop.Cart/Watch")(b"hat")))

    assert reported(trail) == [("default", "rpc", "info", "shop.Cart/Watch in a moment")]


def test_a_method_that_is_not_there(channel: grpc.Channel) -> None:
    """The status is told by name, and the server's words beside it."""
    [breadcrumb] = trail_of(lambda: channel.unary_unary("/shop.Cart/Steal")(b"hat"))

    assert reported([breadcrumb]) == [("default", "rpc", "error", "shop.Cart/Steal -> UNIMPLEMENTED after a moment")]
    assert breadcrumb.data["reason"] == "Method not found!"


def test_a_call_that_finds_nobody() -> None:
    """It says UNAVAILABLE."""
    with grpc.insecure_channel(f"127.0.0.1:{free_port()}") as channel:
        [breadcrumb] = trail_of(lambda: channel.unary_unary("/shop.Cart/Add")(b"hat"))

    assert reported([breadcrumb]) == [("default", "rpc", "error", "shop.Cart/Add -> UNAVAILABLE after a moment")]


def test_a_health_check_stays_out(channel: grpc.Channel) -> None:
    """It comes all the time."""
    assert trail_of(lambda: channel.unary_unary("/grpc.health.v1.Health/Check")(b"")) == []


def test_a_servicer_that_fails(channel: grpc.Channel, events: CapturedEvents) -> None:
    """The instrumentation records the exception twice, and it is one event with the trail of the call."""
    trail_of(lambda: channel.unary_unary("/shop.Cart/Fail")(b"no hats left"))

    [event] = events
    assert (event.title, event.mechanism, event.handled) == ("ValueError: no hats left", "operation", False)
    assert [each.message for each in event.breadcrumbs if each.category == "manual"] == ["counting"]


@pytest.mark.parametrize("method", ["Find", "FindRich"])
def test_an_abort_that_blames_the_client(method: str, channel: grpc.Channel, events: CapturedEvents) -> None:
    """It is an answer."""
    trail_of(lambda: channel.unary_unary(f"/shop.Cart/{method}")(b"hat"))

    assert len(events) == 0


@pytest.mark.parametrize("method", ["Break", "BreakRich"])
def test_an_abort_by_the_servers_fault(method: str, channel: grpc.Channel, events: CapturedEvents) -> None:
    """A bare exception is raised for it; the event says what the servicer said."""
    trail_of(lambda: channel.unary_unary(f"/shop.Cart/{method}")(b"hat"))

    assert [(event.title, event.mechanism) for event in events] == [("Exception: INTERNAL: out of felt", "operation")]


def test_an_abort_in_the_middle_of_a_stream(channel: grpc.Channel, events: CapturedEvents) -> None:
    """It is told as any other."""
    trail_of(lambda: list(channel.unary_stream("/shop.Cart/BreakLate")(b"hat")))

    assert [event.title for event in events] == ["Exception: INTERNAL: out of felt"]


@pytest.mark.parametrize(
    ("status", "titles"), [(NOT_FOUND, []), (BROKEN, ["AbortError: INTERNAL: out of felt"])], ids=["client", "server"]
)
def test_an_abort_of_an_asyncio_server(
    status: tuple[grpc.StatusCode, str], titles: list[str], events: CapturedEvents
) -> None:
    """Its exception says the same of every abort."""

    async def call(_: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        await context.abort(*status)
        return b""

    async def main() -> None:
        server = grpc.aio.server()
        handlers = {"Call": grpc.unary_unary_rpc_method_handler(call)}
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("shop.Hats", handlers)])
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with suppress(grpc.RpcError):
                await channel.unary_unary("/shop.Hats/Call")(b"hat")
        await server.stop(None)

    asyncio.run(main())

    assert [event.title for event in events] == titles
