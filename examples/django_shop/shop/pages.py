"""The pages that show what there is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, render

from shop.models import Product

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)


def catalogue(request: HttpRequest) -> HttpResponse:
    """Show everything that is on the shelf."""
    products = Product.objects.order_by("name")
    return render(request, "shop/catalogue.html", {"products": products})


def product(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one product with its reviews and its average rating."""
    found = get_object_or_404(Product, pk=pk)
    reviews = list(found.reviews.order_by("author"))
    logger.info("%s has %d reviews", found, len(reviews))
    return render(request, "shop/product.html", {"product": found, "reviews": reviews})
