"""The pages, most of which fail."""

from __future__ import annotations

import logging
import threading

import requests
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from opentelemetry import trace

from .models import Order

logger = logging.getLogger("shopfront.checkout")

# Holds every visitor of a crowd until all of them are in.
everybody_is_in = threading.Barrier(settings.CROWD, timeout=60)


class StockError(Exception):
    """There is nothing left to sell."""


def orders(_: HttpRequest, number: int) -> HttpResponse:
    """Show how many orders there are."""
    logger.warning("somebody looks at order %d", number)
    return HttpResponse(f"{Order.objects.filter(pk=number).count()} orders")


def checkout(_: HttpRequest, number: int) -> HttpResponse:
    """Sell something that is not there."""
    found = list(Order.objects.filter(pk=number))
    requests.get(f"{settings.PARTNER}/stock", params={"order": number}, timeout=30)
    logger.info("order %d has %d lines", number, len(found), extra={"order": number})
    trace.get_current_span().add_event("cart.priced", {"total": 42.5, "currency": "EUR"})
    logger.warning("stock is low for order %d", number, extra={"order": number})
    raise StockError(f"no stock for order {number}")


def missing(_: HttpRequest, number: int) -> HttpResponse:
    """Say that there is no such page."""
    raise Http404(f"no order {number}")


def excused(_: HttpRequest, number: int) -> HttpResponse:
    """Fail, log it and answer all the same."""
    try:
        found = Order.objects.filter(pk=number)[0]
    except IndexError:
        logger.exception("order %d is not there", number)
        return HttpResponse("sorry")
    return HttpResponse(found.customer)


def crowd(_: HttpRequest, number: int) -> HttpResponse:
    """Fail together with everybody else."""
    logger.warning("visitor %d comes in", number)
    everybody_is_in.wait()
    Order.objects.filter(customer=f"visitor {number} buys").count()
    everybody_is_in.wait()
    with trace.get_tracer("shopfront").start_as_current_span("basket", attributes={"owner": f"visitor {number} pays"}):
        logger.warning("visitor %d has a basket", number)
    everybody_is_in.wait()
    raise StockError(f"visitor {number} gets nothing")
