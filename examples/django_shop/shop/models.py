"""What the shop keeps in its database."""

from __future__ import annotations

from django.db import models
from django.db.models import Sum


class Product(models.Model):
    """Something on the shelf."""

    name = models.CharField(max_length=80)
    blurb = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    stock = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.name

    def rating(self) -> float:
        """Return the average of its reviews, in stars."""
        stars = self.reviews.aggregate(total=Sum("stars"))["total"] or 0
        return stars / self.reviews.count()


class Review(models.Model):
    """What a customer thought of a product."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews")
    author = models.CharField(max_length=40)
    stars = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.author}: {self.stars} stars"


class Order(models.Model):
    """What a customer wants, and whether it is paid."""

    customer = models.CharField(max_length=40)
    product = models.ForeignKey(Product, models.PROTECT, related_name="orders")
    quantity = models.PositiveIntegerField(default=1)
    receipt = models.CharField(max_length=20, blank=True)

    def __str__(self) -> str:
        return f"{self.quantity} x {self.product} for {self.customer}"

    @property
    def total(self) -> float:
        """Return what is to be paid."""
        return float(self.product.price * self.quantity)
