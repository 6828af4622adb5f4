"""Where the pages are."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("checkout/<int:number>", views.checkout),
    path("orders/<int:number>", views.orders),
    path("missing/<int:number>", views.missing),
    path("excused/<int:number>", views.excused),
    path("crowd/<int:number>", views.crowd),
]
