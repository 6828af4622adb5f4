"""What the shop remembers."""

from __future__ import annotations

from django.db import models


class Order(models.Model):
    """What somebody wants to have."""

    id = models.AutoField(primary_key=True)
    customer = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.customer
