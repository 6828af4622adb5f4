"""The doors of the shop."""

from __future__ import annotations

from django.urls import path
from shop import checkout, orders, pages

urlpatterns = [
    path("", pages.catalogue, name="catalogue"),
    path("products/<int:pk>/", pages.product, name="product"),
    path("products/<int:pk>/buy/", checkout.buy, name="buy"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("orders/<int:pk>/pay/", checkout.pay, name="pay"),
    path("orders/<int:pk>/remind/", orders.remind, name="remind"),
]
