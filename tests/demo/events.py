"""Error events as a collector would get them, made by hand."""

from __future__ import annotations

from typing import Any

from otel_crumbs.view.received_event import ReceivedEvent

# 2026-05-28T20:26:40Z
ZERO = 1_780_000_000_000_000_000

STACKTRACE = """\
Traceback (most recent call last):
  File "/x/lib/python3.11/site-packages/django/core/handlers/base.py", line 197, in _get_response
    response = wrapped_callback(request, *callback_args, **callback_kwargs)
               ^^^^^^^^^^^^^^^^
  File "/srv/shop/checkout.py", line 29, in pay
    order.receipt = charge["receipt"]
                    ~~~~~~^^^^^^^^^^^
  File "/x/lib/python3.11/json/decoder.py", line 1, in decode
    raise TypeError
TypeError: 'NoneType' object is not subscriptable
"""


def crumb(message: str, at: str = "20:26:39.900000", **fields: Any) -> dict[str, Any]:
    """Return a breadcrumb as on the wire, a tenth of a second before the error if not told otherwise."""
    common = {"type": "default", "category": "shop.checkout", "level": "info", "data": {}}
    return {"timestamp": f"2026-05-28T{at}Z", "message": message} | common | fields


def error_event(*breadcrumbs: dict[str, Any], **attributes: Any) -> ReceivedEvent:
    """Return an error event with this trail."""
    common = {
        "exception.type": "TypeError",
        "exception.message": "'NoneType' object is not subscriptable",
        "exception.stacktrace": STACKTRACE,
        "otel_crumbs.event_id": "e" * 32,
        "otel_crumbs.operation": "POST orders/<int:pk>/pay/",
        "otel_crumbs.mechanism": "operation",
        "otel_crumbs.handled": False,
        "otel_crumbs.dropped": 0,
        "otel_crumbs.breadcrumbs": list(breadcrumbs),
    }
    return ReceivedEvent(
        timestamp=ZERO,
        event_name="exception",
        severity_number=17,
        severity_text="ERROR",
        body="TypeError",
        trace_id="t" * 32,
        span_id="s" * 16,
        attributes=common | attributes,
        resource={"service.name": "coffee-corner"},
    )
