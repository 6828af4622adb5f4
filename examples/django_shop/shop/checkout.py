"""Where orders are paid, and where most of the trouble is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST
from opentelemetry import trace

from shop import payments
from shop.models import Order, Product

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)


@require_POST
def pay(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the money for an order that waits."""
    order = get_object_or_404(Order.objects.select_related("product"), pk=pk)
    logger.info("checkout of order %d: %s, %.2f EUR", order.pk, order, order.total)
    charge = payments.charge(order.customer, order.total)
    order.receipt = charge["receipt"]
    order.save()
    return render(request, "shop/thanks.html", {"order": order})


@require_POST
def buy(request: HttpRequest, pk: int) -> HttpResponse:
    """Sell one piece, here and now."""
    product = get_object_or_404(Product, pk=pk)
    customer = request.POST.get("customer", "a guest")
    if not product.stock:
        return HttpResponse(f"{product} is sold out.\n", status=409)
    logger.info("%d %s in stock, selling one to %s", product.stock, product, customer)
    charge = payments.charge(customer, float(product.price))
    # While the provider took its time, somebody else may have taken the last one.
    Product.objects.filter(pk=pk).update(stock=F("stock") - 1)
    trace.get_current_span().add_event("product.sold", {"product.name": product.name})
    order = Order(customer=customer, product=product, receipt=charge["receipt"])
    order.save()
    return render(request, "shop/thanks.html", {"order": order})
