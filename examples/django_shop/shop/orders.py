"""What the people behind the counter do with orders."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.core.mail import send_mail
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST
from opentelemetry import trace

from shop.models import Order

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)


def order(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one order."""
    found = get_object_or_404(Order.objects.select_related("product"), pk=pk)
    return render(request, "shop/order.html", {"order": found})


@require_POST
def remind(_request: HttpRequest, pk: int) -> HttpResponse:
    """Remind a customer that an order is not paid yet."""
    found = get_object_or_404(Order.objects.select_related("product"), pk=pk)
    with tracer.start_as_current_span("send reminder", attributes={"mail.to": found.customer}):
        logger.info("reminding %s of %.2f EUR", found.customer, found.total)
        try:
            send_mail("Your order", f"{found} waits for you.", None, [f"{found.customer}@shop.test"])
        except OSError:
            logger.exception("reminder for order %d was not sent", pk)
            return HttpResponse("The mail server is down, we try again tonight.\n", status=202)
    return HttpResponse(f"{found.customer} has mail.\n")
