"""What the suppliers have: asked in threads, all at the same time."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import requests
from django.conf import settings
from django.http import HttpResponse

from shop import flaky_provider

if TYPE_CHECKING:
    from django.http import HttpRequest

logger = logging.getLogger(__name__)


def suppliers(_request: HttpRequest) -> HttpResponse:
    """Ask every supplier for its prices, and show the lowest."""
    provider = settings.SHOP_PAYMENTS_URL or flaky_provider.url()
    # The last one has moved, and nobody listens there any more.
    addresses = {"north": f"{provider}/charges", "south": f"{provider}/charges", "west": "http://127.0.0.1:9/prices"}
    with ThreadPoolExecutor(max_workers=len(addresses)) as pool:
        offers = list(pool.map(ask, addresses, addresses.values()))
    return HttpResponse(f"{min(offer['receipt'] for offer in offers)}\n")


def ask(name: str, address: str) -> dict[str, Any]:
    """Ask one supplier."""
    logger.info("asking the supplier in the %s", name)
    offer: dict[str, Any] = requests.post(address, json={"customer": "shop", "amount": 12}, timeout=5).json()
    logger.info("the %s offers %s", name, offer["receipt"])
    return offer
