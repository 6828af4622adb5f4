"""OTLP over gRPC, where the extra `grpc` is installed and the port is free; HTTP is there in any case."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .addresses import LOGS, METRICS, PROTOBUF, TRACES
from .body import MAX_BODY, RefusedError
from .receiving import receive
from .serving import Address
from .store import Store
from .store_error import StoreError

if TYPE_CHECKING:
    from typing_extensions import Self

_METHODS = {
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": LOGS,
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": TRACES,
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": METRICS,
}


class GrpcReceiver:
    """
    Receives into a store; a context manager.

    Args:
        store: The store.
        address: Where the viewer listens; this listens on the same host.
        port: The port of OTLP over gRPC; 0 takes a free one.
        announce: Called where error events came.

    """

    def __init__(self, store: Store, address: Address, port: int, announce: Callable[[], None]) -> None:
        self._store = store
        self._address = address
        self._port = port
        self._announce = announce
        self._server: Any = None
        self.endpoint: str | None = None

    def __enter__(self) -> Self:
        if find_spec("grpc") is None:
            return self
        import grpc  # noqa: PLC0415 - of an extra

        server = grpc.server(
            ThreadPoolExecutor(4, thread_name_prefix="OTLP over gRPC"),
            handlers=[self._make_handler(grpc)],
            options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_BODY)],
        )
        host = self._address.bracketed
        try:
            port = server.add_insecure_port(f"{host}:{self._port}")
        except RuntimeError:
            # Another program has the port.
            return self
        server.start()
        self._server = server
        self.endpoint = f"{host}:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.stop(1).wait()

    def _make_handler(self, grpc: Any) -> Any:
        methods = {
            name: grpc.unary_unary_rpc_method_handler(self._make_method(grpc, path)) for name, path in _METHODS.items()
        }

        class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types everywhere
            def service(self, details: Any) -> Any:
                return methods.get(details.method)

        return Handler()

    def _make_method(self, grpc: Any, path: str) -> Callable[[bytes, Any], bytes]:
        def export(body: bytes, context: Any) -> bytes:
            if not self._is_allowed(context):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "a token is needed, as `Authorization: Bearer`")
            try:
                if receive(self._store, path, body, content_type=PROTOBUF):
                    self._announce()
            except RefusedError as refused:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, refused.reason)
            except StoreError as failed:
                context.abort(grpc.StatusCode.UNAVAILABLE, str(failed))
            return b""

        return export

    def _is_allowed(self, context: Any) -> bool:
        if self._address.token is None:
            return True
        given = dict(context.invocation_metadata()).get("authorization", "")
        return hmac.compare_digest(str(given).encode(), f"Bearer {self._address.token}".encode())
