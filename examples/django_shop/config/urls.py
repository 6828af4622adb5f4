"""The doors of the shop."""

from __future__ import annotations

from django.urls import path
from shop import back_office, checkout, orders, pages, search, suppliers

urlpatterns = [
    path("", pages.catalogue, name="catalogue"),
    path("products/<int:pk>/", pages.product, name="product"),
    path("products/<int:pk>/buy/", checkout.buy, name="buy"),
    path("products/<int:pk>/restock/", back_office.restock, name="restock"),
    path("search/", search.search, name="search"),
    path("suppliers/", suppliers.suppliers, name="suppliers"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("orders/<int:pk>/pay/", checkout.pay, name="pay"),
    path("orders/<int:pk>/remind/", orders.remind, name="remind"),
    path("orders/<int:pk>/refund/", back_office.refund, name="refund"),
    path("orders/export/", back_office.export, name="export"),
    path("newsletter/", back_office.newsletter, name="newsletter"),
    path("till/", back_office.till, name="till"),
    path("health/", back_office.health, name="health"),
]
