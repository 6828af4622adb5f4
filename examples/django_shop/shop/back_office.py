"""What happens at the end of the day: lists, letters, refunds, and new stock."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from shop.models import Order, Product

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

logger = logging.getLogger(__name__)

ADDRESSES = {"ada": "London", "linus": "Helsinki"}
TAX = {"Moka pot": 0.19}


class RefundError(Exception):
    """The money cannot go back."""


def export(_request: HttpRequest) -> StreamingHttpResponse:
    """Stream all orders as CSV; the answer has begun when a line of it fails."""
    return StreamingHttpResponse(write_lines(), content_type="text/csv")


def write_lines() -> Iterator[str]:
    """Iterate over the lines of the export."""
    yield "order,customer,tax\n"
    for order in Order.objects.select_related("product").order_by("pk"):
        logger.info("exporting %s", order)
        yield f"{order.pk},{order.customer},{order.total * TAX[order.product.name]:.2f}\n"


def newsletter(_request: HttpRequest) -> HttpResponse:
    """Write to everybody who bought something: one query for each, forty times the same."""
    letters = []
    for customer in ["ada"] * 40 + ["linus", "grace"]:
        bought = Order.objects.filter(customer=customer).count()
        letters.append(f"To {ADDRESSES[customer]}: thank you for {bought} orders.\n")
    return HttpResponse("".join(letters))


@require_POST
def refund(_request: HttpRequest, pk: int) -> HttpResponse:
    """Give the money back; what goes wrong is said in the words of the shop."""
    order = get_object_or_404(Order.objects.select_related("product"), pk=pk)
    logger.info("refund of order %d for %s", order.pk, order.customer)
    try:
        method, _, number = order.receipt.partition("-")
        logger.info("paid by %s, %d", method or "nothing", int(number))
    except ValueError as error:
        raise RefundError(f"order {order.pk} has no receipt") from error
    return HttpResponse("Done.\n")


def till(_request: HttpRequest) -> JsonResponse:
    """Say whether the till can be closed: an answer that is a failure, and no exception anywhere."""
    unpaid = Order.objects.filter(receipt="").count()
    logger.warning("%d orders are not paid, the till stays open", unpaid)
    return JsonResponse({"unpaid": unpaid}, status=503 if unpaid else 200)


@require_POST
def restock(_request: HttpRequest, pk: int) -> HttpResponse:
    """Put one piece back on the counter."""
    Product.objects.filter(pk=pk).update(stock=1)
    return HttpResponse("One more.\n")


def health(_request: HttpRequest) -> HttpResponse:
    """Say that the shop is open, and its database too."""
    return HttpResponse(f"{Product.objects.count()} products\n")
