"""Finding something in the shop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.http import HttpResponse

from shop.models import Product

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)


def search(request: HttpRequest) -> HttpResponse:
    """List what is cheap enough and has a word in its description."""
    word, most = request.GET.get("word", ""), request.GET.get("most", "100")
    logger.info("search for %r below %s EUR", word, most)
    found = Product.objects.filter(blurb__icontains=word)
    # Nobody thought of "40,50" and "forty".
    return HttpResponse("".join(f"{each}\n" for each in found if each.price <= int(most)), content_type="text/plain")
